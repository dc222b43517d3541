"""Things with the same names in them, as records of programs have: a shape that is seen often gets code of its own."""

from __future__ import annotations

from .compiled import Form, Kinds, compile_renderer, form_of_dict
from .walk import Path, Render, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Generic, TypeVar

    Key = TypeVar("Key")
else:
    from glimpse.light import Generic

    Key = None

__all__ = ["Shapes", "shapes_renderer"]

_SEEN_BEFORE_COMPILING: Final = 8
_MOST_SHAPES: Final = 512
_LONGEST_KEY: Final = 64


def shapes_renderer(walk: Walk, general: Render, most_keys: int) -> Render:
    """A renderer of exact dictionaries, of which those of few keys, all of them exact texts, have shapes.

    :param general: the renderer of all others.
    """

    def form_of(keys: tuple[str, ...]) -> Form | None:
        if any(len(key) > _LONGEST_KEY for key in keys):
            return None
        return form_of_dict(keys, {key: walk.label(key, walk.limits.max_field_length, ()) for key in keys})

    shapes = Shapes(walk, general, tuple, form_of)
    shaped_as, of_new_shape = shapes.renderers.get, shapes.count

    def render(value: dict[Any, Any], room: int, path: Path) -> str:
        if len(value) > most_keys:
            return general(value, room, path)
        keys = tuple(value)
        for key in keys:
            if type(key) is not str:  # to look for it would run its code
                return general(value, room, path)
        return (shaped_as(keys) or of_new_shape(keys))(value, room, path)

    return render


class Shapes(Generic[Key]):
    """The renderers of the shapes seen so far.

    :param general: the renderer of what has none of its own.
    :param key_of: the shape of a value.
    :param form_of: what the texts of a shape are made of; None if it is to have no renderer of its own.
    """

    def __init__(
        self, walk: Walk, general: Render, key_of: Callable[[Any], Key], form_of: Callable[[Key], Form | None]
    ) -> None:
        self.renderers: dict[Key, Render] = {}
        self._counts: dict[Key, int] = {}
        self._walk = walk
        self._general = general
        self._key_of = key_of
        self._form_of = form_of

    def count(self, key: Key) -> Render:
        """The renderer for a shape that has none of its own so far."""
        if len(self._counts) >= _MOST_SHAPES and key not in self._counts:
            self._counts.clear()
        seen = self._counts[key] = self._counts.get(key, 0) + 1
        if seen == _SEEN_BEFORE_COMPILING and len(self.renderers) < _MOST_SHAPES:
            form = self._form_of(key)
            made = compile_renderer(self._walk, form, self._general, self._use) if form else None
            self.renderers[key] = made or self._general
        return self._general

    def _use(self, value: Any, render: Render, _kinds: Kinds) -> None:
        self.renderers[self._key_of(value)] = render
