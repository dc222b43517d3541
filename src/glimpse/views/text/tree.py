"""The call tree as text: how long, what was called, what came of it, and under which number to look closer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from glimpse.traces.calls import Call
from glimpse.traces.records import epoch_us
from glimpse.traces.tree import Fold, Node, Totals, Track
from glimpse.views.text.naming import call_text, local_name, outcome_text, split_function
from glimpse.views.text.style import Style, cells, clean, count_of, duration, fit, fit_left

__all__ = ["fold_text", "heading", "totals_line", "tree_lines", "trees_text"]

TIME_WIDTH: Final = 9
_RESULT_SHARE: Final = 0.4
_ERROR_SHARE: Final = 0.65
_NEGLIGIBLE: Final = 0.01
_LARGE: Final = 0.5
_OUTLIER: Final = 2
CONTEXT: Final = 20


@dataclass(slots=True, frozen=True)
class _Place:
    """Where in the tree a line stands. ``prefix`` begins the lines below it."""

    prefix: str = ""
    branch: str = ""
    module: str | None = None


def trees_text(
    trees: Iterable[tuple[Track, Node | Fold]],
    style: Style,
    *,
    why_hidden: str = "deeper than --depth",
    why_missing: str = "is not in the trace",
) -> Iterator[str]:
    """The lines of all trees, each thread below its heading.

    :param why_missing: what is said of the caller of a root, if it is not known.
    :param why_hidden: what is said of calls that are left out below one that is shown.
    """
    shown: Track | None = None
    context = ""
    for track, tree in trees:
        if track is not shown:
            if shown is not None:
                yield ""
            yield style.paint(fit(heading(track), style.width or 10**6), "bold")
            shown, context = track, ""
        if isinstance(tree, Node):
            above = _context(tree.call, why_missing)
            if above and above != context:
                yield style.paint(" " * TIME_WIDTH + fit_left(above, _room(style) or 10**6), "dim")
            context = above
        yield from tree_lines(tree, style, why_hidden)


def heading(track: Track) -> str:
    """The line above the trees of a thread."""
    parts = [clean(track.thread), f"pid {track.pid}", *([clean(track.service)] if track.service else [])]
    return " · ".join(parts)


def totals_line(totals: Totals) -> str:
    """The line below the trees: what the whole trace holds."""
    begin, end = epoch_us(totals.first), epoch_us(totals.last)
    text = f"{count_of(totals.calls, 'call')} of {count_of(len(totals.functions), 'function')}"
    if begin is not None and end is not None:
        text += f" in {duration((end - begin) / 1000)}"
    if totals.failed:
        text += f" · {totals.failed:,} ended in an exception"
    if totals.unfinished:
        text += f" · {totals.unfinished:,} unfinished"
    return text


def tree_lines(tree: Node | Fold, style: Style, why_hidden: str = "deeper than --depth") -> Iterator[str]:
    """The lines of one tree."""
    whole = tree.call.duration_ms if isinstance(tree, Node) else None
    waiting: list[tuple[Node | Fold, _Place]] = [(tree, _Place())]
    while waiting:
        item, place = waiting.pop()
        if isinstance(item, Fold):
            yield _fold_line(item, place, style)
            continue
        yield _call_line(item, place, whole, style)
        waiting.extend(reversed(list(_below(item, place, style))))
        if item.hidden:
            text = f"… {count_of(item.hidden, 'call')} below, {why_hidden}"
            yield _line("", place.prefix + ("  " if not item.children else "│ "), text, "", style, ("dim",))


def _below(node: Node, place: _Place, style: Style) -> Iterator[tuple[Node | Fold, _Place]]:
    module = split_function(node.call.function)[0]
    last = len(node.children) - 1
    deepest = (_room(style) or 10**6) // 2
    for position, child in enumerate(node):
        branch, below = ("└ ", "  ") if position == last else ("├ ", "│ ")
        prefix = place.prefix
        if cells(prefix) >= deepest:
            prefix, branch, below = prefix[:-6] + "  ", f"{node.level + 1}> ", ""
            branch = branch.rjust(6)[-6:]
            yield child, _Place(place.prefix, prefix[: deepest - 6] + branch, module)
            continue
        yield child, _Place(prefix + below, prefix + branch, module)


def _call_line(node: Node, place: _Place, whole: float | None, style: Style) -> str:
    call = node.call
    text = call_text(call, place.module)
    if call.parent is not None and call.task is not None and call.task != call.parent.task:
        text = f"[{clean(call.task)}] {text}"
    if call.parent is not None and (call.pid, call.service) != (call.parent.pid, call.parent.service):
        text = f"[{clean(call.service or '')} pid {call.pid}] {text}"
    outcome = outcome_text(call, brief=node.passed_on)
    colours = ("red",) if call.failed else ("yellow",) if not call.finished else ("green",)
    share = (call.duration_ms or 0.0) / whole if whole else 1.0
    time = duration(call.duration_ms) if call.duration_ms is not None else ""
    weight = ("bold",) if share >= _LARGE else ("dim",) if share < _NEGLIGIBLE else ()
    return _line(time, place.branch, text, outcome, style, weight, colours, f"#{call.call_id}" if style.numbers else "")


def fold_text(fold: Fold, *, numbers: bool = True) -> str:
    """What a fold holds, in words; with ``numbers``, also which of the calls was the slowest."""
    name = local_name(fold.function)
    if fold.recursion:
        text = f"↻ {count_of(fold.size, 'call')} deeper in the recursion of {name}, {count_of(fold.levels, 'level')}"
    else:
        text = f"… {count_of(fold.calls, 'more call')} of {name}"
    text += f", {duration(fold.total_ms)}"
    if not fold.recursion and fold.slowest_ms * fold.calls > _OUTLIER * fold.total_ms:
        text += f", slowest {duration(fold.slowest_ms)}" + (f" #{fold.slowest_id}" if numbers else "")
    return text


def _fold_line(fold: Fold, place: _Place, style: Style) -> str:
    outcome = f"✗ {fold.failed:,} failed" if fold.failed else ""
    if fold.unfinished:
        outcome = f"{outcome} ▶ {fold.unfinished:,} unfinished".strip()
    time = duration(fold.total_ms)
    return _line(
        time,
        place.branch,
        fold_text(fold, numbers=style.numbers),
        outcome,
        style,
        ("dim",),
        ("red",) if fold.failed else (),
    )


def _line(
    time: str,
    branch: str,
    text: str,
    outcome: str,
    style: Style,
    weight: tuple[str, ...] = (),
    colours: tuple[str, ...] = (),
    mark: str = "",
) -> str:
    """One line, its parts cut so that it fits: the branch and the number stay, the call and its outcome share."""
    room = _room(style)
    if room:
        room -= cells(branch) + (len(mark) + 2 if mark else 0)
        text, outcome = _share(text, outcome, max(room, 8), _ERROR_SHARE if "red" in colours else _RESULT_SHARE)
    line = f"{style.paint(time.rjust(TIME_WIDTH - 2), *weight)}  {style.paint(branch, 'dim')}"
    line += style.paint(text, "dim") if "dim" in weight and not mark else text
    used = cells(branch) + cells(text)
    if outcome:
        sign, _, rest = outcome.partition(" ")
        line += " " + style.paint(f"{sign} {rest}", *colours)
        used += 1 + cells(outcome)
    if mark:
        gap = max(style.width - TIME_WIDTH - used - len(mark), 2) if style.width else 2
        line += " " * gap + style.paint(mark, "dim")
    return line.rstrip()


def _share(text: str, outcome: str, room: int, share: float) -> tuple[str, str]:
    if not outcome:
        return fit(text, room), ""
    if cells(text) + 1 + cells(outcome) <= room:
        return text, outcome
    for_outcome = max(room - 1 - cells(text), min(cells(outcome), int(room * share)))
    outcome = fit(outcome, for_outcome)
    return fit(text, room - 1 - cells(outcome)), outcome


def _room(style: Style) -> int:
    return style.width - TIME_WIDTH if style.width else 0


def _context(call: Call, why_missing: str) -> str:
    """The calls around a root that are not shown themselves."""
    above = call.path()[:-1]
    if above:
        names = [local_name(outer.function) for outer in above[-CONTEXT:]]
        return "in " + ("… › " if len(above) > CONTEXT else "") + " › ".join(names)
    if call.parent_id is not None:
        return f"in call #{call.parent_id}, which {why_missing}"
    if call.parent_span_id is not None:
        return f"called from span {clean(call.parent_span_id)}, which {why_missing}"
    return ""
