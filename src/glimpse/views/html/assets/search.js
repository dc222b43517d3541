// Search: functions at once, then arguments, results and exceptions, block by block.

const found = { query: "", funcs: null, rows: null, count: 0, before: null, scanned: 1 };
let searchRun = 0;
let searchTimer = 0;
let rowOfText = null;

const isMatch = (row) =>
  (rows.func[row] >= 0 && found.funcs[rows.func[row]] === 1) || (found.rows && found.rows[row] === 1);

// Finds functions whose name holds the query; "=name" is exactly this one. The texts follow after a moment.
function search(query) {
  searchRun++;
  clearTimeout(searchTimer);
  query = query.trim();
  found.query = query;
  found.rows = null;
  found.scanned = 1;
  if (!query) {
    found.funcs = found.before = null;
    found.count = 0;
    emit("search");
    return;
  }
  const lower = query.toLowerCase();
  const matches = query.startsWith("=")
    ? (each) => each.full === query.slice(1)
    : (each) => each.full.toLowerCase().includes(lower);
  found.funcs = Uint8Array.from(functions, (each) => (matches(each) ? 1 : 0));
  if (!tracks.place) return emit("search");
  countMatches();
  if (!query.startsWith("=") && lower.length > 1 && facts.texts.kept) {
    found.scanned = 0;
    searchTimer = setTimeout(scanTexts, 200, lower, searchRun);
  }
  emit("search");
}

// For every place in the tracks, how many matches lie before it: any stretch of a track answers at once.
function countMatches() {
  if (!found.before || found.before.length !== rows.count + 1) found.before = new Int32Array(rows.count + 1);
  let sum = 0;
  for (let place = 0; place < rows.count; place++) {
    if (isMatch(tracks.row[place])) sum++;
    found.before[place + 1] = sum;
  }
  found.count = sum;
}

async function scanTexts(query, run) {
  const { starts } = facts.texts;
  rowOfText ||= textOwners();
  found.rows = new Uint8Array(rows.count);
  let shown = performance.now();
  for (let block = 0; block < starts.length; block++) {
    const bytes = await inflated(`texts-${block}`);
    if (run !== searchRun) return;
    markMatches(new TextDecoder().decode(bytes).toLowerCase(), query, starts[block]);
    found.scanned = (block + 1) / starts.length;
    await breathe();
    if (run !== searchRun) return;
    if (performance.now() - shown > 400) {
      countMatches();
      emit("search");
      shown = performance.now();
    }
  }
  countMatches();
  emit("search");
}

function markMatches(text, query, first) {
  let from = 0;
  let record = first;
  for (let at = text.indexOf(query); at >= 0;) {
    let mark = text.indexOf("\x1e", from);
    while (mark >= 0 && mark < at) {
      record++;
      from = mark + 1;
      mark = text.indexOf("\x1e", from);
    }
    const row = rowOfText[record];
    if (row >= 0) found.rows[row] = 1;
    if (mark < 0) return;
    at = text.indexOf(query, mark);
  }
}

function textOwners() {
  const owners = new Int32Array(facts.texts.kept + 1).fill(-1);
  for (let row = 0; row < rows.count; row++) if (rows.text[row]) owners[rows.text[row]] = row;
  return owners;
}

// The match after the selected call (or before it), going round at the end.
function stepMatch(step) {
  if (!found.count) return;
  const { count } = rows;
  let row = state.selected < 0 ? (step > 0 ? -1 : count) : state.selected;
  for (let tries = 0; tries < count; tries++) {
    row = (row + step + count) % count;
    if (isMatch(row)) {
      select(row, { reveal: true });
      return;
    }
  }
}

function showSearch() {
  const scanning = found.scanned < 1;
  const text = scanning ? `${number(found.count)} … ${Math.round(found.scanned * 100)} %` : number(found.count);
  byId("matches").textContent = !found.query ? "" : found.before ? text : "…";
  byId("matches").classList.toggle("none", Boolean(found.query) && !scanning && !found.count);
  byId("previous").hidden = byId("next").hidden = !found.query;
}

on("search", showSearch);
on("ready", () => found.query && search(found.query));
byId("search").addEventListener("input", (event) => search(event.target.value));
byId("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") stepMatch(event.shiftKey ? -1 : 1);
  else if (event.key === "Escape" && !event.target.value) event.target.blur();
});
byId("next").addEventListener("click", () => stepMatch(1));
byId("previous").addEventListener("click", () => stepMatch(-1));

function searchFor(query) {
  byId("search").value = query;
  search(query);
}
