// The packed rows and texts in the page. A row is a call, or a bundle of short ones; rows are in the order of starts.

const FAILED = 1,
  UNFINISHED = 2,
  RAISED = 4,
  BUNDLE = 8,
  INCOMPLETE = 16,
  CLOSED = 32;
const CACHED_BLOCKS = 48;
const rows = {
  count: facts.rows,
  start: new Float64Array(facts.rows),
  duration: new Float64Array(facts.rows),
  below: new Float64Array(facts.rows),
  id: new Float64Array(facts.rows),
  func: new Int32Array(facts.rows),
  lane: new Int32Array(facts.rows),
  calls: new Float64Array(facts.rows),
  text: new Uint32Array(facts.rows),
  flags: new Uint8Array(facts.rows),
  caller: new Int32Array(facts.rows),
};
const STEPS = ["start", "id", "text"];
const COLUMNS = ["start", "duration", "below", "id", "func", "lane", "calls", "text", "flags", "caller"];

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
}

async function inflated(id) {
  const packed = new Blob([bytesOf(byId(id).textContent)]);
  const stream = packed.stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function loadRows(progress) {
  const last = { start: 0, id: 0, text: 0 };
  const blockSize = facts.block;
  for (let first = 0, block = 0; first < rows.count; first += blockSize, block++) {
    const bytes = await inflated(`rows-${block}`);
    const length = Math.min(blockSize, rows.count - first);
    let at = 0;
    for (const name of COLUMNS) {
      const width = bytes[at++];
      unpack(bytes.subarray(at, at + width * length), width, rows[name].subarray(first, first + length));
      at += width * length;
      if (STEPS.includes(name)) addUp(rows[name], first, first + length, last[name]);
      last[name] = rows[name][first + length - 1];
      await breathe();
    }
    for (let row = first; row < first + length; row++)
      rows.caller[row] = rows.caller[row] ? row - rows.caller[row] : -1;
    byId(`rows-${block}`).remove();
    progress((first + length) / rows.count);
    await breathe();
  }
}

// Planes of bytes, lowest first, to numbers; the highest byte has the sign.
function unpack(planes, width, into) {
  const length = into.length;
  const sums = width === 1 ? into : new Float64Array(length);
  for (let plane = 0, factor = 1; plane < width; plane++, factor *= 256) {
    const signed = plane === width - 1;
    const bytes = planes.subarray(plane * length, (plane + 1) * length);
    if (signed) for (let at = 0; at < length; at++) sums[at] += ((bytes[at] << 24) >> 24) * factor;
    else for (let at = 0; at < length; at++) sums[at] += bytes[at] * factor;
  }
  if (sums !== into) into.set(sums);
}

function addUp(values, from, to, before) {
  for (let at = from; at < to; at++) before = values[at] += before;
}

const openBlocks = new Map();

// The records of a block of texts; blocks used lately stay open.
async function textBlock(block) {
  let found = openBlocks.get(block);
  if (!found) {
    found = inflated(`texts-${block}`).then((bytes) => new TextDecoder().decode(bytes).split("\x1e"));
    if (openBlocks.size >= CACHED_BLOCKS) openBlocks.delete(openBlocks.keys().next().value);
  } else {
    openBlocks.delete(block);
  }
  openBlocks.set(block, found);
  return found;
}

// What was recorded of a call as text, or null if it was not kept.
async function recordOf(row) {
  const text = rows.text[row];
  if (!text) return null;
  const block = firstAbove(facts.texts.starts, text, 0, facts.texts.starts.length) - 1;
  const records = await textBlock(block);
  const [args, result, ...more] = records[text - facts.texts.starts[block]].split("\x1f");
  const record = { args, result: result ? result.slice(1) : null };
  for (const pair of more) {
    const tab = pair.indexOf("\t");
    record[pair.slice(0, tab)] = pair.slice(tab + 1);
  }
  return record;
}

// The call's number; one that is too long to count with is text.
const idOf = (row) => facts.long_ids[row] ?? `${rows.id[row]}`;
const isBundle = (row) => (rows.flags[row] & BUNDLE) !== 0;
const isFailed = (row) => (rows.flags[row] & FAILED) !== 0;
// Whether only its end was recorded, as at level ERROR.
const isOpenStart = (row) => (rows.flags[row] & INCOMPLETE) !== 0;
const endOf = (row) => rows.start[row] + rows.duration[row];

function nameOf(row) {
  if (isBundle(row)) {
    const of = rows.func[row] < 0 ? "short calls" : `short calls of ${functions[rows.func[row]].name}`;
    return `${number(rows.calls[row])} ${of}`;
  }
  return functions[rows.func[row]].name;
}

const moduleOf = (row) => (rows.func[row] < 0 ? "" : functions[rows.func[row]].module);
const colourOf = (row) => (rows.func[row] < 0 ? paints.bundle : paints.functions[rows.func[row]]);
// Of a generator the time below may be more than its own: it runs only in between.
const ownTime = (row) => Math.max(rows.duration[row] - rows.below[row], 0);
