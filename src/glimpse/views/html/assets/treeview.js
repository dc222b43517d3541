// Shows the part of the tree's lines that is in sight, and moves through them by key and pointer.

const LINE = 28;
const SPARE = 6;
const INDENT = 16;
const DEEPEST_INDENT = 24;
const treeList = byId("tree-list");
const treeRows = byId("tree-rows");
const lineElements = new Map();

function drawTree() {
  if (!state.ready || state.view !== "tree") return;
  sizeTree();
  const from = Math.max(Math.floor(treeList.scrollTop / LINE) - SPARE, 0);
  const to = Math.min(Math.ceil((treeList.scrollTop + treeList.clientHeight) / LINE) + SPARE, tree.lines.length);
  const wanted = new Set(tree.lines.slice(from, to));
  for (const [line, element] of lineElements) {
    if (!wanted.has(line)) {
      element.remove();
      lineElements.delete(line);
    }
  }
  for (let at = from; at < to; at++) placeLine(at);
  treeList.setAttribute("aria-activedescendant", lineElements.has(tree.lines[tree.active]) ? "active-line" : "");
}

// How far it scrolls: to be right before anything is scrolled to.
function sizeTree() {
  treeRows.style.height = `${tree.lines.length * LINE}px`;
}

function placeLine(at) {
  const line = tree.lines[at];
  let element = lineElements.get(line);
  if (!element) {
    element = line.kind === "call" ? callElement(line) : otherElement(line);
    lineElements.set(line, element);
    treeRows.append(element);
  }
  element.style.transform = `translateY(${at * LINE}px)`;
  element.dataset.at = at;
  element.id = at === tree.active ? "active-line" : "";
  element.classList.toggle("active", at === tree.active);
  element.setAttribute("aria-selected", String(line.kind === "call" && line.row === state.selected));
  if (opensUp(line)) element.setAttribute("aria-expanded", String(line.open));
  element.classList.toggle("other", Boolean(found.before) && line.kind === "call" && !isMatch(line.row));
}

function lineElement(line, className, ...children) {
  const element = make(
    "div",
    { class: `line ${className}`, role: "treeitem", "aria-level": line.level + 1, "aria-setsize": -1 },
    ...children,
  );
  element.firstElementChild.style.paddingInlineStart = `${8 + Math.min(line.level, DEEPEST_INDENT) * INDENT}px`;
  return element;
}

function otherElement(line) {
  if (line.kind === "more") {
    return lineElement(
      line,
      "more",
      make("span", { class: "what" }, make("span", { class: "twist more" }), line.text),
      make("span", { class: "own" }),
      make("span", { class: "time" }, duration(line.time)),
    );
  }
  const lane = facts.lanes[line.lane];
  const where = lane.service || (facts.processes > 1 ? `pid ${lane.pid}` : "");
  const text = plural(line.members.length, "tree");
  return lineElement(
    line,
    "lane",
    make(
      "span",
      { class: "what" },
      make("span", { class: "twist" }),
      make("strong", {}, lane.name),
      make("span", { class: "args" }, `${where}  ${text}`),
    ),
    make("span", { class: "own" }),
    make("span", { class: "own" }),
  );
}

function callElement(line) {
  const { row } = line;
  const chip = make("span", { class: "chip" });
  chip.style.backgroundColor = rows.func[row] < 0 ? paints.bundle : paints.chips[rows.func[row]];
  const args = make("span", { class: "args" });
  const deep = line.level > DEEPEST_INDENT ? make("span", { class: "deep" }, `${line.level} deep`) : null;
  const what = make(
    "span",
    { class: "what" },
    make("span", { class: hasChildren(row) ? "twist" : "twist leaf" }),
    chip,
    deep,
    make("span", { class: "name" }, nameOf(row)),
    args,
  );
  const whole = family.longest[rows.lane[pathRoot(row)]] || 1;
  const meter = make("span", { class: "meter" });
  meter.style.width = `${Math.min((rows.duration[row] / whole) * 100, 100)}%`;
  const own = isBundle(row) ? "" : duration(ownTime(row));
  const element = lineElement(
    line,
    isFailed(row) ? "call bad" : "call",
    what,
    make("span", { class: "time own" }, own),
    make("span", { class: "time" }, duration(isBundle(row) ? rows.below[row] : rows.duration[row]), meter),
  );
  if (!isBundle(row)) recordOf(row).then((record) => record && fillArguments(args, row, record));
  return element;
}

