"""What became of each module that the policy includes: for messages, statistics and ``glimpse explain``."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, NamedTuple
else:
    from glimpse.light import NamedTuple

__all__ = ["CACHED", "LEFT_ALONE", "REFUSED", "REWRITTEN", "Outcome", "say", "warn_of_imported"]

REWRITTEN: Final = "rewritten"
CACHED: Final = "cached"
REFUSED: Final = "refused"  # it cannot be rewritten
LEFT_ALONE: Final = "left alone"  # its loader cannot be asked for rewritten code

_NAMED: Final = 8


class Outcome(NamedTuple):
    """What became of one module, and why: ``reason`` is empty where it is instrumented."""

    module: str
    file: str
    state: str
    reason: str = ""

    @property
    def instrumented(self) -> bool:
        """Whether its calls are recorded."""
        return self.state in (REWRITTEN, CACHED)

    def __str__(self) -> str:
        return f"{self.module}: {self.state}" + (f": {self.reason}" if self.reason else "")


def say(message: str) -> None:
    """Tell the user something on stderr, in one line; a closed or broken stderr is no trouble."""
    try:
        print(f"glimpse: {message}", file=sys.stderr)  # noqa: T201 - the only place where the hook speaks
    except Exception:  # whatever the program has put in the place of stderr
        return


def warn_of_imported(modules: list[str]) -> None:
    """Say which modules came too early to be instrumented, and what to do."""
    named = ", ".join(modules[:_NAMED]) + (f" and {len(modules) - _NAMED} more" if len(modules) > _NAMED else "")
    say(
        f"imported before glimpse.install(), so not traced: {named}; "
        "call it before importing them, or start the program with 'glimpse run' or GLIMPSE_AUTO=1"
    )
