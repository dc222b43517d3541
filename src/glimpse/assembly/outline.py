"""Entries with no more in them than what comes after depends on: for whoever passes over them."""

from __future__ import annotations

from .records import Records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .calls import Frame
    from .filtering import Rule

__all__ = ["Outline"]


class Outline(Records):
    """Makes entries that ``Filter`` can decide on.

    :param whole: what makes the whole entries; both know the same.
    :param rules: the limits of each policy, by name. A START that they may hold back is made whole.
    """

    def __init__(self, whole: Records, rules: Mapping[str, Rule]) -> None:
        super().__init__(whole.origin)
        self.threads, self.sites, self.clock = whole.threads, whole.sites, whole.clock
        self._held = {name for name, rule in rules.items() if rule.min_duration_ms}

    def start(self, number: int, frame: Frame, th: int, first: int, task: str | None) -> Any:
        """See ``Records``."""
        if self._held and self.site(frame[3]).site.policy in self._held:
            return super().start(number, frame, th, first, task)
        return self._outlined(number, frame, "START")

    def end(self, number: int, frame: Frame, t: int, th: int, value: Any, task: str | None) -> Any:
        """See ``Records``."""
        return {**self._outlined(number, frame, "END"), "duration_ms": (t - frame[4]) / 1_000_000}

    def exception(self, number: int, frame: Frame, t: int, th: int, exc: Any, first: int, task: str | None) -> Any:
        """See ``Records``."""
        return self._outlined(number, frame, "EXCEPTION")

    def pause(self, number: int, frame: Frame, t: int, th: int, stage: str, task: str | None) -> Any:
        """See ``Records``."""
        return self._outlined(number, frame, stage)

    def _outlined(self, number: int, frame: Frame, stage: str) -> dict[str, Any]:
        return {
            "entry_id": number, "call_id": frame[0], "parent_id": frame[1], "depth": frame[2], "stage": stage,
            "policy": self.site(frame[3]).site.policy,
        }  # fmt: skip
