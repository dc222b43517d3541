"""Entries as JSON lines: many dicts in one go, or each as text."""

from __future__ import annotations

from ..encoder import JSON, ascii_json
from .calls import Frame
from .plain import DIGITS, PlainLines, escaped
from .records import Origin, Records, SiteText
from .shapes import FIRST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

__all__ = ["LineRecords", "as_bytes", "as_lines"]

_BETWEEN, _NEW_LINE = b'},{"entry_id":', b'}\n{"entry_id":'
_MS: Final = 1_000_000
_OFTEN: Final = 200  # calls; to make a shape of parameters its functions takes a millisecond
_MOST_SCOPED: Final = 1000
ROOT: Final = ',"parent_id":null,"depth":1,"level":"INFO","function":"'


def as_lines(records: Sequence[dict[str, Any]]) -> bytes:
    """Each record as a JSON object on a line of its own.

    The encoder takes the whole list; the places between two records are then made line ends. They cannot be mistaken:
    within a string, a quote is always preceded by a backslash. What the encoder does not take (lone surrogates,
    integers of more than 64 bits) is encoded record by record.
    """
    if not records:
        return b""
    try:
        data = JSON.dumps(records)
    except (TypeError, UnicodeError):
        return b"".join(map(_line, records))
    return data[1:-1].replace(_BETWEEN, _NEW_LINE) + b"\n"


def as_bytes(pieces: Sequence[str]) -> bytes:
    """Lines in pieces, encoded. A lone surrogate becomes its JSON escape."""
    return "".join(pieces).encode("utf-8", "backslashreplace")


def _line(record: Any) -> bytes:
    try:
        return JSON.dumps(record) + b"\n"
    except (TypeError, UnicodeError):
        return ascii_json(record) + b"\n"


class LineRecords(Records):
    """Makes the text of entries in place of dicts. What is the same in many lines is made once and kept."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self.plain = PlainLines(origin.atom_text)
        self._sites: dict[str, tuple[SiteText, str, int, str]] = {}
        self._places: dict[int, str] = {}
        self._scoped: dict[tuple[str, str], str] = {}
        self._starts: dict[str, int] = {}  # of sites that have no functions of their own yet

    def within(self, number: int, parent: Frame | None, depth: int, key: str) -> tuple[str, str]:
        """See ``Records``."""
        above = ROOT if parent is None else parent[9]
        inside = f',"parent_id":{number},"depth":{depth + 1},"level":"INFO","function":"'
        return inside, f',"call_id":{number}{above}{self._parts(key)[1]}'

    def stay(self, th: int) -> None:
        """The plain calls that follow are of this thread."""
        self.plain.stay(th, self._place(th))

    def moment(self, t: int) -> str:
        """The timestamp of ``t``; all but its last three digits is kept for as long as it stays the same."""
        plain = self.plain
        if not plain.since <= t < plain.until:
            plain.begin(t - (t + self.origin.base) % _MS, self.clock.stamp(t)[:-3])
        return plain.stamp + DIGITS[(t - plain.since) // 1000]

    def name_thread(self, th: int, name: str) -> None:
        """See ``Records``."""
        super().name_thread(th, name)
        self._places.pop(th, None)

    def start(self, number: int, frame: Frame, th: int, first: int, task: str | None) -> Any:
        """See ``Records``. Of a call that leaves no lines, nothing."""
        if frame[10] is None:
            return ""
        site, _, name, closing = self._parts(frame[3])
        if first == FIRST:
            self._count(frame[3])
        args = escaped(self.arguments(site, frame, first))[name:]
        if task is not None or frame[7] is not None:
            closing = f"{_task(task)}{self._closing(frame, closing)}"
        stamp = self.moment(frame[4])
        return f'{{"entry_id":{number}{frame[10]}{args}","stage":"START","timestamp":"{stamp}{self._place(th)}{closing}'

    def end(self, number: int, frame: Frame, t: int, th: int, value: Any, task: str | None) -> Any:
        """See ``Records``."""
        closing = self._parts(frame[3])[3]
        closed = type(value) is tuple and not value
        result = ',"closed":true' if closed else f',"result":"{self.plain.text(value)}"'
        ms, rest = divmod(t - frame[4], _MS)
        if frame[8] is not None or frame[7] is not None:
            closing = f"{_activity(frame)}{self._closing(frame, closing)}"
        return (
            f'{{"entry_id":{number}{frame[10]}","stage":"END","timestamp":"{self.moment(t)}{self._place(th)}'
            f'{_task(task)}{result},"duration_ms":{ms}.{rest:06d}{closing}'
        )

    def exception(self, number: int, frame: Frame, t: int, th: int, exc: Any, first: int, task: str | None) -> Any:
        """See ``Records``."""
        return _line(super().exception(number, frame, t, th, exc, first, task)).decode()

    def pause(self, number: int, frame: Frame, t: int, th: int, stage: str, task: str | None) -> Any:
        """See ``Records``."""
        return _line(super().pause(number, frame, t, th, stage, task)).decode()

    def pauses(self, frame: Frame) -> bool:
        """See ``Records``."""
        return frame[10] is not None and super().pauses(frame)

    def _parts(self, key: str) -> tuple[SiteText, str, int, str]:
        """A site, what comes before its arguments, the length of its name, and the end of each of its lines."""
        found = self._sites.get(key)
        if found is None:
            site = self.site(key)
            name = escaped(site.name)
            found = site, f'{escaped(site.function)}","args":"{name}', len(name), _fields(site.tail)
            self._sites[key] = found
            self._starts[key] = 0
        return found

    def _count(self, key: str) -> None:
        """A function that is called often is worth what making its lines' own functions takes."""
        count = self._starts.get(key)
        if count is not None:
            self._starts[key] = count + 1
            if count >= _OFTEN:
                del self._starts[key]
                site, opening, _, closing = self._parts(key)
                self.plain.add(site.site, opening, closing)

    def _closing(self, frame: Frame, closing: str) -> str:
        """The end of a call's lines, where it says more than those of other calls of its site."""
        if frame[7] is None:
            return closing
        trace_id, span_id, parent, correlation, _ = frame[7]
        if correlation is not None:
            closing = self._scoped.get((frame[3], correlation)) or self._scope(frame[3], correlation)
        if trace_id is None:
            return closing
        above = f',"parent_span_id":"{parent}"' if parent is not None else ""
        return f',"trace_id":"{trace_id}","span_id":"{span_id}"{above}{closing}'

    def _scope(self, key: str, correlation: str) -> str:
        """The end of a site's lines in the scope of a correlation id; of few sites and scopes at a time."""
        if len(self._scoped) > _MOST_SCOPED:
            self._scoped.clear()
        found = self._scoped[key, correlation] = _fields(self.site(key).tail_in(correlation))
        return found

    def _place(self, th: int) -> str:
        found = self._places.get(th)
        if found is None:
            found = self._places[th] = f'","thread":"{escaped(self.thread(th))}","pid":{self.origin.pid}'
        return found


def _task(name: str | None) -> str:
    return "" if name is None else f',"task":"{escaped(name)}"'


def _fields(told: dict[str, Any]) -> str:
    """The end of a line."""
    return "".join(f',"{name}":{_line(value)[:-1].decode()}' for name, value in told.items()) + "}\n"


def _activity(frame: Frame) -> str:
    call = frame[8]
    return "" if call is None else "".join(f',"{name}":{value}' for name, value in call.activity().items())
