"""Statistics straight from lines of JSON, most of which are never parsed: for files of millions of calls.

In the form that Glimpse writes, a START is known by its two equal numbers, and what counts of an END stands between
its first commas and where its duration is told. Any other line is parsed, so every form of JSON gives the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from glimpse.traces.durations import SETTLE_AT
from glimpse.traces.lines import Damage, lines_of, parse_line
from glimpse.traces.records import LONGEST_MS, Record, number
from glimpse.traces.stats import FunctionStats, TopTable

__all__ = ["LineCounter"]

MOST_PARENTS: Final = 1 << 20
_INFO: Final = b'"level":"INFO"'
_END: Final = b'"stage":"END"'
_DURATION: Final = b'"duration_ms":'
_AFTER_DURATION: Final = len(_DURATION)
_YIELDS: Final = b'"yields":'
_PID: Final = b'"pid":'
_ENTRY_ID: Final = len(b'{"entry_id":')
_CALL_ID: Final = len(b'"call_id":')
_PARENT_ID: Final = len(b'"parent_id":')
_BRACE: Final = ord("}")


class LineCounter:
    """Counts the calls in JSON Lines into a table."""

    def __init__(self, table: TopTable, damage: Damage) -> None:
        self._table = table
        self._damage = damage
        self._known: dict[bytes, FunctionStats] = {}
        self._children_ms: dict[bytes, dict[bytes, float]] = {}

    def count(self, stream: BinaryIO) -> None:
        """Count everything in a stream.

        :raises ReadError: nothing in it is an entry.
        """
        first = 1
        for lines in lines_of(stream):
            for line in self._unusual(lines):
                self._count_parsed(line, first, lines)
            first += len(lines)
            self._damage.entries = self._damage.entries or bool(self._table.started or self._table.ended)
            if any(len(sums) > MOST_PARENTS for sums in self._children_ms.values()):
                self._forget_parents()
        self._damage.check()

    def _unusual(self, lines: list[bytes]) -> Iterator[bytes]:
        """Count the lines that have the usual form; gives the others. This loop is what the time goes into."""
        known, process = self._known.get, b""
        sums: dict[bytes, float] = {}
        started = ended = 0
        for line in lines:
            head = line.split(b",", 5)
            if len(head) == 6 and head[4] == _INFO:
                if head[0][_ENTRY_ID:] == head[1][_CALL_ID:]:
                    started += 1
                    continue
                parts = head[5].split(b",", 6)
                stats = known(parts[0])
                if stats is not None and len(parts) == 7 and parts[2] == _END and line[-1] == _BRACE:
                    rest = parts[6]
                    at = rest.rfind(_DURATION) + _AFTER_DURATION
                    try:
                        spent = float(rest[at:-1])
                    except ValueError:
                        spent = _amid_fields(rest, at)
                    if 0.0 <= spent < LONGEST_MS and (parts[5] == process or parts[5].startswith(_PID)):
                        ended += 1
                        if parts[5] != process:
                            process = parts[5]
                            sums = self._children_ms.setdefault(process, {})
                        own = spent - sums.pop(head[1][_CALL_ID:], 0.0)
                        if own > 0.0:
                            stats.self_ms += own
                        parent = head[2][_PARENT_ID:]
                        sums[parent] = sums.get(parent, 0.0) + spent
                        pending = stats.durations.pending
                        pending.append(spent)
                        if len(pending) >= SETTLE_AT:
                            stats.durations.settle()
                        continue
            yield line
        self._table.started += started
        self._table.ended += ended

    def _count_parsed(self, line: bytes, first: int, lines: list[bytes]) -> None:
        record = parse_line(line)
        if record is None:
            self._damage.entries = self._damage.entries or bool(self._table.started or self._table.ended)
            self._damage.odd(line, 0 if self._damage.skipped else first + lines.index(line))
        elif record["stage"] == "START":
            self._table.started += 1
        elif record["stage"] in {"END", "EXCEPTION"}:
            self._count_end(record)
            if record["function"].isascii() and record["function"].isprintable():
                self._known[b'"function":"%s"' % record["function"].encode()] = self._table.stats(record["function"])

    def _count_end(self, record: Record) -> None:
        table = self._table
        stats = table.stats(record["function"])
        spent = number(record.get("duration_ms")) or 0.0
        stats.durations.add(spent)
        if record.get("yields") is not None:
            active = number(record.get("active_ms"))
            spent = spent if active is None else active
        table.ended += 1
        if record["stage"] == "EXCEPTION":
            stats.errors += 1
            table.started += record["call_id"] == record.get("entry_id")  # level ERROR, where nothing starts
        sums = self._children_ms.setdefault(b'"pid":%d' % record["pid"], {})
        own = spent - sums.pop(b"%d" % record["call_id"], 0.0)
        stats.self_ms += max(own, 0.0)
        if record["parent_id"] is not None:
            parent = b"%d" % record["parent_id"]
            sums[parent] = sums.get(parent, 0.0) + spent

    def _forget_parents(self) -> None:
        """Drop what is booked for parents that have ended before their children: those with the least time."""
        for sums in self._children_ms.values():
            for call_id in sorted(sums, key=sums.__getitem__)[: len(sums) // 2]:
                del sums[call_id]


def _amid_fields(rest: bytes, at: int) -> float:
    """The duration that is told there, before other fields; negative if it is not all that counts."""
    text, _, behind = rest[at:].partition(b",")
    try:
        return -1.0 if _YIELDS in behind else float(text)
    except ValueError:
        return -1.0
