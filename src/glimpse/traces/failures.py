"""Exceptions grouped by type and place, with the calls that led there."""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from glimpse.traces.calls import Call, finish, new_call
from glimpse.traces.lines import CHUNK, Damage, chunks_of, parse_line
from glimpse.traces.records import process_of

__all__ = ["Failure", "Failures"]

MOST_GROUPS: Final = 10_000
MOST_MESSAGES: Final = 50
PASSING: Final = 4_096
_MARK: Final = b'"EXCEPTION"'
_NEAR: Final = 1 << 11
"""Bytes in which a caller is looked for first: most have just begun."""
_NUMBER: Final = rb'"call_id":\s*(%s)[,}\s]'


@dataclass(slots=True)
class Failure:
    """Exceptions of one type that were raised at one place.

    ``example`` is the first call that one of them was seen in, ``passed`` the calls that this one left, that first.
    """

    type: str
    function: str
    line: int | None
    example: Call
    passed: list[Call]
    offset: int = 0
    count: int = 0
    first: str = ""
    last: str = ""
    messages: Counter[str] = field(default_factory=Counter)
    threads: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)

    @property
    def caught_in(self) -> Call | None:
        """The call that the example's exception did not leave, None if it left them all."""
        return self.passed[-1].parent

    def add(self, call: Call) -> None:
        """Count one more."""
        self.count += 1
        moment = call.ended or call.timestamp
        self.first = min(self.first or moment, moment)
        self.last = max(self.last, moment)
        message = call.error_message
        if message in self.messages or len(self.messages) < MOST_MESSAGES:
            self.messages[message] += 1
        self.threads.add(call.thread)
        if call.service:
            self.services.add(call.service)


class Failures:
    """Every exception of a trace, in one pass; memory grows with the number of groups only."""

    def __init__(self) -> None:
        self.groups: dict[tuple[str, str, int | None], Failure] = {}
        self.dropped = 0
        self._passing: OrderedDict[Hashable, tuple[Call, Failure | None]] = OrderedDict()

    def rows(self) -> list[Failure]:
        """The groups, the most frequent first."""
        return sorted(self.groups.values(), key=lambda group: (-group.count, group.first, group.function))

    @property
    def count(self) -> int:
        """How many exceptions there were, each counted once however many calls it passed."""
        return sum(group.count for group in self.groups.values()) + self.dropped

    def add_calls(self, calls: Iterable[Call]) -> None:
        """Take in calls that have ended, in the order of their ends."""
        for call in calls:
            if call.failed:
                self.add(call)

    def add(self, call: Call, offset: int = 0) -> None:
        """Take in a call that ended in an exception; the calls that it passed come from the innermost out."""
        own = (call.process, call.call_id) if call.parent_id is not None else _level_key(call, call.depth)
        passing = self._passing
        found = passing.pop(own) if own in passing else passing.pop((call.process, call.call_id), None)
        below, example_of = found or (None, None)
        if below is not None and below.parent is None:
            below.parent = call
        same = below is not None and (below.error_type, below.error_message) == (call.error_type, call.error_message)
        if call.raised_here or not same:
            example_of = self._count(call, offset)
        elif example_of is not None:
            example_of.passed.append(call)
        above = _key_above(call)
        if above is not None:
            self._passing[above] = (call, example_of)
            if len(self._passing) > PASSING:
                self._passing.popitem(last=False)

    def _count(self, call: Call, offset: int) -> Failure | None:
        """Count an exception where it was raised; its group if it is the first of it, for which more is kept."""
        line = (call.exception or {}).get("line")
        key = (call.error_type, call.function, line if type(line) is int else None)
        group = self.groups.get(key)
        if group is None:
            if len(self.groups) >= MOST_GROUPS:
                self.dropped += 1
                return None
            group = self.groups[key] = Failure(*key, call, [call], offset)
        group.add(call)
        return group if group.example is call else None

    def add_lines(self, stream: BinaryIO, damage: Damage) -> None:
        """Take in the exceptions of JSON Lines, without parsing anything else. ``find_callers`` adds the rest.

        :raises ReadError: the file begins with many lines of which none is an entry.
        """
        offset, carry = 0, b""
        for chunk in chunks_of(stream):
            if not damage.entries:
                self._check_start(chunk, damage)
            text = carry + chunk
            whole = text.rfind(b"\n") + 1
            self._add_text(text[:whole], offset)
            offset += whole
            carry = text[whole:] if len(text) - whole < CHUNK * 64 else b""
        self._add_text(carry, offset)
        if carry and parse_line(carry) is None:
            damage.odd(carry, 0)
        damage.check()

    def _check_start(self, chunk: bytes, damage: Damage) -> None:
        for number, line in enumerate(chunk.split(b"\n"), 1):
            if parse_line(line) is not None:
                damage.entries = True
                return
            damage.odd(line, number)

    def _add_text(self, text: bytes, offset: int) -> None:
        found = text.find(_MARK)
        while found >= 0:
            begin = text.rfind(b"\n", 0, found) + 1
            end = text.find(b"\n", found)
            end = len(text) if end < 0 else end
            record = parse_line(text[begin:end])
            if record is not None and record["stage"] == "EXCEPTION":
                call = new_call(record)
                finish(call, record)
                self.add(call, offset + begin)
            found = text.find(_MARK, end)


