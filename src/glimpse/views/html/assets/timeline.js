// The timeline: which stretch of time is shown, how it moves, and when it is drawn.

const view = { from: 0, to: 1, hover: -1 };
const span = Math.max(facts.span_ns, 1000) * 1.002;
const SHORTEST = 100;
const MOVE_MS = 180;
let drawing = 0;
let moving = 0;
let flameBox = { width: 0, height: 0, top: 0 };

function startTimeline() {
  const several = facts.processes > 1;
  layout.lanes = facts.lanes.map((lane, index) => ({
    index,
    folded: false,
    name: lane.name,
    detail: laneDetail(lane, index, several),
  }));
  layout.lanes = layout.lanes.filter((lane) => depthOf(lane.index) > 0);
  layOut();
  view.from = 0;
  view.to = span;
  fillLegend();
  resizeTimeline();
  drawMinimapBackground();
}

function laneDetail(lane, index, several) {
  const from = tracks.from[tracks.first[index]];
  const to = tracks.from[tracks.first[index + 1]];
  let calls = 0;
  for (let place = from; place < to; place++) calls += rows.calls[tracks.row[place]];
  const failures =
    firstAbove(tracks.failed, to, 0, tracks.failed.length, true) -
    firstAbove(tracks.failed, from, 0, tracks.failed.length, true);
  const parts = [plural(calls, "call")];
  if (lane.tasks > 1) parts.unshift(plural(lane.tasks, "task"));
  if (several || lane.service) parts.unshift(lane.service || `pid ${lane.pid}`);
  if (failures) parts.push(`${number(failures)} failed`);
  return parts.join("  ·  ");
}

// Shows the busiest modules with their colours; a click finds their calls.
function fillLegend() {
  const items = [...modules.values()].slice(0, 12).map((module) => {
    const chip = make("span", { class: "chip", "data-module": module.rank });
    return make(
      "li",
      {},
      make(
        "button",
        {
          type: "button",
          on: { click: () => searchFor(module.name) },
          title: `Find calls in ${module.name || "this module"}`,
        },
        chip,
        module.name || "(no module)",
      ),
    );
  });
  if (modules.size > 12) items.push(make("li", { class: "hint" }, `and ${plural(modules.size - 12, "more module")}`));
  byId("legend").replaceChildren(...items);
  paintChips();
}

function paintChips() {
  for (const chip of document.querySelectorAll(".chip[data-module]"))
    chip.style.backgroundColor = paints.modules[Number(chip.dataset.module)];
}

function resizeTimeline() {
  const lanes = byId("lanes");
  if (!lanes.clientWidth || !state.ready) return;
  byId("spread").style.height = `${Math.max(layout.height, lanes.clientHeight)}px`;
  flameBox = { width: lanes.clientWidth, height: lanes.clientHeight, top: lanes.scrollTop };
  drawMinimapBackground();
  redraw();
}

function redraw() {
  if (drawing || !state.ready || state.view !== "timeline") return;
  drawing = requestAnimationFrame(() => {
    drawing = 0;
    flameBox.top = byId("lanes").scrollTop;
    drawFlame(byId("flame"), flameBox, view);
    drawAxis();
    drawMinimap();
  });
}

function drawAxis() {
  const canvas = byId("axis");
  const width = flameBox.width;
  const context = prepared(canvas, width, 24);
  const scale = width / (view.to - view.from);
  context.font = `11px ${FONT}`;
  context.textBaseline = "middle";
  const marks = ticks(view, width);
  for (const tick of marks) {
    const x = Math.round((tick - view.from) * scale);
    context.fillStyle = paints.line;
    context.fillRect(x, 16, 1, 8);
    context.fillStyle = paints.soft;
    if (x < width - 150 || width < 600) context.fillText(axisLabel(tick, marks.step), x + 4, 12);
  }
}

