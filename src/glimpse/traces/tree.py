"""Call trees built while the trace is read: repeated siblings and deep recursion are folded as soon as they end.

Memory depends on the shape of what is shown, not on the number of calls; nothing here recurses.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from glimpse.traces.calls import ENDED, STARTED, Call, CallEvent, parent_key
from glimpse.traces.filters import Selection

__all__ = ["Fold", "Folding", "Node", "Totals", "Track", "TreeBuilder"]

MOST_ORPHANAGES: Final = 10_000
_marks = count()
CYCLE: Final = 8
"""Recursion through up to so many functions that call each other is seen as recursion."""


@dataclass(slots=True, frozen=True)
class Folding:
    """How much of what repeats is shown: calls of one function below one caller, and levels of recursion."""

    siblings: int = 2
    recursion: int = 3


@dataclass(slots=True, eq=False)
class Fold:
    """Calls that are shown as one line. ``size`` counts the calls below them too; times are milliseconds."""

    function: str
    recursion: bool = False
    calls: int = 0
    size: int = 0
    failed: int = 0
    unfinished: int = 0
    levels: int = 0
    total_ms: float = 0.0
    self_ms: float = 0.0
    slowest_ms: float = 0.0
    slowest_id: int = 0

    def add(self, node: Node) -> None:
        """Take a call in, with everything below it."""
        call = node.call
        self.calls += 1
        self.size += node.size
        self.failed += node.failed
        self.unfinished += not call.finished
        self.levels = max(self.levels, node.height)
        self.total_ms += call.duration_ms or 0.0
        self.self_ms += call.self_ms
        if (call.duration_ms or 0.0) >= self.slowest_ms:
            self.slowest_ms, self.slowest_id = call.duration_ms or 0.0, call.call_id
        call.node = self


@dataclass(slots=True)
class _Group:
    """The calls of one function below one caller."""

    shown: int = 0
    failed: int = 0
    spare: Node | None = None
    fold: Fold | None = None


class _Family:
    """What has calls below it, in the order in which they began."""

    __slots__ = ("children", "groups")

    def __init__(self) -> None:
        self.children: dict[int, Node | Fold] = {}
        self.groups: dict[tuple[str, bool], _Group] | None = None

    def __iter__(self) -> Iterator[Node | Fold]:
        return iter(self.children.values())

    def settle(self, node: Node, folding: Folding) -> bool:
        """Show a call that is complete, or fold it; whether it is shown for good."""
        if self.groups is None:
            self.groups = {}
        recursion = node.repeat >= folding.recursion and node.size > 2
        group = self.groups.setdefault((node.call.function, recursion), _Group())
        if not recursion:
            if node.failed and group.failed < folding.siblings:
                group.failed += 1
                return True
            if not node.failed and group.shown < folding.siblings:
                group.shown += 1
                return True
            if group.fold is None and group.spare is None:
                group.spare = node
                return False
        self._fold(node, group, recursion)
        return False

    def _fold(self, node: Node, group: _Group, recursion: bool) -> None:
        if group.fold is None:
            group.fold = Fold(node.call.function, recursion)
            if group.spare is not None:
                group.fold.add(group.spare)
                self.children[group.spare.mark] = group.fold
                group.spare = None
            else:
                self.children[node.mark] = group.fold
        if self.children.get(node.mark) is not group.fold:
            self.children.pop(node.mark, None)
        group.fold.add(node)


class Node(_Family):
    """A call in the tree. ``size`` and ``failed`` count it and all calls below; ``hidden`` those left out below."""

    __slots__ = (
        "call",
        "complete",
        "ended",
        "failed",
        "height",
        "hidden",
        "level",
        "mark",
        "open",
        "parent",
        "repeat",
        "size",
    )

    def __init__(self, call: Call, parent: _Family) -> None:
        super().__init__()
        self.mark = next(_marks)
        self.call = call
        self.parent: _Family | None = parent
        self.level = 1
        self.repeat = 0
        self.open = 0
        self.size = 1
        self.failed = 0
        self.height = 1
        self.hidden = 0
        self.ended = False
        self.complete = False

    def __repr__(self) -> str:
        return f"<Node {self.call.call_id} {self.call.function} with {self.size - 1} calls below>"

    @property
    def passed_on(self) -> bool:
        """Whether the call ended in an exception that one of the calls shown below it ended in too."""
        mine = (self.call.error_type, self.call.error_message)
        below = (child.call for child in self if isinstance(child, Node))
        return self.call.failed and any(call.failed and (call.error_type, call.error_message) == mine for call in below)


class Track(_Family):
    """The roots of one thread of one process."""

    __slots__ = ("pid", "service", "thread")

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.thread = call.thread
        self.pid = call.pid
        self.service = call.service


class _Orphanage(_Family):
    """Calls whose caller has not been seen, and may yet be."""

    __slots__ = ()


@dataclass(slots=True)
class Totals:
    """What a trace holds in all, shown or not. ``first`` and ``last`` are timestamps."""

    calls: int = 0
    failed: int = 0
    unfinished: int = 0
    first: str = ""
    last: str = ""
    functions: set[str] = field(default_factory=set)

    def count(self, event: str, call: Call) -> None:
        """Count what happened to a call."""
        if event == STARTED:
            self.calls += 1
            self.functions.add(call.function)
            if not self.first or call.timestamp < self.first:
                self.first = call.timestamp
            self.last = max(self.last, call.timestamp)
        elif event == ENDED:
            self.failed += call.failed
            self.unfinished += not call.finished
            if call.ended is not None and call.ended > self.last:
                self.last = call.ended


class TreeBuilder:
    """Turns what happens to calls into trees. After ``roots`` has run out, ``totals`` describes the whole trace.

    :param at_once: give the trees of the first thread as soon as they are complete; else all in order at the end.
    """

    def __init__(
        self, selection: Selection | None = None, folding: Folding | None = None, *, at_once: bool = True
    ) -> None:
        self.selection = selection or Selection()
        self.folding = folding
        self.totals = Totals()
        self._at_once = at_once
        self._tracks: dict[Hashable, Track] = {}
        self._orphanages: OrderedDict[Hashable, _Orphanage] = OrderedDict()
        self._first: Track | None = None

    def roots(self, events: Iterable[CallEvent]) -> Iterator[tuple[Track, Node | Fold]]:
        """The trees: those of the thread seen first as soon as they are complete, then thread by thread."""
        for event, call in events:
            yield from self.feed(event, call)
        yield from self.rest()

    def feed(self, event: str, call: Call) -> Iterator[tuple[Track, Node | Fold]]:
        """The trees that are complete by what happened to a call, for events that come one by one."""
        self.totals.count(event, call)
        if event == STARTED:
            self._start(call)
        elif event == ENDED:
            if isinstance(call.node, Node):
                yield from self._end(call.node)
        else:
            self._adopt(call)

    def rest(self) -> Iterator[tuple[Track, Node | Fold]]:
        """The trees that are left once everything has been fed."""
        for key in list(self._orphanages):
            self._promote(key)
        for track in self._tracks.values():
            for tree in track.children.values():
                yield track, tree

    def _start(self, call: Call) -> None:
        if not self.selection.in_scope(call):
            return
        place = _place(call.parent.node) if call.parent is not None else None
        if isinstance(place, Fold):
            place.size += 1
            return
        if place is None and self.selection.focused and not self.selection.in_focus(call):
            return
        node = Node(call, place or self._home(call))
        if place is not None:
            place.open += 1
            node.level = place.level + 1
            node.repeat = _repeat(call, place)
        call.node = node
        if node.parent is not None and (self.folding is None or node.repeat <= self.folding.recursion + 1):
            node.parent.children[node.mark] = node

    def _home(self, call: Call) -> _Family:
        key = parent_key(call) if call.parent is None else None
        if key is None:
            return self._track(call)
        if key not in self._orphanages:
            if len(self._orphanages) >= MOST_ORPHANAGES:
                self._promote(next(iter(self._orphanages)))
            self._orphanages[key] = _Orphanage()
        return self._orphanages[key]

    def _track(self, call: Call) -> Track:
        key = (call.process, call.service, call.thread)
        track = self._tracks.get(key)
        if track is None:
            track = self._tracks[key] = Track(call)
            self._first = self._first or track
        return track

    def _end(self, node: Node) -> Iterator[tuple[Track, Node | Fold]]:
        node.ended = True
        node.failed += node.call.failed
        current: _Family | None = node
        while isinstance(current, Node) and current.ended and not current.open and not current.complete:
            current.complete = True
            family = current.parent
            if family is None:
                return
            shown = self._settle(current, family)
            if shown and self._at_once and isinstance(family, Track) and family is self._first:
                del family.children[current.mark]
                current.parent = None
                yield family, current
            if isinstance(family, Node):
                family.open -= 1
            current = family

    def _settle(self, node: Node, family: _Family) -> bool:
        """Give a complete call its place below its caller, or leave it out; whether it is shown for good."""
        if isinstance(family, Node):
            family.size += node.size
            family.failed += node.failed
            family.height = max(family.height, node.height + 1)
        if self.selection.depth is not None and node.level > self.selection.depth:
            family.children.pop(node.mark, None)
            if isinstance(family, Node):
                family.hidden += node.size
            return False
        if not (node.children or node.hidden or self.selection.keeps(node.call)):
            family.children.pop(node.mark, None)
            node.call.node = None
            return False
        if self.folding is None:
            return True
        return node.mark in family.children and family.settle(node, self.folding)

    def _adopt(self, child: Call) -> None:
        parent = child.parent.node if child.parent is not None else None
        orphanage = self._orphanages.pop(parent_key(child), None) if isinstance(parent, Node) else None
        if orphanage is None or not isinstance(parent, Node):
            return
        parent.children, parent.groups = orphanage.children, orphanage.groups
        for tree in orphanage.children.values():
            if isinstance(tree, Node):
                tree.parent = parent
                if not tree.complete:
                    parent.open += 1
                    continue
                parent.height = max(parent.height, tree.height + 1)
            parent.size += tree.size
            parent.failed += tree.failed

    def _promote(self, key: Hashable) -> None:
        """Show calls as roots whose caller never came."""
        for mark, tree in self._orphanages.pop(key).children.items():
            first = tree.call if isinstance(tree, Node) else None
            track = self._track(first) if first is not None else next(iter(self._tracks.values()))
            track.children[mark] = tree
            if isinstance(tree, Node):
                tree.parent = track
                if self.folding is not None and tree.complete:
                    track.settle(tree, self.folding)


def _place(node: Node | Fold | None) -> Node | Fold | None:
    """Where a new call below a caller goes: to the caller, the fold that has taken it in, or nowhere."""
    if not isinstance(node, Node) or not node.complete:
        return node
    above: _Family = node
    while isinstance(above, Node):
        if isinstance(above.call.node, Fold):
            return above.call.node
        if above.parent is None or above.parent.children.get(above.mark) is not above:
            return None  # shown already, or left out
        above = above.parent
    return node


def _repeat(call: Call, family: Node) -> int:
    """How many calls of the same function the call is in, as far as they call each other in a short cycle."""
    above: _Family | None = family
    for _ in range(CYCLE):
        if not isinstance(above, Node):
            break
        if above.call.function == call.function:
            return above.repeat + 1
        above = above.parent
    return 0
