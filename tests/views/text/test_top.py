"""The table of functions as text."""

from __future__ import annotations

from glimpse.traces.calls import finished_calls
from glimpse.traces.stats import TopTable
from glimpse.views.text.style import Style
from glimpse.views.text.top import SORTS, ordered, top_lines, top_markdown
from tests.traces.recording import shop


def rows() -> list[dict[str, object]]:
    """The shop's table."""
    table = TopTable()
    table.add_calls(finished_calls(shop(1000).entries))
    return table.rows()


def test_the_table() -> None:
    """Columns line up, the time of a function's own decides, and the last lines sum up."""
    lines = list(top_lines(rows(), 3, Style(80)))
    assert lines == [
        " self total calls errors  mean   p50   p95   max  function",
        "200ms 200ms     1      1 200ms 200ms 200ms 200ms  shop.mail.Mailer.send",
        "150ms 200ms 1,000      3 200µs 200µs 200µs 200µs  shop.load.parse_item",
        "130ms 548ms     1      - 548ms 548ms 548ms 548ms  shop.main.main",
        "… 8 more functions, 188ms (-n 0 shows all)",
        "",
        "2,136 calls of 11 functions, 668 ms in all · 5 ended in an exception",
    ]


def test_long_names_keep_their_end() -> None:
    """The last part of a name is what tells functions apart."""
    row = dict(rows()[0], function="a_very_long_package_name.with_a_long_module.and_a.Class.method")
    line = list(top_lines([row], None, Style(80)))[1]
    assert len(line) <= 80
    assert line.endswith(".Class.method")


def test_every_order() -> None:
    """The largest first; names from A to Z."""
    table = rows()
    for sort in SORTS:
        key = sort if sort in {"calls", "errors", "function"} else f"{sort}_ms"
        values = [row[key] for row in ordered(table, sort)]
        assert values == sorted(values, reverse=sort != "function")  # type: ignore[type-var]


def test_markdown() -> None:
    """A heading, a rule and a row for each function."""
    lines = list(top_markdown(rows(), 2))
    assert lines[0] == "| function | calls | errors | total | self | mean | p50 | p95 | max |"
    assert lines[2].startswith("| `shop.mail.Mailer.send` | 1 | 1 | 200ms |")
    assert len(lines) == 4