// A moment on the axis, with as many digits as tell neighbours apart.
function axisLabel(tick, step) {
  if (tick === 0) return "0";
  if (step >= 1e9) return duration(tick).replace(/\.0 /, " ");
  const [size, unit] = [
    [1e9, "s"],
    [1e6, "ms"],
    [1e3, "µs"],
  ].find(([each]) => tick >= each) || [1, "ns"];
  const digits = Math.max(Math.ceil(-Math.log10(step / size) - 1e-9), 0);
  return `${(tick / size).toFixed(digits)} ${unit}`;
}

function clamped(from, to) {
  let width = Math.min(Math.max(to - from, SHORTEST), span);
  from = Math.min(Math.max(from, 0), span - width);
  return [from, from + width];
}

function show(from, to, { animate = false } = {}) {
  [from, to] = clamped(from, to);
  cancelAnimationFrame(moving);
  if (!animate || calm.matches) {
    view.from = from;
    view.to = to;
    return redraw();
  }
  const before = { ...view };
  const start = performance.now();
  const step = (now) => {
    const share = Math.min((now - start) / MOVE_MS, 1);
    const eased = 1 - (1 - share) ** 3;
    view.from = before.from + (from - before.from) * eased;
    view.to = before.to + (to - before.to) * eased;
    if (share < 1) moving = requestAnimationFrame(step);
    redraw();
  };
  moving = requestAnimationFrame(step);
  return undefined;
}

function zoom(factor, share = 0.5, animate = false) {
  const at = view.from + (view.to - view.from) * share;
  show(at - (at - view.from) * factor, at + (view.to - at) * factor, { animate });
}

const pan = (ns, animate = false) => show(view.from + ns, view.to + ns, { animate });

// Brings a call into sight; with fit, it fills most of the width.
function reveal(row, fit = false) {
  if (!state.ready) return;
  const width = view.to - view.from;
  const from = rows.start[row];
  const to = endOf(row);
  const outside = to < view.from + width * 0.02 || from > view.to - width * 0.02;
  if (to > from && (fit || to - from < width / 300)) {
    const room = Math.max((to - from) * (fit ? 0.08 : 8), SHORTEST / 2);
    show(from - room, to + room, { animate: true });
  } else if (outside || to - from > width) {
    const shown = Math.max(width, (to - from) * 1.1);
    show((from + to) / 2 - shown / 2, (from + to) / 2 + shown / 2, { animate: true });
  }
  revealLane(row);
  redraw();
}

function revealLane(row) {
  const at = layout.lanes.findIndex((lane) => lane.index === rows.lane[row]);
  const lane = layout.lanes[at];
  const level = firstAbove(tracks.from, tracks.place[row], 0, tracks.from.length) - 1 - tracks.first[lane.index];
  if (lane.folded && level > 0) foldLane(lane, false);
  const y = layout.y[at] + HEAD + level * ROW;
  const scroller = byId("lanes");
  if (y < scroller.scrollTop + HEAD) scroller.scrollTop = level < 6 ? layout.y[at] : y - HEAD - 3 * ROW;
  else if (y + ROW > scroller.scrollTop + scroller.clientHeight)
    scroller.scrollTop = y - scroller.clientHeight + 4 * ROW;
}

function foldLane(lane, folded) {
  lane.folded = folded;
  layOut();
  resizeTimeline();
}

on("ready", startTimeline);
on("theme", () => {
  paintChips();
  drawMinimapBackground();
  redraw();
});
on("search", redraw);
on("select", ({ row, reveal: wanted }) => (row >= 0 && wanted && state.view === "timeline" ? reveal(row) : redraw()));
new ResizeObserver(resizeTimeline).observe(byId("lanes"));
byId("lanes").addEventListener("scroll", redraw, { passive: true });
byId("zoom-in").addEventListener("click", () => zoom(0.5, 0.5, true));
byId("zoom-out").addEventListener("click", () => zoom(2, 0.5, true));
byId("zoom-all").addEventListener("click", () => show(0, span, { animate: true }));
