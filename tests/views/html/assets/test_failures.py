"""The errors in a real browser."""

from __future__ import annotations

from tests.support.chromium import Page


def test_groups(opened: Page) -> None:
    """The most frequent first and open: the way there with arguments, the traceback; the others open on demand."""
    opened.press("4")
    text = opened.text("#failures")
    assert text.startswith("3×")
    for wanted in (
        "ValueError: could not convert string to float: '12,50'",
        "in shop.load.parse_item, line 31",
        "shop.load.load_orders(path='orders.csv', strict=False)",
        "row={'id': '37', 'price': '12.50'}",
        "It did not leave shop.load.load_orders.",
        'File "app.py", line 31',
    ):
        assert wanted in text
    assert "retries=3" not in text
    opened.click("#failures details:nth-child(2) summary")
    opened.wait("document.getElementById('failures').innerText.includes('retries=3')")


def test_to_the_calls(opened: Page) -> None:
    """From a group to its first call, and on to the next ones."""
    opened.press("4")
    opened.evaluate("document.querySelector('#failures .actions button').click()")
    opened.wait("document.querySelector('#details .badge')?.textContent === 'raised ValueError'")
    assert "'37'" in opened.text("#details .values")
    opened.press("4")
    opened.evaluate("document.querySelectorAll('#failures .actions button')[1].click()")
    opened.wait("document.querySelector('#details .values')?.innerText.includes(\"'437'\")")
