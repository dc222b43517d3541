// Exceptions by type and place, each with the calls that led to the first of them and its traceback.

function drawFailures() {
  const groups = facts.failures.map(failureGroup);
  const parts = groups.length ? groups : [make("p", { class: "empty" }, "No call ended in an exception.")];
  if (facts.failures_left_out)
    parts.push(
      make(
        "p",
        { class: "hint" },
        `${plural(facts.failures_left_out, "more kind")} of exceptions are not listed here; glimpse errors -n 0 lists all.`,
      ),
    );
  byId("failures").replaceChildren(...parts);
  byId("failure-count").textContent = facts.exceptions ? number(facts.exceptions) : "";
}

function failureGroup(group, index) {
  const summary = make(
    "summary",
    {},
    make("span", { class: "times" }, `${number(group.count)}×`),
    make(
      "span",
      { class: "kind" },
      make("strong", {}, group.type || "exception"),
      group.messages.length && group.messages[0][0] ? `: ${group.messages[0][0]}` : "",
    ),
    make("span", { class: "module" }, placeOf(group)),
  );
  const element = make("details", { class: "failure", open: index === 0 }, summary);
  const fill = () => element.open && element.children.length === 1 && element.append(...failureParts(group));
  element.addEventListener("toggle", fill);
  fill();
  return element;
}

function placeOf(group) {
  const name = group.function >= 0 ? functions[group.function].full : "";
  return `in ${name}${group.line === null ? "" : `, line ${group.line}`}`;
}

function failureParts(group) {
  const parts = [];
  if (group.messages.length > 1 || group.more_messages) {
    const items = group.messages.map(([message, count]) =>
      make("li", {}, make("span", { class: "times" }, `${number(count)}×`), message),
    );
    if (group.more_messages)
      items.push(make("li", { class: "hint" }, `and ${plural(group.more_messages, "other message")}`));
    parts.push(section("Messages", make("ul", { class: "messages" }, ...items)));
  }
  const steps = group.path.map(pathStep);
  parts.push(
    section(
      group.count > 1 ? "The first one, by the calls that led to it" : "The calls that led to it",
      make("ol", { class: "path" }, ...steps),
    ),
  );
  const caught = group.caught ? `It did not leave ${group.caught}.` : "It left every call in the trace.";
  const when =
    group.count > 1
      ? `From ${group.first} to ${group.last} UTC, in ${group.threads.join(", ")}. `
      : `At ${group.first} UTC, in ${group.threads.join(", ")}. `;
  parts.push(make("p", { class: "hint" }, when + caught));
  if (group.traceback) parts.push(section("Traceback", code(group.traceback, "traceback")));
  const shown = group.path[group.path.length - 1][0];
  const actions = [button("Show on the timeline", () => openRow(shown))];
  if (group.count > 1 && group.function >= 0) actions.push(button("Go to the next one", () => nextFailure(group)));
  parts.push(make("div", { class: "actions" }, ...actions));
  return parts;
}

function pathStep(step) {
  if (typeof step === "number") return make("li", { class: "hint" }, `… ${plural(step, "more call")}`);
  const [row, name, args, failed] = step;
  const bare = name.slice(name.lastIndexOf(".") + 1);
  const text = make(
    "span",
    {},
    make("span", { class: "name" }, name),
    make("span", { class: "args" }, args.startsWith(`${bare}(`) ? args.slice(bare.length) : ""),
  );
  const mark = make(
    "span",
    { class: failed ? "mark bad" : "mark", role: "img", "aria-label": failed ? "the exception left it" : "it went on" },
    failed ? "✗" : "·",
  );
  return make(
    "li",
    {},
    make("button", { type: "button", class: "link", on: { click: () => openRow(row) } }, mark, text),
  );
}

function openRow(row) {
  if (!state.ready || row < 0) return;
  showView("timeline");
  select(row, { reveal: true });
}

// The next failed call of the function after the selected one, round and round.
function nextFailure(group) {
  if (!state.ready) return;
  for (let tries = 1; tries <= rows.count; tries++) {
    const row = (Math.max(state.selected, 0) + tries) % rows.count;
    if (rows.func[row] === group.function && isFailed(row)) {
      select(row);
      return;
    }
  }
}

drawFailures();
