"""Finds the module and function that a name stands for, without importing anything, and asks the policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from glimpse.policy.finding import find_spec, loaded_spec
from glimpse.policy.rules import Decision

if TYPE_CHECKING:
    from glimpse.policy.decisions import Decider

__all__ = ["explain"]


def explain(policy: Decider, name: str) -> Decision:
    """The decision on a dotted name, or on one in the form ``module:function``."""
    dotted, colon, function = name.partition(":")
    module, file, is_package = _locate(dotted)
    if colon:
        return policy.decide_function(dotted, function, file if module == dotted else None)
    if module == dotted:
        return policy.decide_module(dotted, file)
    readings = [policy.decide_function(module, dotted[len(module) + 1 :], file)] if module else []
    if is_package or not module:
        readings += _as_if_there(policy, dotted, below=module)
    excluding = [reading for reading in readings if reading.rule and not reading.included]
    including = [reading for reading in readings if reading.included]
    return (excluding + including + readings)[0]


def _as_if_there(policy: Decider, dotted: str, *, below: str) -> Iterator[Decision]:
    """What the patterns say if the name is that of a module that was not found, or of a function in one."""
    yield policy.decide_module(dotted)
    for module, qualname in _splits(dotted):
        if len(module) > len(below):
            yield policy.decide_function(module, qualname)


def _splits(dotted: str) -> Iterator[tuple[str, str]]:
    parts = dotted.split(".")
    for end in range(len(parts) - 1, 0, -1):
        yield ".".join(parts[:end]), ".".join(parts[end:])


def _locate(dotted: str) -> tuple[str, str | None, bool]:
    """The longest beginning of the name that is a module ('' if none is), its file, and whether it is a package."""
    found, file = "", None
    path = None
    parts = dotted.split(".")
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        spec = loaded_spec(name) or find_spec(name, path)
        if spec is None:
            break
        found, file = name, spec.origin if spec.has_location else None
        if spec.submodule_search_locations is None:
            return found, file, False
        path = list(spec.submodule_search_locations)
    return found, file, bool(found)
