"""The calls that a selection chooses, as events in the order in which they happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from glimpse.traces.calls import ENDED, STARTED, Call, CallEvent
from glimpse.traces.filters import Selection

__all__ = ["chosen", "chosen_at_the_end", "reads_twice"]


def reads_twice(selection: Selection) -> bool:
    """Whether calls are chosen by how they end, which is not known yet where they start."""
    return bool(selection.min_ms or selection.errors)


def chosen(read: Callable[[], Iterable[CallEvent]], selection: Selection) -> Iterable[CallEvent]:
    """What happens to the calls that are chosen, and to all below one that is chosen by function or arguments.

    :param read: gives the events of the trace, each time from the beginning; asked twice if ``reads_twice``.
    """
    if selection.everything:
        return read()
    started = _started(read(), selection)
    if reads_twice(selection):
        kept = {place for place, event, call in started if event == ENDED and selection.keeps(call)}
        return ((event, call) for place, event, call in _started(read(), selection) if place in kept)
    return ((event, call) for _, event, call in started)


def chosen_at_the_end(events: Iterable[CallEvent], selection: Selection) -> Iterator[CallEvent]:
    """The same calls in one reading: each begins for the reader when it has ended, after those that it made."""
    for _, event, call in _started(events, selection):
        if event == ENDED and selection.keeps(call):
            yield STARTED, call
            yield ENDED, call


def _started(events: Iterable[CallEvent], selection: Selection) -> Iterator[tuple[int, str, Call]]:
    """The events of calls that are chosen by what is known when they start; each call with its place in the trace."""
    inside: dict[Call, tuple[bool, int]] = {}
    for place, (event, call) in enumerate(events):
        if event == STARTED:
            below = call.parent is not None and selection.focused and inside.get(call.parent, (False, 0))[0]
            focus = below or selection.in_focus(call)
            inside[call] = focus, place
        if call not in inside:
            continue
        focus, first = inside.pop(call) if event == ENDED else inside[call]
        if focus and selection.in_scope(call) and (selection.depth is None or call.depth <= selection.depth):
            yield first, event, call
