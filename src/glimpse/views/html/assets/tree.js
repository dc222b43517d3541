// The call tree as a list of lines; what is below a line is made when it is opened.

const SHOWN_OF_A_RUN = 3;
const LONGEST_RUN = 6;
const MOST_AT_ONCE = 200;
const MORE_AT_ONCE = 1000;
const tree = { lines: [], active: 0, slowestFirst: false };

function startTree() {
  tree.lines = [];
  const single = family.roots.length === 1;
  for (const root of family.roots) {
    if (!single) tree.lines.push({ kind: "lane", lane: root.lane, members: root.members, level: 0, open: false });
    else tree.lines.push(...linesFor(root.members, 0));
  }
  if (!single && family.roots.length) openLine(0);
  const first = tree.lines.findIndex((line) => line.kind === "call" && hasChildren(line.row));
  if (first >= 0) openLine(first);
}

function orderTree() {
  tree.slowestFirst = !tree.slowestFirst;
  tree.active = 0;
  byId("tree-order").setAttribute("aria-pressed", String(tree.slowestFirst));
  startTree();
  treeList.scrollTop = 0;
  drawTree();
}

// The lines of calls of one caller: of many that repeat a few, and a line for the rest.
function linesFor(members, level) {
  if (members.length <= MOST_AT_ONCE / 4 && !tree.slowestFirst)
    return Array.from(members, (row) => callLine(row, level));
  const lines = [];
  if (tree.slowestFirst) return slowestLines(members, level);
  for (let from = 0; from < members.length;) {
    if (lines.length >= MOST_AT_ONCE) {
      lines.push(moreLine(members.subarray(from), level, false));
      break;
    }
    let to = from + 1;
    while (to < members.length && rows.func[members[to]] === rows.func[members[from]]) to++;
    const shown = to - from > LONGEST_RUN ? SHOWN_OF_A_RUN : to - from;
    for (let at = from; at < from + shown; at++) lines.push(callLine(members[at], level));
    if (shown < to - from) lines.push(moreLine(members.subarray(from + shown, to), level, true));
    from = to;
  }
  return lines;
}

function slowestLines(members, level) {
  const sorted = members.slice().sort((a, b) => rows.duration[b] - rows.duration[a] || a - b);
  const lines = Array.from(sorted.subarray(0, MOST_AT_ONCE), (row) => callLine(row, level));
  if (sorted.length > MOST_AT_ONCE) lines.push(moreLine(sorted.subarray(MOST_AT_ONCE), level, false));
  return lines;
}

const callLine = (row, level) => ({ kind: "call", row, level, open: false });

function moreLine(members, level, alike) {
  let calls = 0;
  let time = 0;
  let failed = 0;
  for (const row of members) {
    calls += rows.calls[row];
    time += isBundle(row) ? rows.below[row] : rows.duration[row];
    if (isFailed(row)) failed++;
  }
  const of = alike && rows.func[members[0]] >= 0 ? ` of ${functions[rows.func[members[0]]].name}` : "";
  const text = `… ${plural(calls, "more call")}${of}${failed ? `, ${number(failed)} failed` : ""}`;
  return { kind: "more", members, level, text, time, alike };
}

const opensUp = (line) => line.kind === "lane" || (line.kind === "call" && hasChildren(line.row));

function openLine(at) {
  const line = tree.lines[at];
  if (line.kind === "more") return openMore(at);
  if (line.open || !opensUp(line)) return;
  line.open = true;
  const members = line.kind === "lane" ? line.members : childrenOf(line.row);
  insertLines(at + 1, 0, linesFor(members, line.level + 1));
}

function openMore(at) {
  const { members, level, alike } = tree.lines[at];
  const lines = Array.from(members.subarray(0, MORE_AT_ONCE), (row) => callLine(row, level));
  if (members.length > MORE_AT_ONCE) lines.push(moreLine(members.subarray(MORE_AT_ONCE), level, alike));
  insertLines(at, 1, lines);
}

function insertLines(at, removed, lines) {
  const rest = tree.lines.splice(at);
  tree.lines = tree.lines.concat(lines, rest.slice(removed));
}

function closeLine(at) {
  const line = tree.lines[at];
  if (!line.open) return;
  line.open = false;
  tree.lines.splice(at + 1, endOfFamily(at) - at - 1);
}

// Where the lines below a line end.
function endOfFamily(at) {
  let end = at + 1;
  while (end < tree.lines.length && tree.lines[end].level > tree.lines[at].level) end++;
  return end;
}

// The line of the caller, or -1.
function outerLine(at) {
  let outer = at - 1;
  while (outer >= 0 && tree.lines[outer].level >= tree.lines[at].level) outer--;
  return outer;
}

// Opens the lines down to a call; gives the call's line, or -1.
function openTo(row) {
  const path = pathOf(row);
  let at = 0;
  if (family.roots.length > 1) {
    const lane = tree.lines.findIndex((line) => line.kind === "lane" && line.lane === rows.lane[path[0]]);
    openLine(lane);
    at = lane + 1;
  }
  at = findLine(tree.lines, path[0], at);
  for (let step = 1; step < path.length && at >= 0; step++) {
    if (!tree.lines[at].open) return openAll(at, path.slice(step));
    at = findLine(tree.lines, path[step], at + 1);
  }
  return at;
}

// Opens a closed line down to the last call of a path, at once however long it is; gives the line of that call.
function openAll(at, path) {
  const front = [];
  const behind = [];
  let line = tree.lines[at];
  for (const row of path) {
    line.open = true;
    const lines = linesFor(childrenOf(line.row), line.level + 1);
    const place = findLine(lines, row, 0);
    front.push(...lines.slice(0, place + 1));
    behind.push(lines.slice(place + 1));
    line = lines[place];
  }
  insertLines(at + 1, 0, front.concat(...behind.reverse()));
  return at + front.length;
}

// The line of a call among its siblings from here on, taken out of the line of "more" if it is in one.
function findLine(lines, row, from) {
  if (from >= lines.length) return -1;
  const { level } = lines[from];
  for (let at = from; at < lines.length && lines[at].level >= level; at++) {
    const line = lines[at];
    if (line.level > level) continue;
    if (line.kind === "call" && line.row === row) return at;
    if (line.kind === "more") {
      const place = line.members.indexOf(row);
      if (place >= 0) return takeOut(lines, at, place);
    }
  }
  return -1;
}

function takeOut(lines, at, place) {
  const { members, level, alike } = lines[at];
  const parts = [callLine(members[place], level)];
  if (place > 0) parts.unshift(moreLine(members.subarray(0, place), level, alike));
  if (place + 1 < members.length) parts.push(moreLine(members.subarray(place + 1), level, alike));
  lines.splice(at, 1, ...parts);
  return at + (place > 0 ? 1 : 0);
}

on("ready", startTree);
byId("tree-order").addEventListener("click", orderTree);
