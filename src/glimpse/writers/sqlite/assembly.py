"""Rows straight from events: for plain calls no entry is made on the way, which is most of what a call costs there.

A call whose end comes before its batch is written, as most do, is put together once, at its end, and goes into a pack;
only calls that are still open then become rows of their own. Rows are encoded chunk by chunk, while they are in the
processor's cache. Exceptions, generators, coroutines and whatever is out of order go through entries, as in ``feed``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Final

from glimpse.assembly import Assembler, Filter, Origin, Rule, early_drop
from glimpse.assembly.events import END, EXCEPTION, START, THREAD, Event
from glimpse.assembly.runs import args_of_run, fields_of, run_length, texts
from glimpse.assembly.shapes import SHORT_INT_BITS, ArgsMaker
from glimpse.natives import System
from glimpse.writers.sqlite.rows import RowBatch, RowMaker, RowSource
from glimpse.writers.sqlite.schema import DEPTH_BITS, WHERE_BITS

__all__ = ["RowAssembler"]

_SITE_SHIFT: Final = DEPTH_BITS + WHERE_BITS
_TOO_DEEP: Final = 1 << DEPTH_BITS
_NO_FRAME: Final = (0, None, 0, "", 0, None, (), None, None, None, None)

_Cell = tuple[int, ArgsMaker, list[int], list[int], tuple[list[int], list[int], list[int]]]
"""The place of a site's calls in a thread and task, but for the depth; what makes the text of their arguments; where
their times go: see ``times.Lists``."""


class RowAssembler(Assembler):
    """An assembler that gives batches for ``SqliteWriter.write_rows``.

    :param rules: the limits of each policy, by name.
    :param options: those of ``Assembler``.
    """

    def __init__(self, origin: Origin, rules: Mapping[str, Rule] | None = None, **options: Any) -> None:
        super().__init__(origin, **options)
        self._maker = RowMaker(RowSource(origin.pid, origin.service, origin.base))
        self._filter = Filter(rules) if rules and any(rule.limits for rule in rules.values()) else None
        self._early_drop = early_drop(rules or {})
        self._plain = self._filter is None and self.marks is None and origin.correlation_id is None
        self._cells: dict[int, dict[Any, _Cell]] = {}
        self._taken = self.last_id
        """The last entry id of the batches so far: a call up to there has a row, which its end completes."""
        self._filtered = 0

    def rows(self, chunk: Iterable[Event], least: int = 0) -> RowBatch | None:
        """The rows of these events and of those before them; None as long as they are fewer than ``least`` entries.

        A transaction and a pack have a price of their own, so some thousand entries should share one.
        """
        if self._plain:
            number, stacks = self.last_id, {th: stack[:] for th, stack in self._stacks.items()}
            try:
                events = chunk if isinstance(chunk, list) else [*chunk]
                begun = self._feed_runs(events)
                self._feed_plain(events[begun:] if begun else events)
            except BaseException:  # a signal's handler raised: the same chunk will be given again
                self._maker.times.complete = False
                if number == self.last_id:
                    for th, stack in self._stacks.items():
                        stack[:] = stacks.get(th, [])
                raise
        else:
            self._add(self.feed(chunk if self._early_drop is None else self._early_drop([*chunk])))
        return self.held() if self._count() >= least else None

    def held(self) -> RowBatch | None:
        """The rows that were held back so far; None if there are none."""
        if self._plain:
            self._begin_all()
        batch = self._maker.take(self._count(), self._taken + 1 if self._filter is None else None)
        self._maker.keep()
        self._cells.clear()  # of threads there may be any number
        self._taken, self._filtered = self.last_id, 0
        return batch if batch.entries else None

    def last_rows(self, t: int) -> RowBatch | None:
        """The rows that are left, and of the calls that are open, when recording ends at ``t``."""
        if self._plain:
            self._begin_all()
        self._add(self.close(t))
        return self.held()

    def _count(self) -> int:
        return self.last_id - self._taken if self._filter is None else self._filtered

    def _add(self, records: list[dict[str, Any]]) -> None:
        if self._filter is not None:
            records = self._filter.apply(records, System.perf_counter() * 1000)
            self._filtered += len(records)
        self._maker.add(records)

    def _feed_plain(self, chunk: Iterable[Event]) -> None:  # noqa: C901, PLR0912, PLR0915 - as in feed
        """What ``feed`` does, with rows in the place of entries for plain calls.

        A START is held until the next event is seen: if that is its end, the call was on no stack. ``top`` is the
        innermost open call, ``here`` the depth of calls that it makes (0 if these two are not known), ``below`` how
        long it has waited for calls, all since the stack was last changed.
        """
        made: list[Sequence[Any]] = []
        text, opened, taken = self.records.origin.atom_text, self._maker.began, self._taken
        waited, below, top, here = self._maker.times.waited, 0, 0, 0
        number, held, th = self.last_id, None, -2
        stack: list[Any] = []
        cells: dict[Any, _Cell] = {}
        result: str | None
        events = iter(chunk)
        for event in events:
            kind = event[0]
            if kind == 1:
                if held is not None:
                    if below:
                        below = self._wait(stack, below)
                    number, here = self._enter(held, number), 0
                held = event if event[3] >= 0 else None
                continue
            if kind == 2:
                key, value = event[1], event[4]
                if event[3] != th:
                    if below:
                        below = self._wait(stack, below)
                    th, here = event[3], 0
                    stack, cells = self._thread_state(th)
                if value is None:
                    result = "None"
                elif type(value) is int and value.bit_length() < SHORT_INT_BITS:
                    result = str(value)
                elif type(value) is tuple:
                    result = value[0] if value else None
                else:
                    result = text(value)
                if held is not None:
                    own = held[1]
                    if held[3] == th and (key == own or key is None) and held[4] is None and result is not None:
                        if not here:
                            top, here = (stack[-1][0], stack[-1][2] + 1) if stack else (0, 1)
                        if here < _TOO_DEEP:
                            try:
                                place, args, took, began, _ = cells[own]
                            except KeyError:
                                place, args, took, began, _ = self._cell(own, th)
                            call, t = number + 1, held[2]
                            up, spent = call - top if top else None, event[2] - t
                            made.append((call, 1, up, place + here, args(held), t, spent, result))
                            took.append(spent)
                            began.append(t)
                            below += spent
                            number += 2
                            held = None
                            continue
                    if below:
                        below = self._wait(stack, below)
                    number, held, here = self._enter(held, number), None, 0
                call, above, depth, own, t, ctx, start, _, suspendable, _, _ = stack[-1] if stack else _NO_FRAME
                if (
                    call > taken and (key == own or key is None) and result is not None and suspendable is None
                    and call not in opened and depth < _TOO_DEEP
                ):  # fmt: skip
                    del stack[-1]
                    number, here = number + 1, 0
                    place, args, took, began, callers = (
                        cells[own] if ctx is None and own in cells else self._cell(own, th, ctx)
                    )
                    up = None if above is None else call - above
                    spent = event[2] - t
                    made.append((call, number - call, up, place + depth, args(start), t, spent, result))
                    below += waited.pop(call, 0)
                    if below:
                        took, began, elsewhere = callers
                        elsewhere.append(below if below < spent else spent)
                    took.append(spent)
                    began.append(t)
                    below = spent
                    if ctx is not None and above is not None:  # which need not be the next on the stack
                        waited[above] = waited.get(above, 0) + spent
                        below = 0
                    continue
            if below:
                below = self._wait(stack, below)
            if held is not None:
                number, held = self._enter(held, number), None
            self.last_id = number
            self._rare_event(event)
            number, th, here = self.last_id, -2, 0
            if not self._plain:
                break
        if below:
            self._wait(stack, below)
        if held is not None:
            number = self._enter(held, number)
        self.last_id = number
        self._maker.pack(made)
        self._add(self.feed(events))

    def _feed_runs(self, chunk: list[Event]) -> int:
        """What ``_feed_plain`` does for a loop's calls, many at a time. How many events were dealt with."""
        position = 0
        if len(chunk) > 1 and chunk[0][0] == END:  # the end of a call that began in the chunk before
            self._feed_plain(chunk[:1])
            position = 1
        while self._plain and position < len(chunk) and chunk[position][0] == START:
            key = chunk[position][1]
            calls = run_length(chunk, position, len(chunk), key)
            if not calls or not self._run(chunk, position, calls, key):
                break
            position += 2 * calls
        return position

    def _run(self, chunk: list[Event], position: int, calls: int, key: str) -> bool:
        th = chunk[position][3]
        fields = fields_of(chunk, position, calls, key, th, None) if th >= 0 else None
        if fields is None:
            return False
        stack, cells = self._thread_state(th)
        top, here = (stack[-1][0], stack[-1][2] + 1) if stack else (0, 1)
        if here >= _TOO_DEEP:
            return False
        place, _, took, began, _ = cells[key] if key in cells else self._cell(key, th)
        starts, (_, _, _, _, values), spent = fields
        try:
            results = texts(values, self._text_of)
        except IndexError:  # some are closed
            return False
        args = args_of_run(self.records.site(key).site, starts, self._text_of)
        numbers = range(self.last_id + 1, self.last_id + 2 * calls, 2)
        ups = [number - top for number in numbers] if top else repeat(None, calls)
        rows = zip(
            numbers, repeat(1, calls), ups, repeat(place + here, calls), args, starts[2], spent, results, strict=True
        )
        self._maker.pack([*rows])
        self.last_id += 2 * calls
        took.extend(spent)
        began.extend(starts[2])
        self._wait(stack, sum(spent))
        return True

    def _text_of(self, value: Any) -> str:
        if type(value) is int and value.bit_length() < SHORT_INT_BITS:
            return repr(value)
        if type(value) is tuple:
            text: str = value[0]
            return text
        return self.records.origin.atom_text(value)

    def _thread_state(self, th: int) -> tuple[list[Any], dict[Any, _Cell]]:
        return self._stacks.setdefault(th, []), self._cells.setdefault(th, {})

    def _wait(self, stack: Sequence[Any], spent: int) -> int:
        """The innermost call on a stack has waited so long for calls; what is left to be told is nothing."""
        if stack:
            call, waited = stack[-1][0], self._maker.times.waited
            waited[call] = waited.get(call, 0) + spent
        return 0

    def _enter(self, event: Event, number: int) -> int:
        """Put a call on its thread's stack; gives its number."""
        key, t, th, ctx = event[1:5]
        stack = self._stacks.setdefault(th, [])
        parent = stack[-1] if stack else None
        if ctx is not None and (parent is None or parent[5] != ctx):
            parent = self._context(ctx, parent)
        above, depth = (None, 1) if parent is None else (parent[0], parent[2] + 1)
        if depth >= _TOO_DEEP:  # for the place in a row, so its entries stay entries
            self.last_id = number
            self._maker.add(self.feed((event,)))
            return self.last_id
        frame: Any = (number + 1, above, depth, key, t, ctx, event, None, None, None, None)
        stack.append(frame)
        return number + 1

    def _rare_event(self, event: Event) -> None:
        """Make entries of an event, and rows of these."""
        kind = event[0]
        if kind in {END, EXCEPTION}:
            stack = self._stacks.get(event[3], [])
            usual = stack and event[1] in (stack[-1][3], None)
            self._begin(stack[-1:] if usual else stack)
        elif kind == THREAD:
            self._cells.pop(event[1], None)
        self._maker.add(self.feed((event,)))
        if self.marks is not None:  # from here on, calls have details
            self._begin_all()
            self._plain = False

    def _begin_all(self) -> None:
        for stack in self._stacks.values():
            self._begin(stack)

    def _begin(self, stack: Sequence[Any]) -> None:
        """Make rows of calls that are open, for their ends to come."""
        began = self._maker.began
        for call, above, depth, key, t, ctx, start, _, suspendable, _, _ in stack:
            if call > self._taken and suspendable is None and call not in began and depth < _TOO_DEEP:
                place, args, *_ = self._cell(key, start[3], ctx)
                up = None if above is None else call - above
                began[call] = [call, None, up, place + depth, args(start), t, None, None]

    def _cell(self, key: str, th: int, ctx: int | None = None) -> _Cell:
        site, maker = self.records.site(key), self._maker
        tail = site.tail
        number = maker.site(site.function, tail.get("file"), tail.get("line"), tail.get("policy"))
        name, task = self.records.thread(th), self._task(ctx)
        place = number << _SITE_SHIFT | maker.thread(name, task) << DEPTH_BITS
        durations, starts, callers, _ = maker.times.lists(number, maker.thread(name, None))
        found = place, site.args, durations, starts, callers
        if ctx is None:  # of tasks there may be any number
            self._cells.setdefault(th, {})[key] = found
        return found
