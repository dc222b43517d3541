"""The import hook: modules that the policy includes are imported with the probe's calls in their functions.

``activate`` connects it and ``Activation.deactivate`` takes it away again. Code that is instrumented by then stays so.
The names are loaded when they are first used: at the start of a program, ``waiting`` does without them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from glimpse.hook.activation import Activation, activate
    from glimpse.hook.build import Builder
    from glimpse.hook.status import Outcome
    from glimpse.hook.terms import Terms, terms_for

__all__ = ["Activation", "Builder", "Outcome", "Terms", "activate", "terms_for"]


def __getattr__(name: str) -> Any:
    from glimpse.light import import_module

    for room in ("activation", "build", "status", "terms"):
        if name in __all__ and hasattr(import_module(f"{__name__}.{room}"), name):
            found = globals()[name] = getattr(import_module(f"{__name__}.{room}"), name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
