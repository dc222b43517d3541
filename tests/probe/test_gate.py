"""Sampling and depth limits: which calls are recorded."""

from __future__ import annotations

from pathlib import Path

from tests.support import plain_and_traced, write_files, write_policy


def test_sampling_leaves_the_programs_random_numbers_alone(tmp_path: Path) -> None:
    """A program that seeds ``random`` draws the same numbers while some of its calls are recorded and some are not."""
    write_files(
        tmp_path,
        {
            "shop.py": "def f(): return 1\n",
            "app.py": "import random, shop\nrandom.seed(7)\nprint([(shop.f(), random.random()) for _ in range(200)])\n",
        },
    )
    run = plain_and_traced("app.py", policy=write_policy(tmp_path, "shop", sample_rate=0.5), cwd=tmp_path)
    assert 0 < len(run.entries) < 400


def test_objects_may_be_made_for_ever(tmp_path: Path) -> None:
    """Each end of ``__new__`` takes its call off the depth again, within it and beyond."""
    shop = """
    class Item:
        def __new__(cls, again):
            if again:
                Item(False)
            return object.__new__(cls)

    def last(): return Item(True)
    """
    write_files(tmp_path, {"shop.py": shop, "app.py": "import shop\nfor _ in range(9): shop.last()\n"})
    run = plain_and_traced("app.py", policy=write_policy(tmp_path, "shop", trace_depth=2), cwd=tmp_path)
    starts = [(entry["function"], entry["depth"]) for entry in run.entries if entry["stage"] == "START"]
    assert starts == [("shop.last", 1), ("shop.Item.__new__", 2)] * 9
    assert len(run.entries) == 4 * 9
