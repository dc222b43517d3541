"""One browser for all tests of the page, and reports to look at in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from glimpse.cli import main
from tests.support.chromium import Browser, Page, browser
from tests.traces.recording import shop


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A running browser."""
    with browser() as running:
        yield running


@pytest.fixture(scope="session")
def shop_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a small shop."""
    folder = tmp_path_factory.mktemp("report")
    trace, report = shop(1000).save(folder / "shop.jsonl"), folder / "shop.html"
    assert main(["report", str(trace), "-o", str(report)]) == 0
    return report


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """An empty page; whatever goes wrong in it until the end of the test fails the test."""
    page = chromium.page()
    yield page
    problems = page.problems
    page.close()
    assert not problems


@pytest.fixture
def opened(page: Page, shop_report: Path) -> Page:
    """The report of the shop, ready."""
    page.open(shop_report)
    return page


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser is the same whichever Python wrote the page."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.once)
