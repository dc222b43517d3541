// Draws the lanes. What is narrower than a pixel is drawn together, by how much of the time is filled; nothing is left
// out, and the cost depends on the pixels, not on the calls.

const ROW = 20;
const HEAD = 26;
const GAP = 10;
const NARROWEST = 1.5;
const BUCKET = 2;
const LABEL = 26;
const layout = { y: [], lanes: [], height: 0 };
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const textWidths = new Map();

const depthOf = (lane) => tracks.first[lane + 1] - tracks.first[lane];

function layOut() {
  let y = 0;
  layout.y = [];
  for (const lane of layout.lanes) {
    layout.y.push(y);
    y += HEAD + (lane.folded ? 1 : depthOf(lane.index)) * ROW + GAP;
  }
  layout.height = y;
}

// A canvas as sharp as the screen; gives its drawing context, cleared, in CSS pixels.
function prepared(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

function drawFlame(canvas, box, view) {
  const context = prepared(canvas, box.width, box.height);
  const scale = box.width / (view.to - view.from);
  const frame = { context, view, scale, width: box.width, hover: view.hover };
  drawGrid(context, view, scale, box);
  const first = Math.max(firstAbove(layout.y, box.top, 0, layout.y.length) - 1, 0);
  for (let at = first; at < layout.lanes.length && layout.y[at] < box.top + box.height; at++) {
    drawLane(frame, layout.lanes[at], layout.y[at] - box.top, box.height);
  }
}

function drawGrid(context, view, scale, box) {
  context.fillStyle = paints.line;
  for (const tick of ticks(view, box.width)) {
    context.fillRect(Math.round((tick - view.from) * scale), 0, 1, box.height);
  }
}

function drawLane(frame, lane, y, height) {
  const depth = lane.folded ? 1 : depthOf(lane.index);
  const from = Math.max(0, Math.floor((-y - HEAD) / ROW));
  const to = Math.min(depth, Math.ceil((height - y - HEAD) / ROW));
  for (let level = from; level < to; level++) {
    const track = tracks.first[lane.index] + level;
    drawTrack(frame, tracks.from[track], tracks.from[track + 1], y + HEAD + level * ROW);
  }
  const bottom = y + HEAD + depth * ROW + GAP;
  drawHead(frame, lane, Math.min(Math.max(y, 0), bottom - HEAD));
}

function drawHead(frame, lane, y) {
  const { context, width } = frame;
  const { name, detail } = lane;
  context.fillStyle = paints.veil;
  context.fillRect(0, y, width, HEAD - 2);
  context.fillStyle = paints.soft;
  context.beginPath();
  const corners = lane.folded
    ? [
        [9, 8],
        [14, 12.5],
        [9, 17],
      ]
    : [
        [7, 10],
        [16, 10],
        [11.5, 15.5],
      ];
  for (const [right, down] of corners) context.lineTo(right, y + down);
  context.fill();
  context.textBaseline = "middle";
  context.font = `600 12px ${FONT}`;
  context.fillStyle = paints.ink;
  context.fillText(name, 22, y + 13);
  const after = 22 + context.measureText(name).width + 10;
  context.font = `12px ${FONT}`;
  context.fillStyle = paints.soft;
  context.fillText(detail, after, y + 13);
}

function drawTrack(frame, from, to, y) {
  const { view, scale, context } = frame;
  let at = firstAbove(tracks.end, view.from, from, to, true);
  context.font = `11.5px ${FONT}`;
  context.textBaseline = "middle";
  while (at < to && tracks.start[at] < view.to) {
    const x = (tracks.start[at] - view.from) * scale;
    const width = (tracks.end[at] - tracks.start[at]) * scale;
    if (width >= NARROWEST) {
      drawCall(frame, tracks.row[at], x, y, width);
      at++;
    } else {
      at = drawBucket(frame, at, to, x, y);
    }
  }
}

// Draws the calls that begin in the same two pixels as one stroke; gives the place of the first one after them.
function drawBucket(frame, at, to, x, y) {
  const { context, view, scale } = frame;
  const left = Math.floor(x / BUCKET) * BUCKET;
  const limit = view.from + (left + BUCKET) / scale;
  let next = gallop(limit, at, to);
  if (next > at + 1 && (tracks.end[next - 1] - tracks.start[next - 1]) * scale >= NARROWEST) next--; // wide: on its own
  const share = Math.min(((tracks.busy[next] - tracks.busy[at]) * scale) / BUCKET, 1);
  const failed = failedBetween(at, next);
  context.globalAlpha = found.before && !matchBetween(at, next) ? 0.12 : failed ? 1 : 0.35 + 0.65 * share;
  context.fillStyle = failed ? paints.bad : colourOf(tracks.row[at]);
  context.fillRect(left, y, next === at + 1 ? 1 : BUCKET, ROW - 1);
  context.globalAlpha = 1;
  return next;
}

// The first place from here on that begins at the limit or later.
function gallop(limit, at, to) {
  let step = 1;
  let low = at + 1;
  while (low + step < to && tracks.start[low + step] < limit) {
    low += step;
    step *= 2;
  }
  return firstAbove(tracks.start, limit, low, Math.min(low + step, to), true);
}

function failedBetween(from, to) {
  const { failed } = tracks;
  return failed[firstAbove(failed, from, 0, failed.length, true)] < to;
}

const matchBetween = (from, to) => found.before[to] > found.before[from];

function drawCall(frame, row, x, y, width) {
  const { context } = frame;
  const right = Math.min(x + width, frame.width + 4);
  const left = Math.max(x, -4);
  const shown = Math.max(right - left - (width > 4 ? 1 : 0.4), 1);
  const place = tracks.place[row];
  if (found.before && !matchBetween(place, place + 1)) context.globalAlpha = 0.22;
  context.fillStyle = colourOf(row);
  fillBar(context, left, y, shown, width > 6 ? 2.5 : 0);
  const flags = rows.flags[row];
  if (flags & FAILED) {
    context.fillStyle = paints.bad;
    context.fillRect(left, y + ROW - 4, shown, 3);
  }
  if (flags & (UNFINISHED | BUNDLE)) drawHatch(frame, left, y, shown);
  if (row === frame.hover) {
    context.fillStyle = isDark() ? "rgb(255 255 255 / .14)" : "rgb(0 0 0 / .09)";
    fillBar(context, left, y, shown, 2.5);
  }
  if (width >= LABEL) drawLabel(context, row, Math.max(x, 0), y, Math.min(x + width, frame.width) - Math.max(x, 0));
  context.globalAlpha = 1;
  if (row === state.selected) {
    context.strokeStyle = paints.accent;
    context.lineWidth = 2;
    context.strokeRect(left + 1, y + 1, Math.max(shown - 2, 1), ROW - 3);
  }
}

function fillBar(context, x, y, width, radius) {
  if (!radius || !context.roundRect) return context.fillRect(x, y, width, ROW - 1);
  context.beginPath();
  context.roundRect(x, y, width, ROW - 1, radius);
  return context.fill();
}

function drawHatch(frame, left, y, width) {
  const { context } = frame;
  context.save();
  context.beginPath();
  context.rect(left, y, width, ROW - 1);
  context.clip();
  context.strokeStyle = isDark() ? "rgb(255 255 255 / .16)" : "rgb(0 0 0 / .13)";
  context.lineWidth = 2;
  context.beginPath();
  for (let x = left - ROW - (left % 9); x < left + width; x += 9) {
    context.moveTo(x, y + ROW);
    context.lineTo(x + ROW, y);
  }
  context.stroke();
  context.restore();
}

// The name, or at least its last part, and the time if there is room for it.
function drawLabel(context, row, x, y, width) {
  const room = width - 10;
  const full = nameOf(row);
  const name = widthOf(context, full) <= room || isBundle(row) ? full : full.slice(full.lastIndexOf(".") + 1);
  const time = duration(rows.duration[row]);
  const nameWidth = widthOf(context, name);
  context.fillStyle = paints.text;
  if (nameWidth <= room) {
    context.fillText(name, x + 5, y + ROW / 2);
    const timeWidth = widthOf(context, time);
    if (nameWidth + timeWidth + 14 <= room) {
      const alpha = context.globalAlpha;
      context.globalAlpha = alpha * 0.72;
      context.fillText(time, x + 5 + nameWidth + 9, y + ROW / 2);
      context.globalAlpha = alpha;
    }
  } else {
    const fitting = Math.floor((name.length * (room - 8)) / nameWidth);
    if (fitting > 1) context.fillText(`${name.slice(0, fitting)}…`, x + 5, y + ROW / 2);
  }
}

function widthOf(context, text) {
  let width = textWidths.get(text);
  if (width === undefined) {
    if (textWidths.size > 20000) textWidths.clear();
    width = context.measureText(text).width;
    textWidths.set(text, width);
  }
  return width;
}

// Round moments for lines and labels, about a hand's breadth apart.
function ticks(view, width) {
  const wanted = ((view.to - view.from) / width) * 110;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= wanted);
  const marks = [];
  marks.step = step;
  for (let tick = Math.ceil(view.from / step) * step; tick < view.to; tick += step) marks.push(tick);
  return marks;
}