function pathRoot(row) {
  let root = row;
  while (rows.caller[root] >= 0) root = rows.caller[root];
  return root;
}

function fillArguments(args, row, record) {
  const { name } = functions[rows.func[row]];
  const bare = name.slice(name.lastIndexOf(".") + 1);
  args.append(record.args.startsWith(`${bare}(`) ? record.args.slice(bare.length) : "");
  if (record.error !== undefined)
    args.after(make("span", { class: "outcome bad" }, `✗ ${record.error}: ${record.message}`));
  else if (record.result !== null && record.result !== "None")
    args.after(make("span", { class: "outcome" }, `→ ${record.result}`));
}

function toggleLine(at) {
  if (tree.lines[at].open) closeLine(at);
  else openLine(at);
  redrawTree();
}

function redrawTree() {
  tree.active = Math.max(Math.min(tree.active, tree.lines.length - 1), 0);
  drawTree();
}

function activate(at, { choose = true } = {}) {
  if (!tree.lines.length) return;
  tree.active = Math.max(Math.min(at, tree.lines.length - 1), 0);
  const top = tree.active * LINE;
  if (top < treeList.scrollTop) treeList.scrollTop = top;
  else if (top + LINE > treeList.scrollTop + treeList.clientHeight)
    treeList.scrollTop = top + LINE - treeList.clientHeight;
  const line = tree.lines[tree.active];
  if (choose && line.kind === "call") select(line.row);
  drawTree();
}

function revealInTree(row) {
  if (!state.ready) return;
  const at = openTo(row);
  if (at < 0) return;
  sizeTree();
  treeList.scrollTop = Math.max(at * LINE - treeList.clientHeight / 3, 0);
  activate(at, { choose: false });
}

const TREE_KEYS = {
  ArrowDown: () => activate(tree.active + 1),
  ArrowUp: () => activate(tree.active - 1),
  Home: () => activate(0),
  End: () => activate(tree.lines.length - 1),
  PageDown: () => activate(tree.active + Math.floor(treeList.clientHeight / LINE) - 1),
  PageUp: () => activate(tree.active - Math.floor(treeList.clientHeight / LINE) + 1),
  ArrowRight: () => (tree.lines[tree.active].open ? activate(tree.active + 1) : (openLine(tree.active), redrawTree())),
  ArrowLeft: () =>
    tree.lines[tree.active].open
      ? (closeLine(tree.active), redrawTree())
      : outerLine(tree.active) >= 0 && activate(outerLine(tree.active)),
  Enter: () =>
    tree.lines[tree.active].kind === "call"
      ? select(tree.lines[tree.active].row, { focus: true })
      : toggleLine(tree.active),
  " ": () => toggleLine(tree.active),
};

treeList.addEventListener("keydown", (event) => {
  const action = TREE_KEYS[event.key];
  if (!action || event.ctrlKey || event.metaKey || event.altKey || !tree.lines.length) return;
  event.preventDefault();
  action();
});
treeList.addEventListener("click", (event) => {
  const element = event.target.closest(".line");
  if (!element) return;
  const at = Number(element.dataset.at);
  if (event.target.closest(".twist") || tree.lines[at].kind !== "call") {
    tree.active = at;
    toggleLine(at);
  } else activate(at);
});
treeList.addEventListener("dblclick", (event) => {
  const element = event.target.closest(".line.call");
  if (element && !event.target.closest(".twist")) toggleLine(Number(element.dataset.at));
});
treeList.addEventListener("scroll", drawTree, { passive: true });
new ResizeObserver(drawTree).observe(treeList);

on("view", () => state.view === "tree" && (state.selected >= 0 ? revealInTree(state.selected) : drawTree()));
on(
  "select",
  ({ row, reveal: wanted }) => state.view === "tree" && (wanted && row >= 0 ? revealInTree(row) : drawTree()),
);
on("search", drawTree);
on("theme", () => {
  for (const element of lineElements.values()) element.remove();
  lineElements.clear();
  drawTree();
});
