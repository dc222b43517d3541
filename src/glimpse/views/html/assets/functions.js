// Every function with its statistics, sorted by what the reader wants to know.

const TABLE_COLUMNS = [
  ["full", "Function", "", "names"],
  ["calls", "Calls", "how often it was called", "count"],
  ["errors", "Errors", "calls that ended in an exception", "count"],
  ["self", "Own", "time in the function itself", "time"],
  ["total", "Total", "time in it and in what it called", "time"],
  ["mean", "Mean", "a call's time on average", "time more"],
  ["p50", "Median", "half of the calls took so long or less", "time more"],
  ["p95", "95 %", "95 of 100 calls took so long or less", "time more"],
  ["max", "Longest", "the longest call", "time more"],
];
const FUNCTIONS_AT_ONCE = 200;
const sorting = { by: "self", down: true, shown: FUNCTIONS_AT_ONCE };
const byName = new Intl.Collator("en").compare;

function sortedFunctions() {
  const factor = sorting.down ? -1 : 1;
  const wanted = found.funcs ? functions.filter((each) => found.funcs[each.index]) : functions.slice();
  return wanted.sort(
    (a, b) =>
      factor * (sorting.by === "full" ? byName(a.full, b.full) : a[sorting.by] - b[sorting.by]) || a.index - b.index,
  );
}

function drawFunctions() {
  if (state.view !== "functions") return;
  const wanted = sortedFunctions();
  const shown = wanted.slice(0, sorting.shown);
  const most = Math.max(...functions.map((each) => each.self), 1e-9);
  const table = make(
    "table",
    {},
    make("thead", {}, make("tr", {}, ...TABLE_COLUMNS.map(columnHead))),
    make("tbody", {}, ...shown.map((each) => functionRow(each, most))),
  );
  const parts = [table];
  if (!wanted.length)
    parts.push(
      make("p", { class: "empty" }, found.query ? `No function has “${found.query}” in its name.` : "No calls."),
    );
  if (wanted.length > shown.length) {
    const left = wanted.length - shown.length;
    parts.push(
      button(
        `Show ${number(Math.min(left, 1000))} of ${plural(left, "more function")}`,
        () => {
          sorting.shown += 1000;
          drawFunctions();
        },
        { class: "more" },
      ),
    );
  }
  const focused = document.activeElement && document.activeElement.dataset.by;
  byId("functions").replaceChildren(...parts);
  if (focused) byId("functions").querySelector(`[data-by="${focused}"]`).focus();
}

function columnHead([key, label, title, kind]) {
  const sorted = sorting.by === key;
  const action = () => {
    sorting.down = sorted ? !sorting.down : key !== "full";
    sorting.by = key;
    drawFunctions();
  };
  const mark = make("span", { class: "arrow", "aria-hidden": "true" }, sorted ? (sorting.down ? "↓" : "↑") : "");
  const direction = sorting.down ? "descending" : "ascending";
  return make(
    "th",
    { scope: "col", class: kind, "aria-sort": sorted ? direction : "none" },
    make("button", { type: "button", "data-by": key, title, on: { click: action } }, label, mark),
  );
}

function functionRow(each, most) {
  const chip = make("span", { class: "chip" });
  chip.style.backgroundColor = paints.chips[each.index];
  const meter = make("span", { class: "meter" });
  meter.style.width = `${(each.self / most) * 100}%`;
  const name = make(
    "button",
    { type: "button", class: "function", title: "Find its calls", on: { click: () => openFunction(each) } },
    chip,
    make("span", {}, make("span", { class: "name" }, each.name), make("span", { class: "module" }, each.module)),
  );
  const cells = TABLE_COLUMNS.slice(1).map(([key, , , kind]) => {
    const value = each[key];
    const text = kind === "count" ? (key === "errors" && !value ? "–" : number(value)) : duration(value * 1e6);
    return make("td", { class: key === "errors" && value ? `${kind} bad` : kind }, text, key === "self" && meter);
  });
  return make("tr", {}, make("th", { scope: "row", class: "names" }, name), ...cells);
}

// All calls of a function, lit up on the timeline; the slowest is selected.
function openFunction(each) {
  if (!state.ready) return;
  searchFor(`=${each.full}`);
  let slowest = -1;
  for (let row = 0; row < rows.count; row++) {
    if (rows.func[row] === each.index && !isBundle(row) && (slowest < 0 || rows.duration[row] > rows.duration[slowest]))
      slowest = row;
  }
  showView("timeline");
  if (slowest >= 0) select(slowest, { reveal: true });
}

on("view", drawFunctions);
on("search", () => {
  sorting.shown = FUNCTIONS_AT_ONCE;
  drawFunctions();
});
on("theme", drawFunctions);
byId("function-count").textContent = functions.length ? number(functions.length) : "";
