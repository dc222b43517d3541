"""``GLIMPSE_AUTO=1``: what the start-up file and ``glimpse run`` call before the program's first line."""

from __future__ import annotations

import gc
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from glimpse.policy import Decider
    from glimpse.tracer import Tracer

__all__ = ["auto"]


def auto() -> None:
    """Install what the environment asks for, once in a process.

    Never raises: where that cannot be done, one line on stderr says why, and the program runs untraced.
    """
    collects = gc.isenabled()
    gc.disable()  # none of what is imported now is garbage, and looking for some takes a tenth of the time
    try:
        _switch_on()
    finally:
        if collects:
            gc.enable()


def _switch_on() -> None:
    from glimpse.hook.startup import AUTO
    from glimpse.hook.status import say

    wanted = os.environ.get(AUTO, "")
    if not wanted or _done:
        return
    _done.append(True)
    try:
        if _is_yes(wanted):
            _install()
    except Exception as error:
        say(f"{AUTO}={wanted} has no effect: {' '.join(str(error).split()) or type(error).__name__}")


_done: list[bool] = []  # a virtual environment runs start-up files twice, and `glimpse run` has a second way in


def _is_yes(text: str) -> bool:
    from glimpse.errors import ConfigError, bad_value
    from glimpse.hook.startup import AUTO
    from glimpse.parsers import flag

    try:
        return bool(flag(text))
    except ValueError as error:
        raise ConfigError(bad_value(AUTO, text, str(error))) from None


def _install() -> None:
    from glimpse import tracer
    from glimpse.hook.startup import STATS

    folder = os.environ.get(STATS)
    if folder is None:
        tracer.install(policy=_policy())
        return
    import atexit

    installed: list[Tracer] = []
    atexit.register(_leave_stats, folder, installed)  # registered first, so called last: when everything is written
    installed.append(tracer.install(policy=_policy()))


def _policy() -> Decider | None:
    """The policy of ``GLIMPSE_INCLUDE``; None where the policy file decides."""
    from glimpse.hook.startup import INCLUDE, POLICY

    included = os.environ.get(INCLUDE, "")
    if not included or os.environ.get(POLICY):
        return None
    from glimpse.parsers import texts
    from glimpse.policy import TracingPolicy

    return TracingPolicy(included_packages=texts(included))


def _leave_stats(folder: str, installed: list[Tracer]) -> None:
    """Leave this process's statistics for the summary of ``glimpse run``."""
    import json

    try:
        for tracer in installed:
            path = os.path.join(folder, f"{os.getpid()}.json")
            with open(f"{path}.tmp", "w", encoding="utf-8") as file:
                json.dump(tracer.stats(), file, default=str)
            os.replace(f"{path}.tmp", path)
    except Exception:  # the program has ended well, and a summary is no reason to say otherwise
        return
