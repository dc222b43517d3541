"""Texts that a ``__repr__`` made of plain values that an object holds: it is asked again only when they are others.

Nothing but those values, which are short and immutable, is remembered. Where the class is traced itself, its text seen
again takes a fifth: neither its calls are kept from being recorded, nor do they report themselves.
"""

from __future__ import annotations

from functools import lru_cache
from sys import getsizeof

from ..natives import System
from . import classes
from .hostile import RENDERING
from .walk import Render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, Final

__all__ = ["LARGEST_REMEMBERED", "MOST_OBJECTS", "ROOM_OF_A_CUT", "remembering"]

MOST_OBJECTS: Final = 256
"""Objects of a kind whose text is remembered; the memory is emptied when it is full."""
LARGEST_REMEMBERED: Final = 400
"""Bytes that a value takes at most that is kept with a text."""
ROOM_OF_A_CUT: Final = 64
"""A text that leaves so much of its room was not cut anywhere."""


def remembering(
    cls: type,
    names: tuple[str, ...],
    at_once: Callable[[Any], bool],
    harmless_names: set[str] | None,
    general: Render,
) -> Render:
    """A renderer that asks ``general`` only for what it has not seen.

    :param names: the attributes that tell the text if ``at_once`` is true of the instance.
    :param harmless_names: the names that instances may have, each time as one text: none of them is hidden. None if
        instances have no attributes but those in slots.
    """
    space: dict[str, Any] = {
        "__name__": __name__,
        "NOTHING": (object(),) * len(names) + (None,),
        "FAILED": f"<{classes.class_name(cls)} repr ",
        "at_once": at_once,
        "general": general,
        "getsizeof": getsizeof,
        "harmless_names": harmless_names,
        "ident": System.get_ident,
        "memory": {},
        "rendering": RENDERING,
        "shown": classes.lookup(cls, "__repr__"),
    }
    exec(_code(names, harmless_names is not None), space)
    made: Render = space["render"]
    return made


@lru_cache(maxsize=256)
def _code(names: tuple[str, ...], has_dict: bool) -> CodeType:
    held = [f"v{place}" for place in range(len(names))]
    kept = "".join(f"{variable}, " for variable in held)
    same = "".join(f"{variable} is k{variable[1:]} and " for variable in held)
    lines = [
        "try:",
        *(f"    {variable} = value.{name}" for variable, name in zip(held, names, strict=True)),
        *(["    is_known = '\\0'.join(value.__dict__) in harmless_names"] if has_dict else ["    is_known = True"]),
        "except (AttributeError, TypeError):  # one is missing, or not all names are texts",
        "    return general(value, room, path)",
        "here = id(value)",
        f"{kept.replace('v', 'k')}text, = memory.get(here) or NOTHING",
        f"if {same}text is not None and is_known and len(text) <= room and type(value).__repr__ is shown:",
        "    return text",
        "text = general(value, room, path)",
        f"if len(text) + {ROOM_OF_A_CUT} < room and at_once(value) and ident() not in rendering:",
        f"    if max(map(getsizeof, ({kept}0,))) < {LARGEST_REMEMBERED} and not text.startswith(FAILED):",
        f"        if len(memory) >= {MOST_OBJECTS}:",
        "            memory.clear()",
        f"        memory[here] = ({kept}text,)",
        "return text",
    ]
    source = "def render(value, room, path):\n" + "".join(f"    {line}\n" for line in lines)
    return compile(source, "<glimpse.values.remembered>", "exec", dont_inherit=True)
