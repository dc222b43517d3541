"""The list of slowest functions."""

from __future__ import annotations

from .conftest import Run

TESTS = """
    import shop

    def test_one():
        shop.checkout(["tea"] * 300)

    def test_other():
        shop.price("cup")

    def test_none():
        pass
"""


def test_slowest_functions_of_each_test(run: Run) -> None:
    """Tests that called something have a line each, and at most so many functions below it."""
    result = run({"test_shop.py": TESTS}, "--glimpse-slow=1")
    start = next(place for place, line in enumerate(result.outlines) if "slowest functions" in line)
    lines = [line for line in result.outlines[start + 1 :] if line and not line.startswith("===")]
    assert lines[0] == "test_shop.py::test_one"
    assert lines[1].endswith(("shop.checkout  1 call", "shop.price  300 calls"))
    assert lines[2] == "test_shop.py::test_other"
    assert lines[3].endswith("shop.price  1 call")
    assert len(lines) == 4


def test_many_tests_are_cut(run: Run) -> None:
    """Twenty tests are shown; ``-vv`` shows all."""
    test = "import pytest, shop\n@pytest.mark.parametrize('n', range(25))\ndef test_n(n):\n    shop.price('tea')\n"
    files = {"test_shop.py": test}
    run(files, "--glimpse-slow=2").stdout.fnmatch_lines(["… and 5 more tests (-vv shows all)"])
    run(files, "--glimpse-slow=2", "-vv").stdout.no_fnmatch_line("*more tests*")


def test_nothing_recorded_is_said(run: Run) -> None:
    """An empty list would look as if everything was fast."""
    result = run({"test_none.py": "def test_none():\n    pass\n"}, "--glimpse-slow=2", "--glimpse-include=shop")
    result.stdout.fnmatch_lines(["no call was recorded of shop"])


def test_failures_without_a_call_tree_are_said(run: Run) -> None:
    """Somebody who waits for a tree is told why there is none; who has one, or needs none, is not."""
    failing = {"test_none.py": "def test_none():\n    assert 0\n"}
    told = ["glimpse: no call tree, because what failed called nothing of shop"]
    run(failing, "--glimpse-include=shop").stdout.fnmatch_lines(told)
    calling = {"test_shop.py": "import shop\ndef test_price():\n    shop.price('nothing')\n"}
    run({**failing, **calling}, "--glimpse-include=shop").stdout.no_fnmatch_line("*no call tree*")
    run(
        {"test_none.py": "def test_none():\n    pass\n"}, "--glimpse-include=shop", "-k", "none"
    ).stdout.no_fnmatch_line("*no call tree*")
