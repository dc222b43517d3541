"""What stands in rewritten code, until it is kept or bound, for a function of the probe.

The compiler takes no functions as constants, so it is given one that no source text can make: a frozenset in a
frozenset. So neither a constant of the program nor a warning of the compiler about one can be mistaken for ours.
"""

from __future__ import annotations

__all__ = ["hook_name", "placeholder"]


def placeholder(hook: str) -> frozenset[frozenset[str]]:
    """The constant that stands for the probe's function of this name."""
    return frozenset({frozenset({hook})})


def hook_name(constant: frozenset[object]) -> str | None:
    """The probe's function for which this constant stands; None for any other frozenset."""
    if len(constant) == 1:
        (inner,) = constant
        if type(inner) is frozenset:
            (name,) = inner
            return str(name)
    return None
