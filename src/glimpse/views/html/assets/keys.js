// The keyboard: everything that the pointer can do.

const ZOOM_STEP = 0.6;
const HELP = [
  [
    "Anywhere",
    [
      ["/", "search"],
      ["n, N", "next and previous match"],
      ["1 2 3 4", "timeline, calls, functions, errors"],
      ["t", "light or dark"],
      ["Esc", "close the details, then the search"],
      ["?", "this list"],
    ],
  ],
  [
    "Timeline",
    [
      ["+ −", "zoom in and out"],
      ["0", "show all"],
      ["a d", "move left and right"],
      ["w s", "scroll up and down"],
      ["↑ ↓", "the caller, the first call in it"],
      ["← →", "the call before and after, of the same caller"],
      ["Enter", "zoom to the selected call"],
    ],
  ],
  [
    "Calls",
    [
      ["↑ ↓", "line by line"],
      ["→ ←", "open and close, or go to the caller"],
      ["Enter", "read the details"],
      ["Home End", "first and last line"],
      ["o", "slowest calls first, or in the order of time"],
    ],
  ],
  [
    "Pointer",
    [
      ["drag", "move"],
      ["Ctrl or Alt + wheel, pinch", "zoom"],
      ["Shift + wheel", "move sideways"],
      ["double click", "zoom to a call"],
      ["drag in the strip on top", "choose a stretch of time"],
      ["click on a lane's name", "fold it"],
    ],
  ],
  [
    "Search",
    [
      [
        "text",
        "part of a function's name, or anything in arguments, results and errors; upper and lower case are alike",
      ],
      ["=name", "exactly this function"],
    ],
  ],
];

function move(find) {
  if (state.selected < 0) {
    const first = rows.count
      ? tracks.row[firstAbove(tracks.end, view.from, tracks.from[0], tracks.from[1], true)]
      : undefined;
    return first !== undefined && select(first, { reveal: true });
  }
  const row = find(state.selected);
  return row >= 0 && select(row, { reveal: true });
}

const TIMELINE_KEYS = {
  "+": () => zoom(ZOOM_STEP, 0.5, true),
  "=": () => zoom(ZOOM_STEP, 0.5, true),
  "-": () => zoom(1 / ZOOM_STEP, 0.5, true),
  0: () => show(0, span, { animate: true }),
  a: () => pan((view.from - view.to) * 0.3, true),
  d: () => pan((view.to - view.from) * 0.3, true),
  w: () => lanesBox.scrollBy(0, -ROW * 4),
  s: () => lanesBox.scrollBy(0, ROW * 4),
  ArrowUp: () => move((row) => rows.caller[row]),
  ArrowDown: () => move((row) => (hasChildren(row) ? childrenOf(row)[0] : -1)),
  ArrowLeft: () => move((row) => siblingOf(row, -1)),
  ArrowRight: () => move((row) => siblingOf(row, 1)),
  Enter: () => state.selected >= 0 && reveal(state.selected, true),
};

const GLOBAL_KEYS = {
  "/": () => byId("search").select(),
  n: () => stepMatch(1),
  N: () => stepMatch(-1),
  1: () => showView("timeline", true),
  2: () => showView("tree", true),
  3: () => showView("functions", true),
  4: () => showView("failures", true),
  o: () => state.view === "tree" && state.ready && orderTree(),
  t: toggleTheme,
  "?": showHelp,
  Escape: () => (state.selected >= 0 ? closeDetails() : searchFor("")),
};

function closeDetails() {
  const inside = byId("details").contains(document.activeElement);
  select(-1);
  if (inside) focusView();
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  if (event.target.closest("input") && event.key !== "Escape") return;
  const onTimeline = state.ready && state.view === "timeline" && !byId("details").contains(event.target);
  const onButton =
    event.target.closest("button, summary, a") && (event.key === "Enter" || event.key.startsWith("Arrow"));
  const action = (onTimeline && !onButton && TIMELINE_KEYS[event.key]) || GLOBAL_KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

function showHelp() {
  const parts = HELP.map(([title, keys]) =>
    make(
      "section",
      {},
      make("h3", {}, title),
      make(
        "dl",
        {},
        ...keys.flatMap(([key, meaning]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, meaning)]),
      ),
    ),
  );
  const close = button("×", () => byId("keys").close(), { class: "icon close", "aria-label": "Close" });
  byId("keys").replaceChildren(
    make("header", {}, make("h2", { id: "keys-title" }, "Keys and hints"), close),
    make("div", { class: "help" }, ...parts),
  );
  byId("keys").showModal();
}

byId("help").addEventListener("click", showHelp);
byId("keys").addEventListener("click", (event) => event.target === byId("keys") && byId("keys").close());
