// The selected call: what it was called with, what came of it, where it ran, who called it and what it called.

const state = { selected: -1, view: "timeline", ready: false };
const IDS = ["trace_id", "span_id", "parent_span_id", "correlation_id", "policy"];
const MOST_STEPS = 40;
const MOST_SLOWEST = 5;

function select(row, { reveal = false, focus = false } = {}) {
  state.selected = row;
  emit("select", { row, reveal });
  const panel = byId("details");
  panel.hidden = row < 0;
  if (row < 0) return;
  announce(`${nameOf(row)}, ${duration(rows.duration[row])}${isFailed(row) ? ", failed" : ""}`);
  remember(row);
  showDetails(row).then(() => focus && panel.focus());
}

// Keeps the call in the address, so that a link or a reload comes back to it.
function remember(row) {
  try {
    history.replaceState(null, "", `#call=${idOf(row)}`);
  } catch {
    // a browser that does not allow it for files
  }
}

async function showDetails(row) {
  const panel = byId("details");
  const record = isBundle(row) ? null : await recordOf(row);
  if (state.selected !== row) return;
  panel.replaceChildren(...(isBundle(row) ? bundleParts(row) : callParts(row, record)));
  panel.scrollTop = 0;
}

function heading(row, badge) {
  const close = button("×", () => select(-1), {
    class: "icon close",
    "aria-label": "Close details",
    title: "Close (Esc)",
  });
  return make(
    "header",
    {},
    make("div", {}, make("h2", {}, nameOf(row)), make("p", { class: "module" }, moduleOf(row))),
    close,
    badge,
  );
}

function bundleParts(row) {
  const limit = duration(facts.bundles.short_ns);
  return [
    heading(row, null),
    make(
      "p",
      {},
      `Calls shorter than ${limit} that followed each other, shown together to keep this page light. ` +
        "They are counted one by one under Functions.",
    ),
    figures([
      ["Calls", number(rows.calls[row])],
      ["Took together", duration(rows.below[row])],
      ["From first to last", duration(rows.duration[row])],
    ]),
    actions(row),
    ...callerParts(row),
  ];
}

function callParts(row, record) {
  return [
    heading(row, badgeOf(row, record)),
    figures(timeFigures(row, record || {})),
    actions(row),
    ...(record ? valueParts(row, record) : [missingTexts()]),
    ...exceptionParts(record),
    ...callerParts(row),
    ...calleeParts(row),
    ...placeParts(row, record || {}),
  ];
}

// How long it took, as far as that is known: of a call whose start was not recorded it may not be.
function timeFigures(row, record) {
  if (isOpenStart(row) && !record.took_ns) return [];
  const took = record.took_ns ? Number(record.took_ns) : rows.duration[row];
  const active = record.active_ns ? Number(record.active_ns) : null;
  const occupied = active !== null && record.yields !== undefined ? active : took;
  return [
    [rows.flags[row] & UNFINISHED ? "Open for" : "Took", duration(took)],
    ["Own time", duration(Math.max(occupied - rows.below[row], 0))],
    active === null ? null : ["Running", duration(active)],
    record.yields === undefined ? null : ["Yielded", number(Number(record.yields))],
  ];
}

function badgeOf(row, record) {
  if (isFailed(row)) return make("p", { class: "badge bad" }, `raised ${(record && record.error) || "an exception"}`);
  if (rows.flags[row] & UNFINISHED) return make("p", { class: "badge" }, "not finished when the trace ended");
  if (rows.flags[row] & CLOSED) return make("p", { class: "badge" }, "closed before its end");
  return null;
}

function figures(pairs) {
  const items = pairs
    .filter(Boolean)
    .map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
  return make("dl", { class: "figures" }, ...items);
}

function actions(row) {
  const timeline = () => {
    showView("timeline");
    reveal(row, true);
  };
  const tree = () => {
    showView("tree");
    revealInTree(row);
  };
  const items = [button("Zoom to it", timeline), button("Show among calls", tree)];
  if (rows.func[row] >= 0) items.push(button("All calls of it", () => searchFor(`=${functions[rows.func[row]].full}`)));
  return make("div", { class: "actions" }, ...items);
}

const section = (title, ...children) => make("section", {}, make("h3", {}, title), ...children);
const code = (text, kind = "") => make("pre", { class: kind, tabindex: "0" }, text);

function missingTexts() {
  return make(
    "p",
    { class: "hint" },
    "Arguments and result of this call are not in the page: it keeps those of " +
      `${plural(facts.texts.shown, "call")}, slow and failed ones first. `,
    make("code", {}, "glimpse report --texts"),
    " keeps more.",
  );
}

