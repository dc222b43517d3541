"""Entries as JSON lines: many dicts in one go, or each as text."""

from __future__ import annotations

from ..encoder import JSON, ascii_json
from .calls import Frame, Suspendable
from .events import CORO_END, CORO_START, END, ERROR_ONLY, GEN_END, GEN_START, Event
from .ids import Marks
from .pieces import DIGITS, MS, Escaped, encoded, escaped, plain_text_maker, text_maker
from .records import Origin, Records
from .runs import Labels
from .shapes import FIRST, ArgsMaker, args_maker, labels_of, shape_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final, NamedTuple
else:
    from glimpse.light import NamedTuple

__all__ = ["ROOT", "Cell", "LineRecords", "Place", "Within", "as_bytes", "as_lines", "below", "traced"]

_BETWEEN, _NEW_LINE = b'},{"entry_id":', b'}\n{"entry_id":'
_MOST_KEPT: Final = 1000
_WAITED: Final = 6  # where an event of a coroutine has how long it waited
_BEFORE_VALUES: Final = {GEN_START: 1, CORO_START: 2}  # what these have more than a START has
_INFO: Final = '"level":"INFO"'
ROOT: Final = f',"parent_id":null,"depth":1,{_INFO},"function":"'


class Cell(NamedTuple):
    """What all lines of a site's calls in the same scope have in common.

    :ivar opening: function and the name before the arguments.
    :ivar closing: the end.
    :ivar labels: what is before each argument, and after the last; and the letters of the arguments' kinds.
    """

    opening: str
    args: ArgsMaker
    closing: str
    labels: Labels


class Place(NamedTuple):
    """Thread, process and task, in a line and in one that has a result."""

    plain: str
    with_result: str


class Within(NamedTuple):
    """What the lines of the calls that one call makes have in common.

    :ivar above: parent and depth, up to the name of the function.
    :ivar trace: before the id of their span, where calls have one.
    :ivar parent_span: after it.
    """

    above: str
    trace: str
    parent_span: str


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
    """Lines in pieces, encoded."""
    return "".join(pieces).encode("latin-1")


def _line(record: Any) -> bytes:
    try:
        return JSON.dumps(record) + b"\n"
    except (TypeError, UnicodeError):
        return ascii_json(record) + b"\n"


