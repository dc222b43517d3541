// Starts the page: what is known at once first, then the rows.

const VIEWS = ["timeline", "tree", "functions", "failures"];
const FOCUS = { timeline: "lanes", tree: "tree-list", functions: "tab-functions", failures: "tab-failures" };

function showView(name, focus = false) {
  state.view = name;
  for (const each of VIEWS) {
    const tab = byId(`tab-${each}`);
    tab.setAttribute("aria-selected", String(each === name));
    tab.tabIndex = each === name ? 0 : -1;
    byId(each).hidden = each !== name;
  }
  emit("view", name);
  if (name === "timeline") resizeTimeline();
  if (focus) focusView();
}

const focusView = () => byId(FOCUS[state.view]).focus({ preventScroll: true });

function showFigures() {
  const kinds = [
    ["Duration", duration(facts.span_ns)],
    ["Calls", number(facts.calls)],
    ["Functions", number(functions.length)],
    ["Exceptions", number(facts.exceptions), facts.exceptions ? "bad" : ""],
    facts.unfinished ? ["Unfinished", number(facts.unfinished)] : null,
    facts.processes === 1 ? null : ["Processes", number(facts.processes)],
    ["Threads", number(facts.threads)],
    facts.tasks ? ["Tasks", number(facts.tasks)] : null,
    facts.services.length > 1
      ? ["Services", facts.services.join(", "), "words"]
      : facts.services.length
        ? ["Service", facts.services[0], "words"]
        : null,
    facts.calls ? ["Began", `${facts.first.slice(0, 19)} UTC`, "words"] : null,
  ];
  byId("figures").replaceChildren(
    ...kinds
      .filter(Boolean)
      .map(([name, value, kind]) =>
        make("div", { class: kind }, make("dt", {}, name), make("dd", { title: value }, value)),
      ),
  );
}

// Says what is shown together or was left out, so that nothing is missing silently.
function showNotes() {
  const { bundles, texts } = facts;
  const single = facts.calls - bundles.calls;
  const notes = [];
  if (bundles.count) {
    notes.push(
      `${plural(bundles.calls, "call")} shorter than ${duration(bundles.short_ns)} ` +
        `${bundles.calls === 1 ? "is" : "are"} drawn together as ${plural(bundles.count, "bundle")}; ` +
        "the figures under Functions and Errors count every single one.",
    );
  }
  if (texts.shown < single) {
    notes.push(
      `Arguments and results of ${number(texts.shown)} of the ${bundles.count ? "other " : ""}` +
        `${plural(single, "call")} are in the page, slow and failed ones first.`,
    );
  }
  byId("notes").textContent = notes.join(" ");
  byId("notes").hidden = !notes.length;
}

async function start() {
  applyTheme();
  showFigures();
  showNotes();
  showView("timeline");
  if (typeof DecompressionStream === "undefined") {
    byId("progress").textContent = "This browser is too old to open the timeline (no DecompressionStream).";
    return;
  }
  performance.mark("glimpse-overview");
  if (document.readyState === "loading")
    await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
  const progress = byId("progress");
  await loadRows(
    (share) => (progress.textContent = `Opening ${number(facts.rows)} rows … ${Math.round(share * 100)} %`),
  );
  progress.textContent = "Arranging …";
  await buildIndex();
  progress.textContent = facts.calls ? "" : "This trace has no calls.";
  state.ready = true;
  document.documentElement.dataset.ready = "yes";
  emit("ready");
  showView(state.view);
  performance.mark("glimpse-ready");
  openAddress();
}

// A call named in the address, as in report.html#call=42.
function openAddress() {
  const wanted = /^#call=(-?\d+)$/.exec(location.hash)?.[1];
  const long = Object.keys(facts.long_ids).find((row) => facts.long_ids[row] === wanted);
  const row = wanted ? Number(long ?? rows.id.indexOf(Number(wanted))) : -1;
  if (row >= 0) select(row, { reveal: true });
}

for (const name of VIEWS) {
  const tab = byId(`tab-${name}`);
  tab.addEventListener("click", () => showView(name));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = VIEWS[(VIEWS.indexOf(name) + step + VIEWS.length) % VIEWS.length];
    showView(next);
    byId(`tab-${next}`).focus();
    event.preventDefault();
  });
}
addEventListener("hashchange", openAddress);
start().catch((error) => {
  byId("progress").textContent = `The page could not be opened: ${error.message}`;
  throw error;
});