function valueParts(row, record) {
  const values = splitArguments(record.args);
  const shown =
    values && values.length
      ? make(
          "dl",
          { class: "values" },
          ...values.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]),
        )
      : code(record.args);
  const parts = [
    values && !values.length ? section("Arguments", make("p", { class: "hint" }, "none")) : section("Arguments", shown),
  ];
  if (record.result !== null) parts.push(section("Result", code(record.result)));
  return parts;
}

// The parameters of a call's text with their values, or null where it cannot be told safely.
function splitArguments(text) {
  const open = text.indexOf("(");
  if (open < 0 || !text.endsWith(")")) return null;
  const inner = text.slice(open + 1, -1);
  if (!inner) return [];
  const parts = [];
  let depth = 0;
  let quote = "";
  let from = 0;
  for (let at = 0; at < inner.length; at++) {
    const letter = inner[at];
    if (quote) {
      if (letter === "\\") at++;
      else if (letter === quote) quote = "";
    } else if (letter === "'" || letter === '"') quote = letter;
    else if ("([{<".includes(letter)) depth++;
    else if (")]}>".includes(letter)) depth--;
    else if (letter === "," && depth === 0 && /^, \**[\p{L}_][\p{L}\p{N}_]*=/u.test(inner.slice(at, at + 80))) {
      parts.push(inner.slice(from, at));
      from = at + 2;
    }
    if (depth < 0) return null;
  }
  if (depth || quote) return null;
  const pairs = [...parts, inner.slice(from)].map((part) => [
    part.slice(0, part.indexOf("=")),
    part.slice(part.indexOf("=") + 1),
  ]);
  return pairs.every(([name]) => /^\**[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) ? pairs : null;
}

function exceptionParts(record) {
  if (!record || record.error === undefined) return [];
  const line = record.error_line ? ` (line ${record.error_line})` : "";
  const text = make(
    "p",
    { class: "error" },
    make("strong", {}, record.error),
    record.message ? `: ${record.message}` : "",
    line,
  );
  return [section("Exception", text, record.traceback ? code(record.traceback, "traceback") : null)];
}

function callLink(row, text = nameOf(row)) {
  return make(
    "button",
    {
      type: "button",
      class: isFailed(row) ? "link bad" : "link",
      on: { click: () => select(row, { reveal: true, focus: true }) },
    },
    make("span", {}, text),
    make("span", { class: "time" }, duration(rows.duration[row])),
  );
}

function callerParts(row) {
  const path = pathOf(row).slice(0, -1);
  if (!path.length) return [];
  const left = path.length - MOST_STEPS;
  const shown = left > 0 ? [...path.slice(0, 5), null, ...path.slice(left + 5)] : path;
  const items = shown.map((each) => make("li", {}, each === null ? `… ${number(left)} more` : callLink(each)));
  return [section("Called by", make("ol", { class: "path" }, ...items))];
}

function calleeParts(row) {
  const below = childrenOf(row);
  if (!below.length) return [];
  const slowest = slowestOf(below);
  let count = 0;
  for (const each of below) count += rows.calls[each];
  const items = slowest.map((each) => make("li", {}, callLink(each)));
  const title = below.length > slowest.length ? `Slowest of ${plural(count, "call")} in it` : "Calls in it";
  return [section(title, make("ol", { class: "path flat" }, ...items))];
}

function slowestOf(all) {
  const slowest = [];
  for (const row of all) {
    if (slowest.length === MOST_SLOWEST && rows.duration[row] <= rows.duration[slowest[MOST_SLOWEST - 1]]) continue;
    slowest.push(row);
    slowest.sort((a, b) => rows.duration[b] - rows.duration[a]);
    slowest.length = Math.min(slowest.length, MOST_SLOWEST);
  }
  return slowest;
}

function placeParts(row, record) {
  const lane = facts.lanes[rows.lane[row]];
  const pairs = [
    [isOpenStart(row) ? "Ended" : "Started", `${record.began || clock(rows.start[row])} UTC`],
    ["After", `${duration(rows.start[row])} of the trace`],
    ["Thread", lane.name],
    record.task && record.task !== lane.name ? ["Task", record.task] : null,
    ["Process", `${lane.pid}`],
    lane.service ? ["Service", lane.service] : null,
    record.source ? ["Source", record.source] : null,
    ["Call", idOf(row)],
    ...IDS.filter((name) => record[name]).map((name) => [name.replaceAll("_", " "), record[name]]),
    rows.flags[row] & INCOMPLETE ? ["Note", "its START is not in the trace"] : null,
  ];
  const items = pairs.filter(Boolean).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
  return [section("Where and when", make("dl", { class: "values plain" }, ...items))];
}
