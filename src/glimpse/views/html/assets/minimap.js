// The whole trace in a strip: how many lanes are busy, where it failed, and which part the timeline shows.

const minimap = byId("minimap");
const MINIMAP_HEIGHT = 44;
const HANDLE = 6;
let minimapBins = null;
let minimapDrag = null;

function drawMinimapBackground() {
  const width = minimap.parentElement.clientWidth;
  if (!width || !state.ready) return;
  if (!minimapBins || minimapBins.busy.length !== width) minimapBins = bins(width);
}

// For each pixel: the time that outermost calls fill in it, over all lanes, and whether a call failed.
function bins(width) {
  const busy = new Float64Array(width);
  const failed = new Uint8Array(width);
  const ns = span / width;
  for (const lane of layout.lanes) {
    const track = tracks.first[lane.index];
    addBusy(busy, tracks.from[track], tracks.from[track + 1], ns);
  }
  for (const place of tracks.failed) failed[Math.min(Math.floor(tracks.start[place] / ns), width - 1)] = 1;
  let most = 0;
  for (const each of busy) most = Math.max(most, each);
  return { busy, failed, most: most || 1 };
}

function addBusy(busy, from, to, ns) {
  for (let place = from; place < to; place++) {
    const first = Math.floor(tracks.start[place] / ns);
    const last = Math.min(Math.floor(tracks.end[place] / ns), busy.length - 1);
    for (let bin = first; bin <= last; bin++) {
      busy[bin] += Math.max(Math.min(tracks.end[place], (bin + 1) * ns) - Math.max(tracks.start[place], bin * ns), 0);
    }
  }
}

function drawMinimap() {
  const width = minimap.parentElement.clientWidth;
  if (!minimapBins || !width) return;
  const context = prepared(minimap, width, MINIMAP_HEIGHT);
  context.fillStyle = paints.faint;
  for (let x = 0; x < minimapBins.busy.length; x++) {
    const height = (minimapBins.busy[x] / minimapBins.most) * (MINIMAP_HEIGHT - 12);
    if (height > 0) context.fillRect(x, MINIMAP_HEIGHT - 2 - Math.max(height, 1), 1, Math.max(height, 1));
  }
  context.fillStyle = paints.bad;
  for (let x = 0; x < minimapBins.failed.length; x++) if (minimapBins.failed[x]) context.fillRect(x - 0.5, 2, 2, 5);
  const from = (view.from / span) * width;
  const to = (view.to / span) * width;
  context.fillStyle = paints.veil;
  context.fillRect(0, 0, from, MINIMAP_HEIGHT);
  context.fillRect(to, 0, width - to, MINIMAP_HEIGHT);
  context.strokeStyle = paints.accent;
  context.lineWidth = 1.5;
  context.strokeRect(from + 0.75, 0.75, Math.max(to - from - 1.5, 2), MINIMAP_HEIGHT - 1.5);
}

// A drag inside the frame moves it; outside, or while all is shown, it chooses a new stretch.
minimap.addEventListener("pointerdown", (event) => {
  if (!state.ready) return;
  const width = minimap.parentElement.clientWidth;
  const { x } = positionIn(minimap, event);
  const from = (view.from / span) * width;
  const to = (view.to / span) * width;
  const all = view.to - view.from > span * 0.99;
  const inside = x > from - HANDLE && x < Math.max(to, from + 2) + HANDLE && !all;
  minimapDrag = { x, inside, offset: x - from, width };
  minimap.setPointerCapture(event.pointerId);
});
minimap.addEventListener("pointermove", (event) => {
  if (!minimapDrag) return;
  const { x } = positionIn(minimap, event);
  const { width } = minimapDrag;
  const ns = span / width;
  if (minimapDrag.inside) show((x - minimapDrag.offset) * ns, (x - minimapDrag.offset) * ns + view.to - view.from);
  else if (Math.abs(x - minimapDrag.x) > 3) show(Math.min(x, minimapDrag.x) * ns, Math.max(x, minimapDrag.x) * ns);
});
minimap.addEventListener("pointerup", (event) => {
  if (!minimapDrag) return;
  const { x } = positionIn(minimap, event);
  const ns = span / minimapDrag.width;
  const width = view.to - view.from;
  if (!minimapDrag.inside && Math.abs(x - minimapDrag.x) <= 3)
    show(x * ns - width / 2, x * ns + width / 2, { animate: true });
  minimapDrag = null;
});
