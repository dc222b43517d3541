"""Dynamic mode: calls are traced by the interpreter's own facilities, in code that is already imported.

``start`` begins it, ``Core.stop`` ends it. Two cores do the work: ``sys.monitoring`` from Python 3.12 on, and
``sys.settrace`` before, or on request. What both record is what the import hook records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..compat import HAS_MONITORING, KEEPS_LOCALS_DICT
from ..encoder import JSON
from ..errors import GlimpseError
from .calls import Calls
from .included import Included, Recording

if TYPE_CHECKING:
    from ..config import Config
    from ..policy import Decider

__all__ = ["Core", "Recording", "start"]


class Core(Protocol):
    """Dynamic mode while it is on."""

    @property
    def name(self) -> str:
        """How it traces, for people."""

    def stop(self) -> None:
        """Trace no more; calls that are open end as closed. Once is enough. Any thread may do it."""


def start(policy: Decider, session: Recording, config: Config) -> Core:
    """Record the included functions that are called from now on.

    :param policy: decides which.
    :param session: where what is recorded goes.
    :param config: what is recorded, and by which core.
    :raises GlimpseError: this core cannot be had.
    """
    core = config.dynamic
    if core == "monitoring" and not HAS_MONITORING:
        raise GlimpseError("option dynamic: monitoring needs Python 3.12 or later; accepted here: auto, settrace")
    JSON.load()  # what it asks for is needed here too, to name functions in the middle of calls
    errors_only = all(each.level_in(config.level) == "ERROR" for each in policy.policies())
    monitors = core == "monitoring" or (core == "auto" and HAS_MONITORING)
    calls = Calls(session.probe)
    included = Included(
        policy,
        session,
        config,
        calls.replaced,
        calls.replaced_for_errors,
        keeps_locals=not (monitors and KEEPS_LOCALS_DICT),
        errors_only=errors_only,
    )
    if monitors:
        from .monitoring import MonitoringCore

        return MonitoringCore(included, calls, errors_only=errors_only)
    from .settrace import SettraceCore

    return SettraceCore(included, calls, errors_only=errors_only)
