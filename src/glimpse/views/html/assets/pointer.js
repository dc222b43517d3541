// Mouse, pen and fingers on the timeline: drag, pinch, wheel, click; and the words beside the pointer.

const CLICK_PX = 5;
const pointers = new Map();
let dragged = 0;
let brush = null;
const lanesBox = byId("lanes");
const tooltip = byId("tooltip");

function positionIn(element, event) {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

lanesBox.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !state.ready || event.offsetX > flameBox.width) return;
  pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  if (pointers.size === 1) dragged = 0;
  hideTooltip();
});

addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const now = { x: event.clientX, y: event.clientY };
  if (pointers.size === 2) pinch(event.pointerId, before, now);
  else drag(event, before, now);
  pointers.set(event.pointerId, now);
});

function drag(event, before, now) {
  dragged += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
  if (dragged < CLICK_PX) return;
  lanesBox.classList.add("dragging");
  pan((-(now.x - before.x) * (view.to - view.from)) / flameBox.width);
  if (event.pointerType === "mouse") lanesBox.scrollTop -= now.y - before.y;
}

function pinch(id, before, now) {
  dragged = CLICK_PX;
  const other = [...pointers].find(([each]) => each !== id)[1];
  const left = lanesBox.getBoundingClientRect().left;
  const distance = (point) => Math.max(Math.abs(point.x - other.x), 10);
  const share = ((now.x + other.x) / 2 - left) / flameBox.width;
  zoom(distance(before) / distance(now), share);
}

function release(event) {
  if (!pointers.delete(event.pointerId)) return;
  lanesBox.classList.remove("dragging");
  if (event.type === "pointerup" && dragged < CLICK_PX && pointers.size === 0) click(event);
}
addEventListener("pointerup", release);
addEventListener("pointercancel", release);

function click(event) {
  const { x, y } = positionIn(lanesBox, event);
  const target = hit(x, y, view, flameBox);
  if (!target) select(-1);
  else if (target.lane) foldLane(target.lane, !target.lane.folded);
  else if (target.row !== undefined) select(target.row);
  else show(...around(target), { animate: true });
}

// The stretch of several calls in one pixel, with a little room.
function around(target) {
  const from = tracks.start[target.from];
  const to = tracks.end[target.to - 1];
  const room = Math.max((to - from) * 0.1, SHORTEST / 2);
  return [from - room, to + room];
}

lanesBox.addEventListener("dblclick", (event) => {
  const { x, y } = positionIn(lanesBox, event);
  const target = hit(x, y, view, flameBox);
  if (target && target.row !== undefined) reveal(target.row, true);
});

lanesBox.addEventListener(
  "wheel",
  (event) => {
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const zooming = event.ctrlKey || event.metaKey || event.altKey || lanesBox.scrollHeight <= lanesBox.clientHeight;
    if (!sideways && !zooming) return;
    event.preventDefault();
    const pixels = event.deltaMode ? 16 : 1;
    if (sideways) pan(((event.deltaX || event.deltaY) * pixels * (view.to - view.from)) / flameBox.width);
    else
      zoom(
        1.0025 ** (Math.max(Math.min(event.deltaY * pixels, 300), -300) * (event.ctrlKey ? 2 : 1)),
        positionIn(lanesBox, event).x / flameBox.width,
      );
  },
  { passive: false },
);

lanesBox.addEventListener("mousemove", (event) => {
  if (!state.ready || pointers.size) return;
  const { x, y } = positionIn(lanesBox, event);
  const target = x <= flameBox.width ? hit(x, y, view, flameBox) : null;
  const row = target && target.row !== undefined ? target.row : -1;
  lanesBox.style.cursor = target ? "pointer" : "";
  if (row !== view.hover) {
    view.hover = row;
    redraw();
  }
  if (!target || target.lane) hideTooltip();
  else showTooltip(event, target);
});
lanesBox.addEventListener("mouseleave", () => {
  view.hover = -1;
  hideTooltip();
  redraw();
});

function hideTooltip() {
  tooltip.hidden = true;
  tooltip.dataset.row = "";
}

function showTooltip(event, target) {
  const key = target.row !== undefined ? `${target.row}` : `${target.from}-${target.to}`;
  if (tooltip.dataset.row !== key) {
    tooltip.dataset.row = key;
    if (target.row !== undefined) fillTooltip(target.row, key);
    else fillManyTooltip(target);
  }
  tooltip.hidden = false;
  const { width, height } = tooltip.getBoundingClientRect();
  const x = event.clientX + 14 + width > innerWidth ? event.clientX - width - 10 : event.clientX + 14;
  const y = event.clientY + 18 + height > innerHeight ? event.clientY - height - 10 : event.clientY + 18;
  tooltip.style.transform = `translate(${Math.max(x, 4)}px, ${Math.max(y, 4)}px)`;
}

function fillManyTooltip({ from, to }) {
  const busy = tracks.busy[to] - tracks.busy[from];
  let calls = 0;
  for (let place = from; place < Math.min(to, from + 100000); place++) calls += rows.calls[tracks.row[place]];
  tooltip.replaceChildren(
    make("strong", {}, `${plural(calls, "call")} in this pixel`),
    make("span", { class: "time" }, duration(busy)),
    make("p", {}, "Click to zoom in on them"),
  );
}

async function fillTooltip(row, key) {
  const head = [
    make("strong", {}, nameOf(row)),
    make("span", { class: "time" }, duration(rows.duration[row])),
    make("p", { class: "module" }, moduleOf(row)),
  ];
  tooltip.replaceChildren(...head);
  const record = isBundle(row) ? null : await recordOf(row);
  if (!record || tooltip.dataset.row !== key) return;
  const outcome =
    record.error !== undefined
      ? make("p", { class: "bad" }, `✗ ${record.error}: ${record.message}`)
      : record.result !== null && make("p", { class: "mono" }, `→ ${record.result}`);
  tooltip.replaceChildren(...head, make("p", { class: "mono" }, record.args), outcome || "");
}
