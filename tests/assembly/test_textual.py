"""Lines made straight from events say what entries made of the same events say."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from glimpse.assembly import Assembler, Filter, LineAssembler, Origin, Rule, as_lines
from glimpse.assembly import events as ev
from glimpse.values import Renderer

SITES = ["m:f:1:f:a:", "m:C.g:2:f:@self,a:", "m:h:3:f:!secret,a,*rest:policy", 'm:<"é>:4:f::']
COROUTINE, GENERATOR = "m:c:5:c:a:", "m:y:6:g:a:"
TEXT = st.one_of(
    st.text(max_size=60), st.sampled_from(["row", '"', "\\", "\ud800", "\x00\x1f\x7f", "é", "\u2028", "'", "\n"])
)
ATOM = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**100, -(10**5000)]),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    st.tuples(TEXT),
)


def values(key: str) -> int:
    """How many values a START of this site has."""
    params = key.split(":")[4]
    return len(params.split(",")) if params else 0


@st.composite
def recordings(draw: st.DrawFn) -> list[ev.Event]:
    """Events of two threads: calls in calls, in a coroutine and in a generator, some of which never end."""
    clock = draw(st.integers(0, 5_000_000))
    events: list[ev.Event] = [(ev.THREAD, 1, "MainThread"), (ev.THREAD, 2, '"é\ud800"')]
    open_calls: dict[int, list[str]] = {1: [], 2: []}
    begun = 0
    for _ in range(draw(st.integers(0, 40))):
        clock += draw(st.sampled_from([1, 700, 1500, 400_000, 1_000_000, 3_000_000_000]))
        th = draw(st.sampled_from([1, 1, 1, 2, -1]))
        ctx = draw(st.sampled_from([None, None, None, None, 100 + begun, 2]))
        stack = open_calls.get(th, [])
        what = draw(
            st.sampled_from(["start", "start", "end", "end", "end here", "raise", "lone", "coroutine", "drop", "scope"])
        )
        if what == "start":
            key = draw(st.sampled_from(SITES))
            shown = ["C" if "@" in key and not place else draw(ATOM) for place in range(values(key))]
            events.append((ev.START, key, clock, th, ctx, *shown))
            stack.append(key)
        elif what == "coroutine":
            begun += 1
            events.append((ev.CORO_START, COROUTINE, clock, th, ctx, 100 + begun, draw(TEXT) or None, draw(ATOM)))
        elif what == "drop":
            events.append((ev.CORO_END, COROUTINE, clock, th, draw(ATOM), 100 + begun))
        elif what == "scope":
            events.append((ev.CONTEXT, 2, ctx, draw(TEXT), "a" * 32, "b" * 16))
        elif what == "lone":
            events.append((ev.END, draw(st.sampled_from(SITES)), clock, th, draw(ATOM)))
        elif stack:
            key = stack.pop()
            value = draw(st.one_of(ATOM, st.just(ev.CLOSED)))
            if what == "raise":
                events.append((ev.EXCEPTION, key, clock, th, ("E", draw(TEXT), 3, draw(TEXT))))
            else:
                events.append((ev.END, None if what == "end here" else key, clock, th, value))
    return events


def comparable(data: bytes) -> list[dict[str, Any]]:
    """The lines, read again."""
    lines = data.split(b"\n")
    assert lines.pop() == b""
    return [json.loads(line) for line in lines]


@given(
    events=recordings(),
    cut=st.integers(1, 12),
    first=st.sampled_from([1, 990, 998, 1000, 123_996]),
    options=st.fixed_dictionaries({"trace_ids": st.booleans(), "service": st.sampled_from([None, 'a"b'])}),
)
def test_lines_say_what_entries_say(events: list[ev.Event], cut: int, first: int, options: dict[str, Any]) -> None:
    """Whatever is recorded and however it is cut into chunks, both ways give the same, in the same order."""
    origin = Origin(pid=7, base=1_700_000_000_000_000_000, atom_text=Renderer().atom_text, **options)
    entries, lines = Assembler(origin, first_id=first), LineAssembler(origin, first_id=first)
    expected, found, count = b"", b"", 0
    for position in range(0, len(events), cut):
        chunk = events[position : position + cut]
        expected += as_lines(entries.feed(chunk))
        data, more = lines.lines(chunk)
        found, count = found + data, count + more
    end = 10**12
    expected += as_lines(entries.close(end))
    data, more = lines.last_lines(end)
    assert comparable(found + data) == comparable(expected)
    assert (found + data).count(b"\n") == count + more


@given(events=recordings(), cut=st.integers(1, 12), depth=st.integers(1, 3), often=st.booleans(), pauses=st.booleans())
def test_lines_where_a_policy_limits_depth(
    events: list[ev.Event], cut: int, depth: int, often: bool, pauses: bool
) -> None:
    """Lines are those of the entries that the limit keeps."""
    rules = {"": Rule(depth=depth), "policy": Rule(depth=depth)}
    origin = Origin(pid=7, base=0, atom_text=Renderer().atom_text)
    entries, limits = Assembler(origin, pauses=pauses), Filter(rules)
    lines = LineAssembler(origin, limits=dict.fromkeys(rules, depth), pauses=pauses)
    expected, found, count = b"", b"", 0
    for position in range(0, len(events), cut):
        chunk = events[position : position + cut]
        expected += as_lines(limits.apply(entries.feed(chunk), 0))
        data, more = lines.lines(chunk)
        found, count = found + data, count + more
    expected += as_lines(limits.apply(entries.close(10**12), 0))
    data, more = lines.last_lines(10**12)
    assert comparable(found + data) == comparable(expected)
    assert (found + data).count(b"\n") == count + more


REPEATED = st.sampled_from(
    [range(150), range(2**70, 2**70 + 9), [None], ["row"], [7, 7.5, 3], [True, 1], [0, 2**70], [5, ("x",)]]
)
"""What a parameter is in one call after the other."""


@st.composite
def loops(draw: st.DrawFn) -> list[ev.Event]:
    """Events of functions that are called again and again, some calls of which are unlike the others."""
    clock = draw(st.integers(0, 5_000_000))
    events: list[ev.Event] = [(ev.THREAD, 1, "MainThread"), (ev.START, SITES[3], clock, 1, None)]
    events += [(ev.CONTEXT, 9, None, 'an "id"', None, None), (ev.CORO_START, COROUTINE, clock, 1, None, 10, "Täsk", 1)]
    for _ in range(draw(st.integers(1, 4))):
        key, step = draw(st.sampled_from(SITES)), draw(st.sampled_from([1, 200, 900, 4_000, 20_000, 3_000_000]))
        scope = draw(st.sampled_from([None, None, 9, 10]))
        shown, returned = draw(REPEATED), draw(REPEATED)
        odd = draw(st.one_of(st.none(), st.integers(0, 140)))
        for number in range(draw(st.sampled_from([3, 20, 70, 140]))):
            given_now = [
                "C" if "@" in key and not place else shown[(number + place) % len(shown)]
                for place in range(values(key))
            ]
            th, ctx = draw(st.sampled_from([(2, None), (1, 5)])) if number == odd else (1, scope)
            events.append((ev.START, key, clock, th, ctx, *given_now))
            clock += step
            ended = None if number == odd and ctx else key
            events.append((ev.END, ended, clock, th, returned[number % len(returned)]))
            clock += 1
    return events


def interrupted(failing: int) -> Any:
    """What gives the text of an atom, and once raises, as a signal's handler would, when so many were asked for."""
    left = failing

    def atom_text(atom: Any) -> str:
        nonlocal left
        left -= 1
        if not left:
            raise KeyboardInterrupt
        return Renderer().atom_text(atom)

    return atom_text


