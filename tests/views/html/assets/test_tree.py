"""The call tree in a real browser."""

from __future__ import annotations

from tests.support.chromium import Page

LINES = "[...document.querySelectorAll('#tree-rows .line')].sort((a, b) => a.dataset.at - b.dataset.at)"


def lines(page: Page) -> list[str]:
    """The lines in sight, without their times."""
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    found = page.evaluate(f"{LINES}.map((line) => line.querySelector('.what').textContent.trim())")
    assert isinstance(found, list)
    return found


def test_lines_open_by_key(opened: Page) -> None:
    """Threads first; opening a call makes the lines below it, closing takes them away; states are told to readers."""
    opened.press("2")
    assert [line.split("(")[0].split("  ")[0] for line in lines(opened)] == [
        "MainThreadshop", "main", "load_orders", "outline", "send_all", "worker-0shop", "worker-1shop",
    ]  # fmt: skip
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        opened.press(key)
    shown = lines(opened)
    assert shown[3].startswith("open_csv(path='orders.csv')→ <_csv.reader object>")
    assert shown[4].startswith("parse_item(row={'id': '0', 'price': '12.50'})")
    states = "{level: element.ariaLevel, open: element.ariaExpanded, chosen: element.ariaSelected}"
    found = opened.evaluate(f"((element) => ({states}))(document.getElementById('active-line'))")
    assert found == {"level": "3", "open": "true", "chosen": "true"}
    opened.press("ArrowLeft")
    assert len(lines(opened)) == 7
    opened.press("ArrowLeft")
    assert opened.text("#active-line").startswith("main")


def test_repeated_calls_are_folded(opened: Page) -> None:
    """Of a thousand calls a few are shown with a line for the rest, which opens."""
    opened.press("2")
    for key in (
        "ArrowDown",
        "ArrowDown",
        "ArrowRight",
        "ArrowDown",
        "ArrowDown",
        "ArrowDown",
        "ArrowDown",
        "ArrowDown",
    ):
        opened.press(key)
    assert opened.text("#active-line").startswith("… 997 more calls of parse_item, 3 failed")
    opened.press("Enter")
    opened.press("End")
    assert lines(opened)[-1].startswith("worker-1")
    count = opened.evaluate("document.getElementById('tree-rows').style.height")
    assert count == f"{28 * (7 + 1001)}px"


def test_slowest_first(opened: Page) -> None:
    """The order by time, and back."""
    opened.press("2")
    opened.click("#tree-order")
    assert [line.split("(")[0] for line in lines(opened)[2:5]] == ["load_orders", "send_all", "outline"]
    opened.press("o")
    assert [line.split("(")[0] for line in lines(opened)[2:5]] == ["load_orders", "outline", "send_all"]


def test_the_selected_call_is_found_in_it(opened: Page) -> None:
    """From the timeline's panel to the tree's line, out of a fold if need be."""
    opened.press("/")
    opened.type("'id': '500'")
    opened.wait("document.getElementById('matches').textContent === '1'")
    opened.press("Enter")
    opened.wait("document.querySelector('#details h2')?.textContent === 'parse_item'")
    opened.evaluate("[...document.querySelectorAll('#details .actions button')][1].click()")
    opened.wait("document.getElementById('active-line')?.innerText.includes(\"'500'\")")
    shown = lines(opened)
    assert any(line.startswith("… 497 more calls of parse_item") for line in shown)
