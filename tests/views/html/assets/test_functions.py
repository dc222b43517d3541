"""The table of functions in a real browser."""

from __future__ import annotations

from tests.support.chromium import Page

NAMES = "[...document.querySelectorAll('#functions tbody .name')].map((name) => name.textContent)"
SORTS = "[...document.querySelectorAll('#functions th')].map((head) => head.ariaSort).filter((sort) => sort !== 'none')"


def test_sorting(opened: Page) -> None:
    """By own time at first; by what is clicked or pressed then, once more for the other way round."""
    opened.press("3")
    assert opened.evaluate(NAMES)[:3] == ["Mailer.send", "parse_item", "main"]
    opened.click("[data-by=calls]")
    assert opened.evaluate(NAMES)[:3] == ["parse_item", "Order.total", "walk"]
    opened.press("Enter")
    assert opened.evaluate(NAMES)[-1] == "parse_item"
    assert opened.evaluate("document.activeElement.dataset.by") == "calls"
    opened.click("[data-by=full]")
    assert opened.evaluate(NAMES)[:2] == ["load_orders", "open_csv"]
    assert opened.evaluate("document.querySelector('[data-by=full]').closest('th').ariaSort") == "ascending"


def test_search_filters(opened: Page) -> None:
    """Only functions with the text in their names stay."""
    opened.press("3")
    opened.press("/")
    opened.type("shop.report")
    assert opened.evaluate(NAMES) == ["walk", "outline"]
    opened.press("Escape")
    opened.evaluate("document.getElementById('search').value = ''")
    opened.press("/")
    opened.type("nothing like it")
    assert "No function has" in opened.text("#functions")


def test_to_the_calls_of_a_function(opened: Page) -> None:
    """A click lights its calls up and selects the slowest one."""
    opened.press("3")
    opened.click("#functions tbody tr:nth-child(2) button")
    opened.wait("document.querySelector('#details h2')?.textContent === 'parse_item'")
    assert opened.text("#matches") == "1,000"
    assert opened.evaluate("document.getElementById('tab-timeline').ariaSelected") == "true"
