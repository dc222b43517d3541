"""What stands in rewritten code, on disk and until it is bound, for a function of the probe.

The marshal format of cached code takes no functions, so the compiler is given a constant of its own: a frozenset,
which no source text can call, so the compiler's warning about it can be told from every warning about user code.
"""

from __future__ import annotations

__all__ = ["hook_name", "placeholder"]

_MARK = "glimpse"


def placeholder(hook: str) -> frozenset[tuple[str, str]]:
    """The constant that stands for the probe's function of this name."""
    return frozenset({(_MARK, hook)})


def hook_name(constant: frozenset[object]) -> str | None:
    """The probe's function for which this constant stands; None for any other frozenset."""
    if len(constant) == 1:
        (item,) = constant
        if type(item) is tuple and len(item) == 2 and item[0] == _MARK:
            return str(item[1])
    return None
