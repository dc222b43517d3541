"""Lanes of the timeline."""

from __future__ import annotations

from itertools import pairwise

from glimpse.views.html.lanes import TASKS_ALONE
from tests.traces.recording import Recorder
from tests.views.html.making import report_of


def test_threads_and_few_tasks_have_lanes_of_their_own() -> None:
    """Named as the entries name them."""
    program = Recorder(service="shop")
    program.leaf("app.f", thread="worker-1")
    program.leaf("app.f", task="Task-1")
    program.leaf("app.f", task="Task-2")
    lanes = report_of(program.entries).facts["lanes"]
    assert [lane["name"] for lane in lanes] == ["worker-1", "MainThread Task-1", "MainThread Task-2"]
    assert {lane["service"] for lane in lanes} == {"shop"}


def test_many_tasks_share_lanes() -> None:
    """As many lanes as there are tasks at the same time; each task stays on one."""
    program = Recorder()
    count = TASKS_ALONE * 4
    for number in range(0, count, 2):
        first = program.start("app.f", task=f"Task-{number}")
        second = program.start("app.g", task=f"Task-{number + 1}")
        program.spend(1)
        program.end(first)
        program.end(second)
        program.spend(1)
    page = report_of(program.entries)
    assert [(lane["name"], lane["tasks"]) for lane in page.facts["lanes"]] == [
        ("MainThread tasks 1", count // 2),
        ("MainThread tasks 2", count // 2),
    ]
    assert page.facts["tasks"] == count
    for lane in (0, 1):
        times = sorted((row["start"], row["start"] + row["duration"]) for row in page.rows() if row["lane"] == lane)
        assert all(before[1] <= after[0] for before, after in pairwise(times))
