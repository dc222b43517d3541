"""Dictionaries with the same keys, as records of programs are: each shape that is seen often gets code of its own."""

from __future__ import annotations

from .compiled import compile_renderer, form_of_dict
from .walk import Path, Render, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["shapes_renderer"]

_SEEN_BEFORE_COMPILING: Final = 8
_MOST_SHAPES: Final = 512
_LONGEST_KEY: Final = 64


def shapes_renderer(walk: Walk, general: Render, most_keys: int) -> Render:
    """A renderer of exact dictionaries, of which those of few keys, all of them exact texts, have shapes.

    :param general: the renderer of all others.
    """
    shapes = _Shapes(walk, general)
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


class _Shapes:
    """The renderers of the shapes seen so far."""

    def __init__(self, walk: Walk, general: Render) -> None:
        self.renderers: dict[tuple[str, ...], Render] = {}
        self._counts: dict[tuple[str, ...], int] = {}
        self._walk = walk
        self._general = general

    def count(self, keys: tuple[str, ...]) -> Render:
        """The renderer for a shape that has none of its own so far."""
        seen = self._counts.get(keys)
        if seen is None:
            if any(len(key) > _LONGEST_KEY for key in keys):
                return self._general
            if len(self._counts) >= _MOST_SHAPES:
                self._counts.clear()
            seen = 0
        self._counts[keys] = seen + 1
        if seen + 1 == _SEEN_BEFORE_COMPILING and len(self.renderers) < _MOST_SHAPES:
            self.renderers[keys] = self._new(keys)
        return self._general

    def _new(self, keys: tuple[str, ...]) -> Render:
        walk = self._walk
        labels = {key: walk.label(key, walk.limits.max_field_length, ()) for key in keys}
        return compile_renderer(walk, form_of_dict(keys, labels), self._general, self._use) or self._general

    def _use(self, value: dict[str, Any], render: Render) -> None:
        self.renderers[tuple(value)] = render
