"""Width, colours, and the escaping of everything foreign."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.views.text.style import Style, cells, clean, code, count_of, duration, fit, fit_left, table_row


@given(st.text())
def test_clean_text_holds_nothing_to_obey(text: str) -> None:
    """No control, bidirectional, invisible or lone surrogate character is left, and the rest is as it was."""
    cleaned = clean(text)
    assert not [character for character in cleaned if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    assert clean(cleaned) == cleaned


def test_escapes_are_shown() -> None:
    """What a terminal would obey is spelt out."""
    assert clean("a\x1b[31mb\r\n\u202ec\ud800") == "a\\x1b[31mb\\r\\n\\u202ec\\ud800"
    assert clean("café 日本 🎉") == "café 日本 🎉"


@given(st.text(), st.integers(0, 60))
def test_fitted_text_fits(text: str, width: int) -> None:
    """Cut text takes no more columns than there are, and says that it is cut."""
    text = clean(text)
    for cut in (fit(text, width), fit_left(text, width)):
        assert cells(cut) <= width
        assert cut == text or "…" in cut or width == 0


def test_wide_characters_take_two_columns() -> None:
    """East Asian text is measured as terminals show it."""
    assert cells("日本") == 4
    assert fit("日本語", 5) == "日本…"
    assert fit_left("日本語", 5) == "…本語"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0.0, "0.0 µs"), (0.0421, "42.1 µs"), (0.34, "340 µs"), (21.767, "21.8 ms"), (999.4, "999 ms"), (2100, "2.1 s"),
        (59_940, "59.9 s"), (59_960, "1m 00s"), (192_000, "3m 12s"), (7_500_000, "2h 05m"), (90_000_000, "1d 01h"),
        (None, "?"),
    ],
)  # fmt: skip
def test_durations_read_well(milliseconds: float | None, text: str) -> None:
    """Three figures and a unit that fits."""
    assert duration(milliseconds) == text


def test_colours_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe, NO_COLOR and a dumb terminal get none, but for FORCE_COLOR; always means always."""
    stream = io.StringIO()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert not Style.of(stream).colours
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert Style.of(stream).colours
    assert not Style.of(stream, colour="never").colours
    assert Style.of(stream, colour="always").paint("x", "red") == "\x1b[31mx\x1b[0m"
    monkeypatch.setattr(stream, "isatty", lambda: True)
    assert Style.of(stream).colours
    assert not Style.of(stream, colour="never").colours
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Style.of(stream).colours
    monkeypatch.delenv("FORCE_COLOR")
    assert not Style.of(stream).colours


def test_width_is_the_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """80 columns where there is no terminal, its own where there is one, and what is asked for."""
    stream = io.StringIO()
    assert Style.of(stream).width == 80
    assert Style.of(stream, 0).width == 0
    assert Style.of(stream, 120).width == 120
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "133")
    assert Style.of(stream).width == 133


def test_plain_characters_where_there_are_no_others() -> None:
    """A stream of ASCII gets ASCII lines."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    style = Style.of(stream)
    assert style.ascii
    assert style.draw("├ └ │ … → ✗ 5 µs").isascii()


def test_numbers_with_nouns() -> None:
    """One is singular, thousands have separators."""
    assert (count_of(1, "call"), count_of(9998, "call"), count_of(2, "entry", "entries")) == (
        "1 call",
        "9,998 calls",
        "2 entries",
    )


@given(st.text(max_size=30))
def test_markdown_code_cannot_be_left(text: str) -> None:
    """Backticks and bars in values do not end the code or the cell."""
    coded = code(text)
    fence = coded[: len(coded) - len(coded.lstrip("`"))]
    assert coded.endswith(fence)
    assert fence not in coded[len(fence) : -len(fence)]
    assert table_row([coded]).replace("\\|", "").count("|") == 2