// What lies under a point of the canvas: a lane's head, a call, several calls in one pixel, or nothing.
function hit(x, y, view, box) {
  const at = firstAbove(layout.y, y + box.top, 0, layout.y.length) - 1;
  const lane = layout.lanes[at];
  if (!lane) return null;
  const inside = y + box.top - layout.y[at];
  const depth = lane.folded ? 1 : depthOf(lane.index);
  const stuck = Math.min(Math.max(layout.y[at] - box.top, 0), layout.y[at] - box.top + depth * ROW + GAP);
  if (y >= stuck && y < stuck + HEAD - 2) return { lane };
  const level = Math.floor((inside - HEAD) / ROW);
  if (level < 0 || level >= depth) return null;
  const track = tracks.first[lane.index] + level;
  return hitTrack(tracks.from[track], tracks.from[track + 1], x, view, (view.to - view.from) / box.width);
}

function hitTrack(from, to, x, view, ns) {
  const time = view.from + x * ns;
  const first = firstAbove(tracks.end, time - 1.5 * ns, from, to);
  if (first >= to || tracks.start[first] > time + 1.5 * ns) return null;
  const exact = firstAbove(tracks.end, time, first, to);
  if (exact < to && tracks.start[exact] <= time && tracks.end[exact] - tracks.start[exact] >= NARROWEST * ns) {
    return { row: tracks.row[exact] };
  }
  const last = firstAbove(tracks.start, time + 1.5 * ns, first, to);
  return last - first > 1 ? { from: first, to: last } : { row: tracks.row[first] };
}
