"""A trace as one page that needs nothing else: timeline, call tree, functions, failures, search."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from glimpse.traces.calls import CallEvent
from glimpse.views.html.gather import Choice, Gathered, Limits
from glimpse.views.html.lanes import shared_lanes
from glimpse.views.html.page import MARK, write_page
from glimpse.views.html.summary import summary
from glimpse.views.html.texts import Texts

__all__ = ["MARK", "Choice", "Limits", "Written", "write_report"]


@dataclass(slots=True, frozen=True)
class Written:
    """What is in a report.

    ``one_by_one`` of the ``calls`` are shown as they are, the others together in ``bundles``; of ``texts`` calls
    arguments and results are kept.
    """

    calls: int
    exceptions: int
    functions: int
    one_by_one: int
    bundles: int
    texts: int


def write_report(
    events: Iterable[CallEvent],
    stream: TextIO,
    title: str,
    *,
    choice: Choice | None = None,
    limits: Limits | None = None,
) -> Written:
    """Write the page of a trace; every event is seen once, and memory grows with the limits, not with the trace.

    :param title: names the trace, such as its file's name.
    :param choice: lets through what happens to the calls that are wanted; None for all of them.
    """
    limits = limits or Limits()
    with Texts(limits.text_bytes) as texts:
        gathered = Gathered(texts, limits)
        gathered.take(events, choice)
        gathered.rows.finish()
        texts.finish()
        place, lanes = shared_lanes(gathered.uses)
        facts = summary(gathered, title, lanes)
        write_page(facts, gathered.rows.blocks(gathered.left_out, place), texts.blocks(), stream)
        bundles = facts["bundles"]
        return Written(
            facts["calls"],
            facts["exceptions"],
            len(gathered.functions),
            facts["calls"] - bundles["calls"],
            bundles["count"],
            facts["texts"]["shown"],
        )
