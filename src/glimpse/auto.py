"""``GLIMPSE_AUTO=1``: what the start-up file and ``glimpse run`` call before the program's first line."""

from __future__ import annotations

import atexit
import os
from typing import TYPE_CHECKING, Any

from glimpse.hook.startup import AUTO, INCLUDE, POLICY, STATS
from glimpse.hook.status import say

if TYPE_CHECKING:
    from glimpse.policy import Decider

__all__ = ["auto"]


def auto() -> None:
    """Install what the environment asks for, once in a process.

    Never raises: where that cannot be done, one line on stderr says why, and the program runs untraced.
    """
    wanted = os.environ.get(AUTO, "")
    if not wanted or _once.done:
        return
    _once.done = True
    try:
        from glimpse.parsers import flag

        if flag(wanted):
            _install()
    except Exception as error:
        say(f"{AUTO}={wanted} has no effect: {error}")


class _once:  # noqa: N801 - a place, not a kind of thing
    """A virtual environment runs start-up files twice, and ``glimpse run`` has a second way in."""

    done = False


def _install() -> None:
    folder = os.environ.get(STATS)
    if folder:  # registered first, so called last: when everything is written
        atexit.register(_leave_stats, folder)
    from glimpse import tracer

    tracer.install(policy=_policy())


def _policy() -> Decider | None:
    """The policy of ``GLIMPSE_INCLUDE``; None where the policy file decides."""
    from glimpse.parsers import texts
    from glimpse.policy import TracingPolicy

    included = texts(os.environ.get(INCLUDE, ""))
    return TracingPolicy(included_packages=included) if included and not os.environ.get(POLICY) else None


def _leave_stats(folder: str) -> None:
    """Leave this process's statistics for the summary of ``glimpse run``."""
    import json

    from glimpse import tracer

    try:
        stats: dict[str, Any] = tracer.installed_stats()
        path = os.path.join(folder, f"{os.getpid()}.json")
        with open(f"{path}.tmp", "w", encoding="utf-8") as file:
            json.dump(stats, file, default=str)
        os.replace(f"{path}.tmp", path)
    except Exception:  # the program has ended well, and a summary is no reason to say otherwise
        return
