"""The difference of two traces as text."""

from __future__ import annotations

from textwrap import dedent

from glimpse.traces.diff import Change
from glimpse.views.text.diff import change_row, diff_lines, diff_markdown
from glimpse.views.text.style import Style, cells

FOUND = [
    Change("new-errors", "shop.mail.send", 0, 2, None, "TimeoutError: no answer"),
    Change("slower", "shop.models.Order.total", 0.05, 0.082, 0.64),
    Change("results", "shop.price", "1.0", "1.1", 0.5, "price(n=1), 1 of 2"),
    Change("calls", "shop.load.parse_item", 1000, 1500, 0.5),
    Change("calls", "shop.load.check", 10, 5, -0.5),
]


def test_sections() -> None:
    """A section for each kind, with what it was and what it is."""
    expected = """\
        New errors: 1
          TimeoutError: no answer (2 times)
            raised in shop.mail.send

        Slower (median of a call): 1
          shop.models.Order.total                                50.0 µs → 82.0 µs  +64%

        Other results for the same arguments: 1
          shop.price: price(n=1), 1 of 2 calls
            1.0 → 1.1

        Called more or less often: 2
          shop.load.parse_item                                 1,000 → 1,500 calls  +50%
          … 1 more (-n 0 shows all)
        """
    assert "\n".join(diff_lines(FOUND, 1, Style(80))) == dedent(expected)


def test_nothing_changed() -> None:
    """No difference is said in so many words."""
    assert list(diff_lines([], None, Style(80))) == ["No difference beyond noise."]


def test_lines_fit_and_are_clean() -> None:
    """Long names, values and control characters stay within the line."""
    odd = [Change(change.kind, "a" * 200, "\x1b[1m" * 30, "b" * 200, 3.0, "\n" * 50) for change in FOUND]
    lines = list(diff_lines(odd[2:3], None, Style(60)))
    assert max(map(cells, lines)) <= 60
    assert "\x1b" not in "".join(lines)


def test_json_and_markdown() -> None:
    """The same for programs and for documents; what cannot be divided has no share."""
    assert change_row(Change("calls", "f", 0, 3, float("inf")))["relative"] is None
    row = {"kind": "slower", "before": 0.05, "after": 0.082, "relative": 0.64, "detail": ""}
    assert change_row(FOUND[1]) == {**row, "function": "shop.models.Order.total"}
    assert len(list(diff_markdown(FOUND))) == 2 + len(FOUND)
