"""The call tree in Markdown, for issues, chats and documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from glimpse.traces.tree import Fold, Node, Track
from glimpse.views.text.naming import call_text, outcome_text, split_function
from glimpse.views.text.style import code, count_of, duration, fit
from glimpse.views.text.tree import fold_text, heading

__all__ = ["tree_markdown"]

_DEEPEST = 30
_LONGEST = 100


def tree_markdown(trees: Iterable[tuple[Track, Node | Fold]]) -> Iterator[str]:
    """Nested lists, one for each thread."""
    shown: Track | None = None
    for track, tree in trees:
        if track is not shown:
            yield from (*([""] if shown is not None else []), f"### {code(heading(track))}", "")
            shown = track
        yield from _items(tree)


def _items(tree: Node | Fold) -> Iterator[str]:
    waiting: list[tuple[Node | Fold, int, str | None]] = [(tree, 0, None)]
    while waiting:
        item, level, module = waiting.pop()
        lead = "  " * min(level, _DEEPEST) + "- "
        if isinstance(item, Fold):
            yield f"{lead}*{fold_text(item)}*"
            continue
        call = item.call
        outcome = outcome_text(call, brief=item.passed_on)
        took = f" **{duration(call.duration_ms)}**" if call.duration_ms is not None else ""
        text = code(fit(call_text(call, module), _LONGEST)) + (f" {code(fit(outcome, _LONGEST))}" if outcome else "")
        yield f"{lead}{text}{took} (#{call.call_id})"
        if item.hidden:
            yield f"{'  ' * min(level + 1, _DEEPEST)}- *{count_of(item.hidden, 'call')} below*"
        own = split_function(call.function)[0]
        waiting.extend((child, level + 1, own) for child in reversed(list(item)))