def made(lines: LineAssembler, events: list[ev.Event], cut: int) -> bytes:
    """The lines of events that are given in chunks, again where that was interrupted."""
    found = b""
    for position in range(0, len(events), cut):
        chunk = events[position : position + cut]
        try:
            data, _ = lines.lines(chunk)
        except KeyboardInterrupt:
            data, _ = lines.lines(chunk)
        found += data
    return found


@given(events=loops(), first=st.sampled_from([1, 700, 123_996]), failing=st.integers(1, 60), ids=st.booleans())
def test_many_calls_of_one_function(events: list[ev.Event], first: int, failing: int, ids: bool) -> None:
    """Lines that are made for many calls at once say the same, also when a signal's handler raised in the middle."""
    origin, other = (
        Origin(pid=7, base=1_700_000_000_000_000_000, atom_text=interrupted(failing), trace_ids=ids),
        Origin(7, 1_700_000_000_000_000_000, trace_ids=ids),
    )
    found = made(LineAssembler(origin, first_id=first), events, 256)
    assert comparable(found) == comparable(as_lines(Assembler(other, first_id=first).feed(events)))


@st.composite
def generators(draw: st.DrawFn) -> list[ev.Event]:
    """Events of generators that are driven from two threads, delegate to each other, call, and are called in calls."""
    clock = 0
    events: list[ev.Event] = [(ev.THREAD, 1, "MainThread"), (ev.THREAD, 2, "other")]

    def add(kind: int, th: int, frame: int, ctx: int | None) -> None:
        nonlocal clock
        clock += draw(st.sampled_from([1, 700, 2_000_000]))
        if kind == ev.START:
            events.append((kind, SITES[0], clock, th, ctx, draw(ATOM)))
        elif kind == ev.END:
            events.append((kind, SITES[0], clock, th, draw(ATOM)))
        elif kind == ev.GEN_START:
            events.append((kind, GENERATOR, clock, th, ctx, frame, draw(ATOM)))
        elif kind == ev.GEN_END:
            events.append((kind, GENERATOR, clock, th, draw(ATOM), frame))
        else:
            events.append((kind, GENERATOR, clock, th, ctx, frame, *([draw(st.booleans())] * (kind == ev.DELEGATE))))

    for _ in range(draw(st.integers(0, 30))):
        th, frame, ctx = draw(st.sampled_from([1, 1, 1, 2])), draw(st.integers(1, 3)), draw(st.sampled_from([None, 5]))
        for kind in draw(st.sampled_from([[kind] for kind in _OF_GENERATORS] + [_ITERATED] * 4)):
            add(kind, th, frame, ctx)
    return events


