"""Search in a real browser."""

from __future__ import annotations

import pytest

from tests.support.chromium import Page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("parse_item", "1,000"),
        ("PARSE_ITEM", "1,000"),
        ("=shop.report.outline", "1"),
        ("=shop.report", "0"),
        ("'id': '999'", "1"),
        ("connection refused", "2"),
        ("no such text", "0"),
    ],
)
def test_finds(opened: Page, query: str, count: str) -> None:
    """Functions by name, and calls by anything in their arguments, results and exceptions; how many is shown."""
    opened.press("/")
    opened.type(query)
    opened.wait(f"document.getElementById('matches').textContent === {count!r}")


def test_steps_through_what_was_found(opened: Page) -> None:
    """Enter goes on, with shift back, and round at the end; n and N do the same outside the field."""
    opened.press("/")
    opened.type("=shop.worker.handle")
    opened.wait("document.getElementById('matches').textContent === '4'")
    seen = []
    for _ in range(5):
        opened.press("Enter")
        seen.append(opened.evaluate("location.hash"))
        opened.wait("document.querySelector('#details h2')?.textContent === 'handle'")
    assert len(set(seen)) == 4
    assert seen[4] == seen[0]
    opened.press("Enter", shift=True)
    assert opened.evaluate("location.hash") == seen[3]
    opened.evaluate("document.getElementById('search').blur()")
    opened.press("n")
    assert opened.evaluate("location.hash") == seen[0]
    opened.press("N", shift=True)
    assert opened.evaluate("location.hash") == seen[3]


def test_dims_the_rest(opened: Page) -> None:
    """What does not match steps back on the timeline, until the search is cleared."""
    flame = "document.getElementById('flame').toDataURL()"
    frame = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))"
    opened.evaluate(frame)
    before = opened.evaluate(flame)
    opened.press("/")
    opened.type("send_all")
    opened.wait(f"{flame} !== {before!r}")
    opened.evaluate("document.getElementById('search').blur()")
    opened.press("Escape")
    opened.wait(f"{flame} === {before!r}")
    assert opened.text("#matches") == ""
