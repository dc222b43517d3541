"""The keyboard in a real browser."""

from __future__ import annotations

from tests.support.chromium import Page

FOCUS = "document.activeElement.id"


def test_everything_is_reached_by_tab(opened: Page) -> None:
    """From the skip link on, in the order of the page, with a visible mark on each."""
    seen = []
    for _ in range(30):
        opened.press("Tab")
        seen.append(opened.evaluate(FOCUS) or opened.evaluate("document.activeElement.className"))
        if seen[-1] != "search":  # its frame is that of the whole field
            assert opened.evaluate(
                "(style => style.outlineStyle !== 'none')(getComputedStyle(document.activeElement)) ||"
                " getComputedStyle(document.activeElement.closest('[role=tabpanel]'), '::after').content === '\"\"'"
            ), seen[-1]
        if seen[-1] == "lanes":
            break
    assert seen == ["skip", "search", "theme", "help", "tab-timeline", "zoom-out", "zoom-in", "zoom-all", "lanes"]


def test_tabs(opened: Page) -> None:
    """By arrow keys as in every list of tabs, and by number from anywhere; hidden panels stay out of the way."""
    opened.evaluate("document.getElementById('tab-timeline').focus()")
    opened.press("ArrowRight")
    assert opened.evaluate(FOCUS) == "tab-tree"
    opened.press("ArrowLeft")
    opened.press("ArrowLeft")
    assert opened.evaluate(FOCUS) == "tab-failures"
    shown = (
        "[...document.querySelectorAll('[role=tabpanel]')].filter((panel) => panel.checkVisibility()).map((p) => p.id)"
    )
    for key, name in (("1", "timeline"), ("2", "tree"), ("3", "functions"), ("4", "failures")):
        opened.press(key)
        assert opened.evaluate(shown) == [name]
        assert opened.evaluate(f"document.getElementById('tab-{name}').ariaSelected") == "true"


def test_help(opened: Page) -> None:
    """The question mark lists the keys; escape closes the list and nothing else."""
    opened.evaluate("document.getElementById('lanes').focus()")
    opened.press("ArrowDown")
    opened.press("?", shift=True)
    text = opened.text("#keys")
    for wanted in ("Keys and hints", "zoom in and out", "next and previous match"):
        assert wanted in text
    opened.press("Escape")
    assert opened.text("#keys") == ""
    assert opened.text("#details h2") == "main"


def test_letters_are_text_in_the_search_field(opened: Page) -> None:
    """Keys that mean something elsewhere are typed there."""
    opened.press("/")
    assert opened.evaluate(FOCUS) == "search"
    theme = opened.evaluate("document.documentElement.dataset.theme")
    for letter in "t1?":
        opened.press(letter)
    assert opened.evaluate("document.getElementById('search').value") == "t1?"
    assert opened.evaluate("document.documentElement.dataset.theme") == theme
