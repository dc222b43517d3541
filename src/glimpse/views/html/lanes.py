"""Which lanes the page draws: tasks of one thread that do not run at the same time share one."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Sequence
from typing import Any, Final

from glimpse.views.html.gather import LaneUse
from glimpse.views.text.style import clean

__all__ = ["shared_lanes"]

TASKS_ALONE: Final = 24
"""So many tasks of a thread have a lane each before they have to share."""


def shared_lanes(uses: Sequence[LaneUse]) -> tuple[list[int], list[dict[str, Any]]]:
    """The number in the page of each lane, and what the page knows of its lanes."""
    threads: dict[Hashable, list[int]] = {}
    for number, use in enumerate(uses):
        key = (use.lane.process, use.lane.service, use.thread, use.task is not None)
        threads.setdefault(key, []).append(number)
    place = [0] * len(uses)
    lanes: list[dict[str, Any]] = []
    processes: dict[Hashable, None] = {}
    for number, use in enumerate(uses):
        processes.setdefault((use.lane.process, use.lane.service))
        group = threads[(use.lane.process, use.lane.service, use.thread, use.task is not None)]
        alone = use.task is None or len(group) <= TASKS_ALONE
        if alone:
            place[number] = len(lanes)
            lanes.append(_lane(use, use.lane.name))
        elif group[0] == number:
            _share(uses, group, place, lanes)
    return place, lanes


def _share(uses: Sequence[LaneUse], group: list[int], place: list[int], lanes: list[dict[str, Any]]) -> None:
    """Give tasks lanes, each the one that has been free for longest."""
    free: list[tuple[int, int]] = []
    first = len(lanes)
    for number in sorted(group, key=lambda each: uses[each].first_ns):
        use = uses[number]
        if free and free[0][0] <= use.first_ns:
            _, lane = heapq.heappop(free)
        else:
            lane = len(lanes)
            lanes.append(_lane(use, f"{use.thread} tasks {lane - first + 1}"))
        lanes[lane]["tasks"] += 1
        place[number] = lane
        heapq.heappush(free, (use.last_ns, lane))


def _lane(use: LaneUse, name: str) -> dict[str, Any]:
    service = use.lane.service
    return {"name": clean(name), "pid": use.lane.pid, "service": service and clean(service), "tasks": 0}
