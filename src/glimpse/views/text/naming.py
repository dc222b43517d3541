"""How a call is spelt: short where the reader knows the rest, with its class, and without what goes without saying."""

from __future__ import annotations

import re
from functools import lru_cache

from glimpse.traces.calls import Call
from glimpse.views.text.style import cells, clean, fit_left

__all__ = ["call_text", "fit_name", "local_name", "outcome_text", "split_function"]

_RECEIVER = re.compile(r"(?:self|cls)=<(?:class )?'?([^>']*)'?>(?:, )?")


@lru_cache(maxsize=65_536)
def split_function(function: str) -> tuple[str, str]:
    """The module of a qualified name, as far as it can be told, and the rest."""
    parts = function.split(".")
    for position, part in enumerate(parts):
        following = parts[position + 1] if position + 1 < len(parts) else ""
        if following == "<locals>" or part.lstrip("_")[:1].isupper():
            return ".".join(parts[:position]), ".".join(parts[position:])
    return ".".join(parts[:-1]), parts[-1]


def local_name(function: str) -> str:
    """A qualified name without its module."""
    return clean(split_function(function)[1])


def fit_name(function: str, width: int) -> str:
    """A qualified name in a number of columns, without as many of its first parts as need be."""
    rest = function
    while cells(rest) + (rest != function) > width:
        rest = rest.partition(".")[2]
        if not rest or rest.startswith("<locals>"):  # whose, would be the question
            return fit_left(function, width)
    return function if rest == function else f"…{rest}"


def call_text(call: Call, module: str | None = None) -> str:
    """The call as source would spell it; ``module`` is its caller's, and as much of it is left out as both share."""
    own_module, local = split_function(call.function)
    prefix = _beyond(own_module, module)
    owner, _, name = local.rpartition(".")
    arguments = call.args[len(name) :] if call.args.startswith(name) else ""
    if not arguments.startswith("("):
        return clean(f"{prefix}{local}(?)")
    found = _RECEIVER.match(arguments, 1)
    if found and found[1].rpartition(".")[2] == owner.rpartition(".")[2]:
        arguments = "(" + arguments[found.end() :]
    return clean(f"{prefix}{local}{arguments}")


def _beyond(module: str, known: str | None) -> str:
    if not module or module == known:
        return ""
    if known is None:
        return f"{module}."
    parts, shared = module.split("."), 0
    for mine, other in zip(parts[:-1], known.split("."), strict=False):
        if mine != other:
            break
        shared += 1
    return ".".join(parts[shared:]) + "."


def outcome_text(call: Call, *, brief: bool = False) -> str:
    """What came of the call: a sign and the result, the exception, or why there is neither."""
    if not call.finished:
        return "▶ unfinished"
    if call.failed:
        message = "" if brief or not call.error_message else f": {call.error_message}"
        return f"✗ {clean(call.error_type + message)}"
    notes = []
    if call.yields is not None:
        notes.append(f"{call.yields:,} yielded")
    if call.closed:
        notes.append("closed early")
    if call.result is not None and not (notes and call.result == "None"):
        notes.insert(0, clean(call.result))
    return f"→ {', '.join(notes)}" if notes else ""
