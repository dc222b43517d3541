"""How modules are instrumented: what the configuration and the owning policy ask for."""

from __future__ import annotations

from glimpse.parsers import names_among

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from glimpse.config import Config
    from glimpse.policy import TracingPolicy

__all__ = ["Terms", "TermsOf", "terms_for"]


class Terms:
    """How the modules that one policy owns are instrumented.

    :param mode: ``full``, or ``error`` to record exceptions only.
    :param hides: whether the value of a parameter of this name is hidden.
    :param redaction: a text that differs where ``hides`` does, beyond what the policy itself says.
    :param slot: the number of the policy's slot in the probe.
    """

    __slots__ = ("hides", "mode", "redaction", "slot")

    def __init__(
        self,
        mode: str = "full",
        hides: Callable[[str], bool] = lambda name: False,
        redaction: str = "",
        slot: int = 0,
    ) -> None:
        self.mode = mode
        self.hides = hides
        self.redaction = redaction
        self.slot = slot


TermsOf: TypeAlias = "Callable[[TracingPolicy], Terms]"
"""Gives the terms of the modules that a policy owns."""


def terms_for(config: Config, slot_of: Callable[[TracingPolicy], int] = lambda policy: 0) -> TermsOf:
    """The terms under a configuration.

    :param slot_of: the number of a policy's slot in the probe.
    """
    known: dict[TracingPolicy, Terms] = {}

    def terms(policy: TracingPolicy) -> Terms:
        found = known.get(policy)
        if found is None:
            from glimpse.values.redaction import Redactor

            hides = Redactor([*config.redact, *policy.redact]).hides
            mode = "error" if policy.level_in(config.level) == "ERROR" else "full"
            found = known[policy] = Terms(mode, hides, ",".join(sorted(names_among(config.redact))), slot_of(policy))
        return found

    return terms
