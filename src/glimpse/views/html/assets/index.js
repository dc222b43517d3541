// What makes rows quick to find: tracks (one depth of one lane, in the order of time), and the calls in each call.

const tracks = { first: null, from: null, row: null, start: null, end: null, busy: null, place: null, failed: null };
const family = { from: null, rows: null, roots: [], longest: null };

async function buildIndex() {
  await buildTracks();
  await buildFamily();
}

async function buildTracks() {
  const { count } = rows;
  const lanes = facts.lanes.length;
  const byLane = countingSort(rows.lane, lanes);
  const depth = new Int32Array(count);
  tracks.first = new Int32Array(lanes + 1);
  for (let lane = 0; lane < lanes; lane++) {
    const part = byLane.rows.subarray(byLane.from[lane], byLane.from[lane + 1]);
    sortByTime(part);
    tracks.first[lane + 1] = tracks.first[lane] + (await findDepths(part, depth));
  }
  const track = new Int32Array(count);
  for (let row = 0; row < count; row++) track[row] = tracks.first[rows.lane[row]] + depth[row];
  await breathe();
  const sorted = countingSort(track, tracks.first[lanes], byLane.rows);
  tracks.from = sorted.from;
  tracks.row = sorted.rows;
  await breathe();
  await fillTracks(count);
}

async function fillTracks(count) {
  tracks.start = new Float64Array(count);
  tracks.end = new Float64Array(count);
  tracks.busy = new Float64Array(count + 1);
  tracks.place = new Int32Array(count);
  const failed = [];
  for (let place = 0; place < count; place++) {
    const row = tracks.row[place];
    tracks.start[place] = rows.start[row];
    tracks.end[place] = endOf(row);
    tracks.busy[place + 1] = tracks.busy[place] + (isBundle(row) ? rows.below[row] : rows.duration[row]);
    tracks.place[row] = place;
    if (isFailed(row)) failed.push(place);
    if ((place & 0xffff) === 0) await breathe();
  }
  tracks.failed = Int32Array.from(failed);
}

// Indices grouped by key, in the order given; from[key] is where a key's begin.
function countingSort(keys, keyCount, order = null) {
  const from = new Int32Array(keyCount + 1);
  for (let at = 0; at < keys.length; at++) from[keys[at] + 1]++;
  for (let key = 0; key < keyCount; key++) from[key + 1] += from[key];
  const next = from.slice();
  const sorted = new Int32Array(keys.length);
  for (let at = 0; at < keys.length; at++) {
    const each = order ? order[at] : at;
    sorted[next[keys[each]]++] = each;
  }
  return { from, rows: sorted };
}

function sortByTime(part) {
  for (let at = 1; at < part.length; at++) {
    if (rows.start[part[at]] < rows.start[part[at - 1]]) {
      part.sort((a, b) => rows.start[a] - rows.start[b] || rows.duration[b] - rows.duration[a] || a - b);
      return;
    }
  }
}

// How deep each call of a lane is nested in others of it; gives how many levels there are.
async function findDepths(part, depth) {
  const stack = [];
  let deepest = 0;
  for (let at = 0; at < part.length; at++) {
    const row = part[at];
    while (stack.length) {
      const outer = stack[stack.length - 1];
      if (rows.caller[row] === outer || endOf(outer) > rows.start[row]) break;
      stack.pop();
    }
    depth[row] = stack.length;
    stack.push(row);
    if (stack.length > deepest) deepest = stack.length;
    if ((at & 0xffff) === 0) await breathe();
  }
  return deepest;
}

async function buildFamily() {
  const { count } = rows;
  const keys = new Int32Array(count);
  for (let row = 0; row < count; row++) keys[row] = rows.caller[row] + 1;
  const sorted = countingSort(keys, count + 1);
  family.from = sorted.from;
  family.rows = sorted.rows;
  await breathe();
  const byLane = new Map();
  for (const row of childrenOf(-1)) {
    if (!byLane.has(rows.lane[row])) byLane.set(rows.lane[row], []);
    byLane.get(rows.lane[row]).push(row);
  }
  family.roots = [...byLane].map(([lane, members]) => ({ lane, members: Int32Array.from(members) }));
  family.longest = new Float64Array(facts.lanes.length);
  for (const { lane, members } of family.roots)
    for (const row of members) family.longest[lane] = Math.max(family.longest[lane], rows.duration[row]);
}

// The rows below a row, or those without a caller for -1, in the order in which they began.
const childrenOf = (row) => family.rows.subarray(family.from[row + 1], family.from[row + 2]);
const hasChildren = (row) => family.from[row + 2] > family.from[row + 1];

// The calls from the outermost to this one.
function pathOf(row) {
  const path = [];
  for (let each = row; each >= 0 && path.length < 1e6; each = rows.caller[each]) path.push(each);
  return path.reverse();
}

// The call of the same caller before or after this one, or -1.
function siblingOf(row, step) {
  const all = childrenOf(rows.caller[row]);
  const place = firstAbove(all, row, 0, all.length, true) + step;
  if (place < 0 || place >= all.length) return -1;
  return rows.caller[row] < 0 && rows.lane[all[place]] !== rows.lane[row] ? -1 : all[place];
}
