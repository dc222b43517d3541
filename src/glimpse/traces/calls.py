"""Entries joined to calls: a START with its END or EXCEPTION, its parent, and the time spent in itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from glimpse.traces.records import Record, number, process_of, text_of

__all__ = ["ADOPTED", "ENDED", "STARTED", "Call", "CallBook", "CallEvent", "call_events", "finished_calls"]

STARTED: Final = "started"
ENDED: Final = "ended"
ADOPTED: Final = "adopted"
"""A call's parent has turned up after it: writers may put the children of a call before it."""

SPAN: Final = "span"
REMEMBERED: Final = 10_000
"""So many calls wait for their parent, and so many ended ones for a child in another process."""


@dataclass(slots=True, eq=False)
class Call:
    """One call of a function. Times are milliseconds; ``None`` is unknown.

    ``failed`` says that it ended in an exception, ``finished`` that it ended at all, ``complete`` that its START was
    seen too. ``parent`` is the enclosing call if the trace has it; the one in another process that sent
    a request comes before the one in the same process that took it in.
    """

    call_id: int
    parent_id: int | None
    function: str
    args: str
    timestamp: str
    thread: str
    pid: int
    process: Hashable
    depth: int = 1
    task: str | None = None
    service: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    correlation_id: str | None = None
    policy: str | None = None
    file: str | None = None
    line: int | None = None
    result: str | None = None
    exception: dict[str, Any] | None = None
    closed: bool = False
    duration_ms: float | None = None
    active_ms: float | None = None
    yields: int | None = None
    ended: str | None = None
    finished: bool = False
    failed: bool = False
    complete: bool = True
    children_ms: float = 0.0
    parent: Call | None = field(default=None, repr=False)
    node: Any = field(default=None, repr=False)  # whatever a reader hangs on the call, such as its place in a tree

    @property
    def occupied_ms(self) -> float:
        """Time that the call takes from its caller: of a generator, only while it runs."""
        if self.yields is not None and self.active_ms is not None:
            return self.active_ms
        return self.duration_ms or 0.0

    @property
    def self_ms(self) -> float:
        """Time in the call itself and in what is not traced; never below 0, where children run at the same time."""
        return max(self.occupied_ms - self.children_ms, 0.0)

    @property
    def error_type(self) -> str:
        """The exception's type, or nothing."""
        return text_of((self.exception or {}).get("type")) or ("exception" if self.failed else "")

    @property
    def error_message(self) -> str:
        """The exception's message, or nothing."""
        return text_of((self.exception or {}).get("message")) or ""

    @property
    def raised_here(self) -> bool:
        """Whether the exception was first seen in this call, not passed on from one below."""
        return self.failed and bool((self.exception or {}).get("traceback"))

    def path(self) -> list[Call]:
        """The calls from the root to this one."""
        calls = [self]
        seen = {id(self)}
        while (above := calls[-1].parent) is not None and id(above) not in seen:
            seen.add(id(above))
            calls.append(above)
        calls.reverse()
        return calls


CallEvent: TypeAlias = "tuple[str, Call]"
_Key: TypeAlias = "tuple[Hashable, int | str]"


def call_events(records: Iterable[Record]) -> Iterator[CallEvent]:
    """What happens to the calls, in the order of the records. Calls without an end come last, innermost first.

    Only open calls are held, so memory depends on how deep and concurrent the program is, not on the trace's length.
    """
    book = CallBook()
    for record in records:
        yield from book.take(record)
    yield from book.close()


def finished_calls(records: Iterable[Record]) -> Iterator[Call]:
    """Every call once it has ended; those without an end come last."""
    return (call for event, call in call_events(records) if event == ENDED)