def _key_above(call: Call) -> Hashable | None:
    """What the call that an exception passes on to will be known by; at level ERROR there are only depths to tell."""
    if call.parent_id is not None:
        return (call.process, call.parent_id)
    return _level_key(call, call.depth - 1) if call.depth > 1 else None


def _level_key(call: Call, depth: int) -> Hashable:
    return (call.process, call.thread, call.task, depth)


def find_callers(stream: BinaryIO, failures: Iterable[Failure]) -> None:
    """Complete the examples' paths from a file of JSON Lines, read backwards from the last one as far as needed."""
    wanted: dict[tuple[Hashable, int], list[tuple[Call, int]]] = {}
    position = 0
    for failure in failures:
        top = failure.example.path()[0]
        if top.parent_id is not None:
            wanted.setdefault((top.process, top.parent_id), []).append((top, failure.offset))
            position = max(position, failure.offset)
    carry = b""
    while position > 0 and wanted:
        size = min(CHUNK, position)
        position -= size
        stream.seek(position)
        text = stream.read(size) + carry
        begin = text.find(b"\n") + 1 if position else 0
        _find_starts(text[begin:], position + begin, wanted)
        carry = text[:begin]


def _find_starts(text: bytes, offset: int, wanted: dict[tuple[Hashable, int], list[tuple[Call, int]]]) -> None:
    end, size = len(text), _NEAR
    while wanted and end > 0:
        numbers = b"|".join(b"%d" % call_id for _, call_id in wanted)
        begin = text.rfind(b"\n", 0, max(end - size, 0)) + 1
        matches = list(re.compile(_NUMBER % numbers).finditer(text, begin, end))
        before = set(wanted)
        for match in reversed(matches):
            end = text.rfind(b"\n", 0, match.start()) + 1
            stop = text.find(b"\n", match.end())
            _take_start(text[end : stop if stop >= 0 else len(text)], offset + end, wanted)
            if set(wanted) - before:
                size = _NEAR  # a caller's caller is wanted now: look for it in what is left
                break
        else:
            end, size = begin, 4 * size


def _take_start(line: bytes, offset: int, wanted: dict[tuple[Hashable, int], list[tuple[Call, int]]]) -> None:
    record = parse_line(line)
    if record is None or record["stage"] not in {"START", "END"}:
        return
    key = (process_of(record), record["call_id"])
    ready = [child for child, below in wanted.get(key, ()) if offset < below]
    if record["stage"] == "END" or not ready:
        return
    caller = new_call(record)
    for child in ready:
        child.parent = caller
    wanted[key] = [waiting for waiting in wanted[key] if waiting[0] not in ready]
    if not wanted[key]:
        del wanted[key]
    if caller.parent_id is not None:
        wanted.setdefault((caller.process, caller.parent_id), []).append((caller, offset))
