"""Which entries are kept where a policy limits depth or duration.

Both can be told only when a call's place in the tree, or its end, is known; so entries are made first and held here.
What is kept is numbered afresh, without gaps, and a kept call's ancestors are kept too, so that every ``parent_id``
refers to an entry.
"""

from __future__ import annotations

from itertools import chain

from ..entry import Site
from .events import END, START, Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeAlias

__all__ = ["Filter", "Rule", "early_drop"]

Record: TypeAlias = "dict[str, Any]"


class Rule:
    """The limits of one policy.

    :param depth: the deepest call that is kept; None for any.
    :param min_duration_ms: calls that end sooner, and without an exception, are dropped.
    """

    __slots__ = ("depth", "min_duration_ms")

    def __init__(self, depth: int | None = None, min_duration_ms: float = 0) -> None:
        self.depth = depth
        self.min_duration_ms = min_duration_ms

    @property
    def limits(self) -> bool:
        """Whether anything can be dropped under this rule."""
        return self.depth is not None or self.min_duration_ms > 0


class Filter:
    """Drops, holds and renumbers the records of one process, in their order.

    :param rules: by the policies' names; the empty name for entries of a policy without one.
    """

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._rules = rules
        self._held: dict[int, tuple[Record, float]] = {}  # STARTs not yet kept, and since when
        self._numbers: dict[int, int] = {}  # the number that a kept call was given
        self._last = 0
        self._interrupted: Record | None = None
        self._done: Record | None = None

    def apply(self, records: Iterable[Record], now_ms: float, kept: list[Record] | None = None) -> list[Record]:
        """The records to write now.

        :param now_ms: milliseconds of a clock that only goes forward, not before any of the records.
        :param kept: where they are appended.
        """
        out = [] if kept is None else kept
        unfinished, self._interrupted = self._interrupted, None
        if unfinished is not None:
            records = chain((unfinished,), records)
        try:
            for unfinished in records:
                self._apply(unfinished, now_ms, out)
                unfinished = None
            self._release(now_ms, out)
        except BaseException:  # a signal's handler raised
            self._interrupted = unfinished if unfinished is not self._done else None
            raise
        return out

    def _apply(self, record: Record, now_ms: float, out: list[Record]) -> None:
        rule = self._rules.get(record.get("policy", ""), _ANY)
        if rule.depth is not None and record["depth"] > rule.depth:
            return
        if record["stage"] == "START" and record["entry_id"] == record["call_id"]:
            if rule.min_duration_ms:
                self._held[record["call_id"]] = record, now_ms
            else:
                self._keep(record, out)
        else:
            self._follow(record, rule, out)

    def _release(self, now_ms: float, out: list[Record]) -> None:
        for call, (record, at) in list(self._held.items()):
            rule = self._rules.get(record.get("policy", ""), _ANY)
            if call in self._held and now_ms - at >= rule.min_duration_ms:
                self._keep_held(call, out)

    def _follow(self, record: Record, rule: Rule, out: list[Record]) -> None:
        call = record["call_id"]
        stage = record["stage"]
        if call in self._held:
            if stage == "END" and record.get("duration_ms", 0) < rule.min_duration_ms:
                del self._held[call]
                return
            if stage not in ("END", "EXCEPTION"):
                return  # a suspension of a call that may yet be dropped
            self._keep_held(call, out)
        if call == record["entry_id"]:  # an exception at level ERROR stands for its call
            self._keep(record, out)
        elif call in self._numbers:
            self._number(record, out)

    def _keep_held(self, call: int, out: list[Record]) -> None:
        ancestors: list[Record] = []
        parent: int | None = call
        while parent is not None and parent in self._held:
            record, _ = self._held[parent]
            ancestors.append(record)
            parent = record["parent_id"]
        for record in reversed(ancestors):
            if record["call_id"] not in self._numbers:
                self._keep(record, out)
            self._held.pop(record["call_id"], None)

    def _keep(self, record: Record, out: list[Record]) -> None:
        parent = record["parent_id"]
        if parent in self._held:
            self._keep_held(parent, out)
        if len(self._numbers) > _MOST_REMEMBERED:
            for oldest in list(self._numbers)[: _MOST_REMEMBERED // 2]:
                del self._numbers[oldest]
        self._number(record, out)

    def _number(self, record: Record, out: list[Record]) -> None:
        """Give a record its new numbers, those of its call if it has some. What changes does so at once."""
        number, known = self._last + 1, self._numbers
        parent = record["parent_id"]
        kept = {**record, "entry_id": number, "call_id": known.get(record["call_id"], number)}
        kept["parent_id"] = known.get(parent, parent)
        self._last, self._done = number, record
        if kept["call_id"] == number:
            known[record["call_id"]] = number
        out.append(kept)


def early_drop(rules: Mapping[str, Rule]) -> Callable[[list[Event]], list[Event]] | None:
    """A function that leaves out events which could only make entries for ``Filter`` to drop; None if none could.

    These are calls that end too soon, and call nothing that stays, all within what it is given: most calls where a
    least duration is set. To make their entries first would take fifty times as long.
    """
    if not any(rule.min_duration_ms for rule in rules.values()):
        return None
    least: dict[str, float] = {}

    def least_of(key: str) -> float:
        found = least[key] = rules.get(Site.parse(key).policy, _ANY).min_duration_ms
        return found

    def without_short_calls(events: list[Event]) -> list[Event]:
        kept: list[Event] = []
        keep = kept.append
        for event in events:
            if event[0] == END and kept:
                start = kept[-1]
                if start[0] == START and start[3] == event[3] and event[1] in (start[1], None):
                    key = start[1]
                    if (event[2] - start[2]) / 1_000_000 < (least[key] if key in least else least_of(key)):
                        del kept[-1]
                        continue
            keep(event)
        return kept

    return without_short_calls


_ANY = Rule()
_MOST_REMEMBERED = 200_000