class CallBook:
    """The open calls of all processes, and what waits for a call that has not been seen yet.

    What ``call_events`` does, for records that come one by one.

    ``left`` are calls that may still get children: known by their span, or ended in a task that has started others.
    ``chains`` are exceptions without a START that may still pass on: the calls left so far, innermost first.
    """

    def __init__(self) -> None:
        self.open: dict[_Key, Call] = {}
        self.spans: dict[str, Call] = {}
        self.left: OrderedDict[_Key, Call] = OrderedDict()
        self.waiting: OrderedDict[_Key, list[Call]] = OrderedDict()
        self.early_ms: OrderedDict[_Key, float] = OrderedDict()
        self.chains: dict[Hashable, list[Call]] = {}

    def take(self, record: Record) -> Iterator[CallEvent]:
        """What happens to calls by this record; to be read to its end before the next one is taken."""
        stage = record["stage"]
        if stage == "START":
            return self._enter(new_call(record))
        return self._end(record) if stage in {"END", "EXCEPTION"} else iter(())

    def _enter(self, call: Call) -> Iterator[CallEvent]:
        key = (call.process, call.call_id)
        if (lost := self.open.pop(key, None)) is not None:
            yield ENDED, lost  # the process id and the numbers are used again: another run began in the same file
        self.open[key] = call
        self._find_parent(call)
        yield STARTED, call
        if self.waiting:
            yield from self._adopt(call, key)
        if call.span_id is not None:
            self.spans[call.span_id] = call
            if self.waiting:
                yield from self._adopt(call, (SPAN, call.span_id))

    def _end(self, record: Record) -> Iterator[CallEvent]:
        call = self.open.pop((process_of(record), record["call_id"]), None)
        if call is None:
            call = new_call(record)
            call.complete = False
            finish(call, record)
            if call.failed and call.parent_id is None:
                yield from self._chain(call)
                return
            yield from self._enter(call)
            del self.open[call.process, call.call_id]
        else:
            finish(call, record)
        yield from self._leave(call)

    def _leave(self, call: Call) -> Iterator[CallEvent]:
        if call.parent is not None:
            call.parent.children_ms += call.occupied_ms if call.yields is not None else call.duration_ms or 0.0
        elif (key := parent_key(call)) is not None:
            self.early_ms[key] = self.early_ms.get(key, 0.0) + call.occupied_ms
            if len(self.early_ms) > REMEMBERED:
                self.early_ms.popitem(last=False)
        if call.task is not None:
            self._remember((call.process, call.call_id), call)
        if call.span_id is not None:
            self.spans.pop(call.span_id, None)
            self._remember((SPAN, call.span_id), call)
        yield ENDED, call

    def _chain(self, call: Call) -> Iterator[CallEvent]:
        """Take in an exception of level ERROR, where only depths and their order tell which call made which."""
        where = (call.process, call.thread, call.task)
        chain = self.chains.get(where)
        if chain is not None and passes_on(chain[-1], call):
            chain[-1].parent = call
            chain.append(call)
            return
        self.chains[where] = [call]
        yield from self._unchain(chain or ())

    def _unchain(self, chain: Sequence[Call]) -> Iterator[CallEvent]:
        for call in reversed(chain):
            yield STARTED, call
        for call in chain:
            yield from self._leave(call)

    def close(self) -> Iterator[CallEvent]:
        """The calls that have no end, innermost first."""
        for chain in self.chains.values():
            yield from self._unchain(chain)
        for call in reversed(self.open.values()):
            yield ENDED, call

    def _find_parent(self, call: Call) -> None:
        key = parent_key(call)
        if key is None or key == (call.process, call.call_id):  # a file may say anything
            return
        call.parent = self.open.get(key) or self.left.get(key)
        if call.parent_span_id is not None and (call.parent is None or call.parent.span_id != call.parent_span_id):
            span = call.parent_span_id  # of a call elsewhere: it comes before one of the same process
            call.parent = self.spans.get(span) or self.left.get((SPAN, span)) or call.parent
        if call.parent is None:
            children = self.waiting.setdefault(key, [])
            if len(children) < REMEMBERED:
                children.append(call)
            if len(self.waiting) > REMEMBERED:
                self.waiting.popitem(last=False)

    def _adopt(self, parent: Call, key: _Key) -> Iterator[CallEvent]:
        children = self.waiting.pop(key, ())
        above = {id(call) for call in parent.path()} if children else ()
        parent.children_ms += self.early_ms.pop(key, 0.0)
        for child in children:
            if id(child) not in above:
                child.parent = parent
                yield ADOPTED, child

    def _remember(self, key: _Key, call: Call) -> None:
        self.left[key] = call
        if len(self.left) > REMEMBERED:
            self.left.popitem(last=False)


def parent_key(call: Call) -> tuple[Hashable, int | str] | None:
    """What the call's parent is known by, if it is not there yet: its number in the process, else its span."""
    if call.parent_id is not None:
        return (call.process, call.parent_id)
    return (SPAN, call.parent_span_id) if call.parent_span_id is not None else None


def passes_on(inner: Call, outer: Call) -> bool:
    """Whether, at level ERROR, the exception that left one call is the one that left another one next."""
    return (
        outer.depth == inner.depth - 1
        and not outer.raised_here
        and (inner.error_type, inner.error_message) == (outer.error_type, outer.error_message)
    )


def new_call(record: Record) -> Call:
    """The call that an entry begins, or belongs to where its START is missing."""
    get = record.get
    depth, line = get("depth"), get("line")
    call = Call(
        record["call_id"],
        record["parent_id"],
        record["function"],
        record["args"],
        record["timestamp"],
        record["thread"],
        record["pid"],
        process_of(record),
        depth if type(depth) is int else 1,
        text_of(get("task")),
        text_of(get("service")),
    )
    if "trace_id" in record:
        call.trace_id = text_of(get("trace_id"))
        call.span_id = text_of(get("span_id"))
        call.parent_span_id = text_of(get("parent_span_id"))
    if line is not None or "correlation_id" in record or "policy" in record:
        call.correlation_id, call.policy = text_of(get("correlation_id")), text_of(get("policy"))
        call.file, call.line = text_of(get("file")), line if type(line) is int else None
    return call


def finish(call: Call, record: Record) -> None:
    """Add to a call what its END or EXCEPTION tells."""
    get = record.get
    call.finished = True
    call.ended = record["timestamp"]
    call.duration_ms = number(get("duration_ms"))
    result = get("result")
    if type(result) is str:
        call.result = result
    if "active_ms" in record:
        call.active_ms = number(record["active_ms"])
    if "yields" in record:
        yields = record["yields"]
        call.yields = yields if type(yields) is int else None
    if "closed" in record:
        call.closed = record["closed"] is True
    if record["stage"] == "EXCEPTION":
        call.failed = True
        exception = get("exception")
        call.exception = exception if isinstance(exception, dict) else {}
        if "(" not in call.args:
            call.args = record["args"]
