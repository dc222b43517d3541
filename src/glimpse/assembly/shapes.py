"""The text of a call's arguments: one small function for each shape of a parameter list, compiled when first met.

A shape has a letter a parameter: ``v`` a value, ``r`` the receiver, ``h`` hidden. Compared with a loop over the
parameters, the compiled form takes a third of the time; programs have a few dozen shapes.
"""

from __future__ import annotations

from ..entry import Site
from ..precompiled import CODE, generated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from functools import cache
    from typing import Any, Final, TypeAlias
else:
    from glimpse.light import cache

__all__ = ["FIRST", "SHORT_INT_BITS", "SHORT_TEXT", "args_maker", "labels_of", "shape_of"]

ArgsMaker: TypeAlias = "Callable[[Sequence[Any]], str]"

SHORT_INT_BITS: Final = 60
"""An integer of fewer bits is shown by its digits whatever the limits; of a longer one they say what is shown."""

SHORT_TEXT: Final = 40
"""A text of fewer characters is shown by its ``repr``, if it is printable; of a longer one there is a faster way."""

FIRST: Final = 5
"""Where the values begin in what an args maker is given: a START event, or something as long."""


_MOST_KEPT = 7


def shape_of(site: Site) -> str:
    """The shape of a site's parameter list."""
    return "".join("h" if param.hidden else "r" if param.receiver else "v" for param in site.params)


def labels_of(site: Site) -> list[str]:
    """The text before each value, after the function's name, and after the last one."""
    labels = []
    before = "("
    for param, kind in zip(site.params, shape_of(site), strict=True):
        labels.append(f"{before}{param.name}={'<' if kind == 'r' else ''}")
        before = ">, " if kind == "r" else ", "
    labels.append((">" if before == ">, " else "") + ")" if labels else "()")
    return labels


def args_maker(site: Site, text: Callable[[Any], str], name: str) -> ArgsMaker:
    """A function that gives ``get_user(user_id=123)`` of a call's START, every parameter as it was bound.

    :param text: the text of a value that is no short integer, no short text and not ready.
    :param name: of the function, or nothing.
    """
    first, *others = labels_of(site)
    made: ArgsMaker = _compiled(shape_of(site))(text, name + first, *others)
    return made


@cache
def _compiled(shape: str) -> Callable[..., ArgsMaker]:
    scope: dict[str, Any] = {}
    exec(generated(_source(shape)), scope)
    maker: Callable[..., ArgsMaker] = scope["make"]
    return maker


def _source(shape: str) -> str:
    names = [f"v{index}" for index in range(len(shape))]
    parts = "".join(
        f"{{l{index}}}{_PART[kind].format(name)}" for index, (kind, name) in enumerate(zip(shape, names, strict=True))
    )
    parts = parts.replace("BITS", str(SHORT_INT_BITS)).replace("CHARACTERS", str(SHORT_TEXT))
    labels = ", ".join(f"l{index}" for index in range(len(shape) + 1))
    unpack = "".join(f"  {name} = event[{FIRST + index}]\n" for index, name in enumerate(names))
    body = f"{unpack}  return f'{parts}{{l{len(shape)}}}'\n"
    return f"def make(text, {labels}):\n def args(event):\n{body} return args\n"


_PART = {
    "v": "{{{0} if type({0}) is int and {0}.bit_length() < BITS else {0}[0] if type({0}) is tuple "
    "else repr({0}) if type({0}) is str and len({0}) < CHARACTERS and {0}.isprintable() else text({0})}}",
    "r": "{{{0}}}",
    "h": "<redacted>",
}

if _source("") not in CODE:  # have the shapes of most functions kept
    CODE.update({_source(first + "v" * count): None for first in ("", "r") for count in range(_MOST_KEPT)})
