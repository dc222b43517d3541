"""Which entries are kept where a policy limits depth or duration.

Both can be told only when a call's place in the tree, or its end, is known; so entries are made first and held here.
What is kept is numbered afresh, without gaps, and a kept call's ancestors are kept too, so that every ``parent_id``
refers to an entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Filter", "Rule"]

Record = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """The limits of one policy.

    :param depth: the deepest call that is kept; None for any.
    :param min_duration_ms: calls that end sooner, and without an exception, are dropped.
    """

    depth: int | None = None
    min_duration_ms: float = 0

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

    def apply(self, records: Sequence[Record], now_ms: float) -> list[Record]:
        """The records to write now.

        :param now_ms: milliseconds of a clock that only goes forward, not before any of the records.
        """
        out: list[Record] = []
        for record in records:
            rule = self._rules.get(record.get("policy", ""), _ANY)
            if rule.depth is not None and record["depth"] > rule.depth:
                continue
            if record["stage"] == "START" and record["entry_id"] == record["call_id"]:
                if rule.min_duration_ms:
                    self._held[record["call_id"]] = record, now_ms
                else:
                    self._keep(record, out)
            else:
                self._follow(record, rule, out)
        return out + self._release(now_ms)

    def _release(self, now_ms: float) -> list[Record]:
        out: list[Record] = []
        for call, (record, at) in list(self._held.items()):
            rule = self._rules.get(record.get("policy", ""), _ANY)
            if call in self._held and now_ms - at >= rule.min_duration_ms:
                self._keep_held(call, out)
        return out

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
        chain: list[Record] = []
        parent: int | None = call
        while parent is not None and parent in self._held:
            record, _ = self._held.pop(parent)
            chain.append(record)
            parent = record["parent_id"]
        for record in reversed(chain):
            self._keep(record, out)

    def _keep(self, record: Record, out: list[Record]) -> None:
        parent = record["parent_id"]
        if parent in self._held:
            self._keep_held(parent, out)
        self._numbers[record["call_id"]] = self._last + 1
        if len(self._numbers) > _MOST_REMEMBERED:
            for oldest in list(self._numbers)[: _MOST_REMEMBERED // 2]:
                del self._numbers[oldest]
        self._number(record, out)

    def _number(self, record: Record, out: list[Record]) -> None:
        self._last += 1
        record["entry_id"] = self._last
        record["call_id"] = self._numbers.get(record["call_id"], self._last)
        record["parent_id"] = self._numbers.get(record["parent_id"], record["parent_id"])
        out.append(record)


_ANY = Rule()
_MOST_REMEMBERED = 200_000