_OF_GENERATORS = [ev.START, ev.END, ev.GEN_START, ev.GEN_END, ev.DELEGATE, ev.DELEGATED, ev.YIELD, ev.RESUME]
_ITERATED = [ev.GEN_START, *[ev.START, ev.END, ev.YIELD, ev.START, ev.END, ev.RESUME] * 2]


@given(events=generators(), cut=st.integers(1, 40), failing=st.integers(1, 12))
def test_generators_whose_pauses_are_told_or_not(events: list[ev.Event], cut: int, failing: int) -> None:
    """What else is said of them is the same; where pauses are not told there is a shorter way, for lines another."""
    origin, other = (Origin(7, 0, atom_text) for atom_text in (Renderer().atom_text, interrupted(failing)))
    entries, told, lines = Assembler(origin), Assembler(origin, pauses=True), LineAssembler(other)
    chunks = [events[position : position + cut] for position in range(0, len(events), cut)]
    plain = [entry for chunk in chunks for entry in entries.feed(chunk)] + entries.close(10**10)
    found = made(lines, events, cut) + lines.last_lines(10**10)[0]
    assert comparable(found) == comparable(as_lines(plain))
    with_pauses = [entry for chunk in chunks for entry in told.feed(chunk)] + told.close(10**10)
    own = {entry["entry_id"]: entry for entry in plain}
    others = {entry["entry_id"]: entry for entry in with_pauses}
    expected = [named(entry, others) for entry in with_pauses if entry["stage"] not in ("SUSPEND", "RESUME")]
    assert [named(entry, own) for entry in plain] == expected


def named(entry: dict[str, Any], entries: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """An entry with, for the numbers of calls, when and what they were."""
    ids = "entry_id", "call_id", "parent_id"
    calls = [entries[entry[name]] if entry[name] is not None else {} for name in ids[1:]]
    told = {name: value for name, value in entry.items() if name not in ids}
    return {**told, "of": [(call.get("timestamp"), call.get("function"), call.get("args")) for call in calls]}


def test_fields_are_in_the_order_of_the_record() -> None:
    """Text or dict, an entry's fields come in the same order."""
    origin = Origin(pid=7, base=0, service="s")
    events: list[ev.Event] = [
        (ev.START, SITES[0], 1_000, 1, None, "x"),
        (ev.START, SITES[2], 2_000, 1, None, None, 2, ("[]",)),
        (ev.END, SITES[2], 3_000, 1, 5),
        (ev.END, SITES[0], 2_000_000, 1, None),
    ]
    expected = Assembler(origin).feed(events)
    found = comparable(LineAssembler(origin).lines(events)[0])
    assert [list(entry) for entry in found] == [list(entry) for entry in expected]
