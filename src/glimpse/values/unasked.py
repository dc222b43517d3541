"""Objects whose own text is not asked for: what ``repr`` of ``object`` gives, and what they hold of plain values.

Each *layout* of a class, the names that an instance holds in their order, gets code of its own when it was seen a few
times. It remembers the text of an object with the plain values that it may show: as long as the object holds those
very values, and nothing else that is plain, the text stands. For 15 attributes that takes a fifth of making it.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from sys import getsizeof

from . import classes
from .leaves import by_type
from .remembered import LARGEST_REMEMBERED, MOST_OBJECTS, ROOM_OF_A_CUT
from .walk import Path, Render, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType
    from typing import Any, Final, TypeAlias

__all__ = ["UNSET", "default_repr", "own", "unasked_renderer"]

Layout: TypeAlias = "Callable[[Any, Iterable[Any], int, Path], str]"
"""``(object, values of the layout's names, room, path) -> text``"""

UNSET: Final = object()
_AN_OBJECT: Final = object()
_MOST_NAMES: Final = 32
_MOST_LOOKED_AT: Final = 12
_MOST_SHOWN: Final = 6
_LONGEST_TEXT: Final = 120
_SEEN_BEFORE_COMPILING: Final = 8
_MOST_LAYOUTS: Final = 16


def default_repr(walk: Walk, cls: type) -> Render:
    """For classes with the ``repr`` of ``object``."""
    start = f"<{classes.dotted_name(cls)} object at "
    if not classes.module_name(cls) or not by_type(_AN_OBJECT).endswith(f" at {hex(id(_AN_OBJECT))}>"):
        return by_type
    return lambda value, _room, _path: f"{start}{hex(id(value))}>"


def own(value: Any, name: str) -> Any:
    """What the instance itself holds under a name, read without running code of its class; else ``UNSET``."""
    try:
        return object.__getattribute__(value, name)
    except AttributeError:
        return UNSET


def unasked_renderer(walk: Walk, cls: type) -> Render:
    """The ``repr`` of ``object``, and what the object holds of plain values: they tell which one it is."""
    place = default_repr(walk, cls)
    slots = tuple(islice(classes.slot_names(cls), _MOST_NAMES))
    layouts = _Layouts(walk, place)
    known, first_seen = layouts.known.get, layouts.first_seen
    key_of_slots = "\0".join(slots)

    def in_slots(value: Any, room: int, path: Path) -> str:
        held = [own(value, name) for name in slots]
        return (known(key_of_slots) or first_seen(key_of_slots, slots))(value, held, room, path)

    def in_dict(value: Any, room: int, path: Path) -> str:
        attributes = _attribute(value, "__dict__")
        held: Iterable[Any] = attributes.values()
        names: Iterable[Any] = attributes
        if len(attributes) > _MOST_NAMES:
            names, held = [*islice(attributes, _MOST_NAMES)], [*islice(held, _MOST_NAMES)]
        if slots:
            names, held = (*names, *slots), [*held, *(own(value, name) for name in slots)]
        try:
            key = "\0".join(names)
        except TypeError:  # not all are texts
            return place(value, room, path)
        return (known(key) or first_seen(key, names))(value, held, room, path)

    if classes.has_plain_dict(cls):
        return in_dict
    return in_slots if slots else place


class _Layouts:
    """The code of the layouts that were seen often of one class."""

    def __init__(self, walk: Walk, place: Render) -> None:
        self.known: dict[str, Layout] = {}
        self._counts: dict[str, int] = {}
        self._walk = walk
        self._place = place

    def first_seen(self, key: str, names: Iterable[Any]) -> Layout:
        """What shows a layout that has no code of its own."""
        looked_at = _looked_at(names := tuple(map(str, names)))
        write = self._writer(tuple(names[place] for place in looked_at))
        if len(self._counts) >= _MOST_LAYOUTS:
            self._counts.clear()
        seen = self._counts[key] = self._counts.get(key, 0) + 1
        if seen >= _SEEN_BEFORE_COMPILING and len(self.known) < _MOST_LAYOUTS:
            self.known[key] = self._compiled(names, looked_at, write)

        def layout(value: Any, held: Iterable[Any], room: int, path: Path) -> str:
            everything = [*held]
            return write(value, [_plain(each) for each in map(everything.__getitem__, looked_at)], room, path)

        return layout

    def _writer(self, names: tuple[str, ...]) -> Layout:
        walk, place = self._walk, self._place

        def write(value: Any, held: Iterable[Any], room: int, path: Path) -> str:
            start = place(value, room, path)
            pairs = [pair for pair in zip(names, held, strict=False) if pair[1] is not None][:_MOST_SHOWN]
            if not pairs:
                return start
            inside = walk.pairs(pairs, len(pairs), room - len(start) - 2, (*path, id(value)), walk.field_label)
            return f"{start[:-1]}: {inside}>"

        return write

    def _compiled(self, names: tuple[str, ...], looked_at: tuple[int, ...], write: Layout) -> Layout:
        hidden = tuple(place for place in looked_at if self._walk.field_label(names[place])[1])
        space: dict[str, Any] = {
            "__name__": __name__,
            "HIDDEN": True,
            "getsizeof": getsizeof,
            "NOTHING": (_AN_OBJECT,) * (len(looked_at) + 1),
            "memory": {},
            "place": self._place,
            "plain": _plain_ids(),
            "write": write,
        }
        exec(_code(len(names), looked_at, hidden), space)
        made: Layout = space["layout"]
        return made


def _looked_at(names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(islice((place for place, name in enumerate(names) if name[:1] != "_"), _MOST_LOOKED_AT))


def _plain(value: Any) -> Any:
    """The value if it may be shown, else None. A long text does not tell which object it is."""
    kind = type(value)
    is_text = kind is str or kind is bytes
    return value if id(kind) in _plain_ids() and not (is_text and len(value) > _LONGEST_TEXT) else None


@lru_cache(maxsize=1)
def _plain_ids() -> set[int]:
    from .effects import PLAIN_IDS

    return PLAIN_IDS


def _only_plain(variable: str) -> tuple[str, ...]:
    """As ``_plain``, written out."""
    return (
        f"kind = type({variable})",
        "if kind is str or kind is bytes:",
        f"    if len({variable}) > {_LONGEST_TEXT}: {variable} = None",
        f"elif id(kind) not in plain: {variable} = None",
    )


@lru_cache(maxsize=256)
def _code(size: int, looked_at: tuple[int, ...], hidden: tuple[int, ...]) -> CodeType:
    """The code of all layouts with names to be looked at in these places."""
    read = "".join(f"v{place}, " if place in looked_at else "_, " for place in range(size))
    kept = ", ".join(f"v{place}" for place in looked_at)
    unlike = " or ".join(f"v{place} is not k{place}" for place in looked_at)
    lines = [
        "try:",
        f"    {read}= held",
        "except (ValueError, RuntimeError):  # another thread changes it",
        "    return place(value, room, path)",
        *(line for place in looked_at for line in _only_plain(f"v{place}")),
        *(f"if v{place} is not None: v{place} = HIDDEN" for place in hidden),
        "here = id(value)",
        f"{''.join(f'k{place}, ' for place in looked_at)}text, = memory.get(here) or NOTHING",
        f"if not ({unlike}) and len(text) <= room:",
        "    return text",
        f"text = write(value, ({kept},), room, path)",
        f"if len(text) + {ROOM_OF_A_CUT} < room and max(map(getsizeof, ({kept},))) < {LARGEST_REMEMBERED}:",
        f"    if len(memory) >= {MOST_OBJECTS}:",
        "        memory.clear()",
        f"    memory[here] = ({kept}, text)",
        "return text",
    ]
    if not looked_at:
        lines = ["return place(value, room, path)"]
    source = "def layout(value, held, room, path):\n" + "".join(f"    {line}\n" for line in lines)
    return compile(source, "<glimpse.values.unasked>", "exec", dont_inherit=True)


_attribute = object.__getattribute__
