"""The call tree as text."""

from __future__ import annotations

from textwrap import dedent

from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.traces.calls import call_events
from glimpse.traces.filters import Selection
from glimpse.traces.tree import Folding, TreeBuilder
from glimpse.views.text.style import Style, cells
from glimpse.views.text.tree import totals_line, trees_text
from tests.traces.recording import Recorder, shop, walk
from tests.traces.strategies import programs


def shown(program: Recorder, width: int = 80, selection: Selection | None = None, *, colours: bool = False) -> str:
    """The text of a program's tree."""
    builder = TreeBuilder(selection, Folding())
    lines = list(trees_text(builder.roots(call_events(program.entries)), Style(width, colours)))
    return "\n".join([*lines, totals_line(builder.totals), ""])


def test_a_whole_tree() -> None:
    """Durations, calls, results, numbers; repetition folded, failures with their message where they were raised."""
    program = Recorder()
    main = program.start("shop.main.main", "path='orders.csv'")
    with program.call("shop.load.load", "path='orders.csv'", "[Order(1), …]", 0.5):
        for number in range(1000):
            with program.call("shop.load.parse_item", f"row={{'id': {number}}}", f"Order({number})", 0.2):
                program.leaf("shop.models.Order.check", "self=<Order>, strict=True", "True", 0.05)
    calls = [program.start("shop.mail.send_all", "retries=3"), program.start("shop.mail.Mailer.send", "self=<Mailer>")]
    program.spend(20)
    error = OSError("Connection refused")
    program.fail(calls[1], error)
    program.fail(calls[0], error)
    program.end(main, "0")
    program.start("shop.worker.handle", "job=7", thread="worker-1")
    expected = """\
        MainThread · pid 4711
         270 ms  shop.main.main(path='orders.csv') → 0                                #1
         250 ms  ├ load.load(path='orders.csv') → [Order(1), …]                       #2
         250 µs  │ ├ parse_item(row={'id': 0}) → Order(0)                             #3
        50.0 µs  │ │ └ models.Order.check(strict=True) → True                         #4
         250 µs  │ ├ parse_item(row={'id': 1}) → Order(1)                             #7
        50.0 µs  │ │ └ models.Order.check(strict=True) → True                         #8
         250 ms  │ └ … 998 more calls of parse_item, 250 ms
        20.0 ms  └ mail.send_all(retries=3) ✗ OSError                              #4004
        20.0 ms    └ Mailer.send() ✗ OSError: Connection refused                   #4005

        worker-1 · pid 4711
                 shop.worker.handle(job=7) ▶ unfinished                            #4009
        2,005 calls of 7 functions in 270 ms · 2 ended in an exception · 1 unfinished
        """
    assert shown(program) == dedent(expected)


def test_recursion_is_one_line() -> None:
    """Levels beyond the third are counted."""
    program = Recorder()
    walk(program, 6)
    assert "↻ 30 calls deeper in the recursion of walk, 4 levels, 300 µs" in shown(program)


def test_the_slowest_of_a_fold_is_named() -> None:
    """A call that stands out of those folded can be looked up."""
    program = Recorder()
    for number in range(100):
        program.leaf("app.step", ms=0.1 if number != 60 else 50)
    assert "… 98 more calls of step, 59.7 ms, slowest 50.0 ms #121" in shown(program)


@given(programs, st.integers(40, 120))
@settings(max_examples=40)
def test_lines_fit(program: Recorder, width: int) -> None:
    """No line is wider than the terminal."""
    assert max(map(cells, shown(program, width).splitlines()[:-1]), default=0) <= width


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=40)
def test_nothing_foreign_reaches_the_terminal(args: str, result: str) -> None:
    """Values with control characters take one line and are spelt out."""
    program = Recorder()
    program.leaf("app.main", args, result)
    text = shown(program)
    assert text.count("\n") == 3
    assert text.replace("\n", "").isprintable() or any(not character.isprintable() for character in args + result)
    assert not set(map(chr, [*range(9), *range(11, 32), 127, 0x9B, 0x202E])) & set(text)


def test_a_hundred_levels_stay_within_the_width() -> None:
    """Deep calls are numbered instead of pushed out of sight."""
    program = Recorder()
    calls = [program.start(f"app.level_{level}") for level in range(100)]
    for call in reversed(calls):
        program.end(call)
    lines = shown(program).splitlines()
    assert max(map(cells, lines)) <= 80
    assert "100> level_99() → None" in "\n".join(lines)


def test_the_way_to_what_is_chosen() -> None:
    """Calls chosen by name come with the calls around them."""
    assert "in main › load_orders\n" in shown(shop(10), selection=Selection(functions=("open_csv",)))


def test_colours_are_only_added() -> None:
    """With colours the text is the same, and failures are red."""
    plain, coloured = shown(shop(10)), shown(shop(10), colours=True)
    assert "\x1b[31m✗ ConnectionRefusedError" in coloured
    import re

    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_other_tasks_and_services_are_marked() -> None:
    """A callee in another task or process says so."""
    client = Recorder(pid=1, ids=True, service="web")
    server = Recorder(pid=2, ids=True, service="pay")
    request = client.start("web.pay", task="Task-1")
    inner = client.start("web.child", task="Task-2", parent=request)
    server.end(server.start("pay.charge", trace_id=request["trace_id"], parent_span_id=request["span_id"]))
    client.end(inner)
    client.end(request)
    program = Recorder()
    program.entries = [*client.entries[:2], *server.entries, *client.entries[2:]]
    text = shown(program)
    assert "├ [Task-2] child()" in text
    assert "└ [pay pid 2] pay.charge()" in text