class LineRecords(Records):
    """Makes the text of entries in place of dicts. What is the same in many lines is made once and kept."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._cells: dict[str | None, dict[str, Cell]] = {}
        self._places: dict[tuple[int, str | None], Place] = {}
        self.names = Escaped()
        self.text = text_maker(origin.atom_text)
        self.plain_text = plain_text_maker(origin.atom_text)
        self.millisecond = 0, 0, "", ""
        self.begin(0)

    def cells(self, correlation: str | None) -> dict[str, Cell]:
        """The cells of sites in a scope, of those that have been asked for; of few scopes at a time."""
        found = self._cells.get(correlation)
        if found is None:
            if len(self._cells) > _MOST_KEPT:
                self._cells.clear()
            found = self._cells[correlation] = {}
        return found

    def cell(self, key: str, correlation: str | None) -> Cell:
        """What the lines of a site's calls have in common."""
        cells = self.cells(correlation)
        found = cells.get(key)
        if found is None:
            site = self.site(key)
            opening = f'{escaped(site.function)}","args":"{escaped(site.name)}'
            tail = site.tail if correlation is None else site.tail_in(correlation)
            args = args_maker(site.site, self.plain_text, "")
            labels = [self.names[label] for label in labels_of(site.site)], shape_of(site.site)
            found = cells[key] = Cell(opening, args, f"{_fields(tail)}}}\n", labels)
        return found

    def place(self, th: int, task: str | None) -> Place:
        """What lines say of where a call runs."""
        found = self._places.get((th, task))
        if found is None:
            if len(self._places) > _MOST_KEPT:
                self._places.clear()
            text = f'","thread":"{escaped(self.thread(th))}","pid":{self.origin.pid}'
            if task is not None:
                text += f',"task":"{escaped(task)}"'
            found = self._places[th, task] = Place(text, f'{text},"result":"')
        return found

    def within(self, number: int, depth: int, marks: Marks | None) -> Within:
        """What the lines of a call's children have in common.

        :param number: the call, ``depth``: its own.
        """
        above = f',"parent_id":{number},"depth":{depth + 1},{_INFO},"function":"'
        trace_id, span_id = (None, None) if marks is None else marks[:2]
        return Within(above, traced(trace_id), below(span_id))

    def name_thread(self, th: int, name: str) -> None:
        """See ``Records``."""
        super().name_thread(th, name)
        self._places.clear()

    def opened(self, frame: Frame, parent: Frame | None, task: str | None) -> Frame:
        """See ``Records``. What is kept: how its lines begin, how they go on after the timestamp, and end."""
        number, marks = frame[0], frame[7]
        opening, _, closing, _ = self.cell(frame[3], None if marks is None else marks[3])
        if marks is not None and marks[0] is not None:
            above = '"' if marks[2] is None else below(marks[2])
            closing = f"{traced(marks[0])}{marks[1]}{above}{closing}"
        before = f',"call_id":{number}{ROOT if parent is None else parent[9][0]}{opening}'
        kept = before, self.place(frame[6][3], task).with_result, closing
        return _new_frame(Frame, (*frame[:9], self.within(number, frame[2], marks), kept))

    def begin(self, t: int) -> tuple[int, int, str, str]:
        """Let the millisecond of ``t`` be the current one.

        Its beginning and end, and what STARTs and ENDs in it have before the last three digits of their timestamps.
        """
        stamp, since = self.clock.stamp(t)[:-3], t - (t + self.origin.base) % MS
        self._stamp = stamp
        self.millisecond = since, since + MS, _before("START", stamp), _before("END", stamp)
        return self.millisecond

    def start(self, number: int, frame: Frame, th: int, first: int, task: str | None) -> str:
        """See ``Records``."""
        before, _, closing = frame[10]
        stage = self._stage("START", frame[4], th, task)
        return f'{{"entry_id":{number}{before}{self._args(frame, first)}{stage}{closing}'

    def end(self, number: int, frame: Frame, t: int, th: int, value: Any, task: str | None) -> str:
        """See ``Records``."""
        before, _, closing = frame[10]
        closed = type(value) is tuple and not value
        result = ',"closed":true' if closed else f',"result":"{self.text(value)}"'
        return (
            f'{{"entry_id":{number}{before}{self._stage("END", t, th, task)}{result}'
            f"{_duration(t - frame[4])}{_activity(frame)}{closing}"
        )

    def exception(self, number: int, frame: Frame, t: int, th: int, exc: Any, first: int, task: str | None) -> str:
        """See ``Records``."""
        before, closing = self._at_level(frame, "ERROR")
        lasted = "" if frame[6][0] == ERROR_ONLY else f"{_duration(t - frame[4])}{_activity(frame)}"
        return (
            f'{{"entry_id":{number}{before}{self._args(frame, first)}{self._stage("EXCEPTION", t, th, task)}'
            f"{_exception(exc)}{lasted}{closing}"
        )

    def end_pieces(self, event: Event, frame: Any, call: Suspendable | None, task: str | None) -> tuple[str, ...]:
        """A row but for its first two pieces: the end of a call by this event, be it as it may."""
        kind, _, t, th, value = event[:5]
        more, ns = "", t - frame[4]
        if call is not None:
            said = call.activity_until(t, event[6] if len(event) > _WAITED else None)
            more = "".join([f',"{name}":{text}' for name, text in said.items()])
        if kind in (END, GEN_END, CORO_END):
            before, _, closing = frame[10]
            stage, place = self._stage("END", t, th, task), ',"result":"'
            result, lasted = self.plain_text(value), f'"{_duration(ns)}{more}'
            return before, "", stage, "", place, result, lasted, "", "", closing
        before, closing = self._at_level(frame, "ERROR")
        args = self.cell(frame[3], None)[1](frame[6][_BEFORE_VALUES.get(frame[6][0], 0) :])
        stage = self._stage("EXCEPTION", t, th, task)
        return before, args, stage, "", _exception(value), "", f"{_duration(ns)}{more}", "", "", closing

    def pause(self, number: int, frame: Frame, t: int, th: int, stage: str, task: str | None) -> str:
        """See ``Records``."""
        before, closing = self._at_level(frame, "DEBUG")
        return f'{{"entry_id":{number}{before}{self._stage(stage, t, th, task)}{closing}'

    def _stage(self, stage: str, t: int, th: int, task: str | None) -> str:
        since, until, begun, ended = self.millisecond
        if not since <= t < until:
            since, until, begun, ended = self.begin(t)
        before = begun if stage == "START" else ended if stage == "END" else _before(stage, self._stamp)
        return f"{before}{DIGITS[(t - since) // 1000]}{self.place(th, task)[0]}"

    def _at_level(self, frame: Frame, level: str) -> tuple[str, str]:
        """How the lines of a call begin and end. At level ERROR, nothing is kept of one and it has no parent."""
        if frame[10] is not None:
            before, _, closing = frame[10]
        else:
            before, _, closing = self.opened(frame, None, None)[10]
            before = before.replace('"depth":1,', f'"depth":{frame[2]},', 1)
        return before.replace(_INFO, f'"level":"{level}"', 1), closing

    def _args(self, frame: Frame, first: int) -> str:
        event = frame[6]
        return escaped(self.cell(frame[3], None)[1](event if first == FIRST else event[first - FIRST :]))


_new_frame: Final = tuple.__new__  # a fifth of the time of ``_replace``


def traced(trace_id: str | None) -> str:
    """What is before a span's id."""
    return f',"trace_id":"{trace_id}","span_id":"'


def below(span_id: str | None) -> str:
    """What is after a span's id, of a call that was made by the call of another one."""
    return f'","parent_span_id":"{span_id}"'


def _before(stage: str, stamp: str) -> str:
    return f'","stage":"{stage}","timestamp":"{stamp}'


def _exception(exc: Any) -> str:
    kind, message, line, traceback = exc
    told = {"type": kind, "message": message, "line": line}
    return _fields({"exception": told if traceback is None else {**told, "traceback": traceback}})


def _fields(told: dict[str, Any]) -> str:
    return "".join(f',"{name}":{encoded(_line(value)[:-1])}' for name, value in told.items())


def _duration(ns: int) -> str:
    ms, rest = divmod(ns, MS)
    return f',"duration_ms":{ms}.{rest:06d}'


def _activity(frame: Frame) -> str:
    said = frame[8].activity() if frame[8] is not None else None
    return "".join([f',"{name}":{value}' for name, value in said.items()]) if said else ""
