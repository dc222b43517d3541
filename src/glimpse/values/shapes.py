"""Dictionaries with the same keys, as records of programs are: each such shape that is seen often gets code of its own."""

from __future__ import annotations

from typing import Any, Final

from .compiled import compile_renderer, form_of_dict
from .walk import Path, Render, Walk

__all__ = ["shapes_renderer"]

_SEEN_BEFORE_COMPILING: Final = 8
_MOST_SHAPES: Final = 512
_LONGEST_KEY: Final = 64


def shapes_renderer(walk: Walk, general: Render, most_keys: int) -> Render:
    """A renderer of exact dictionaries, of which those of few keys, all of them exact texts, have shapes.

    :param general: the renderer of all others.
    """
    counts: dict[tuple[str, ...], int] = {}
    renderers: dict[tuple[str, ...], Render] = {}
    get = renderers.get

    def use(value: dict[str, Any], render: Render) -> None:
        renderers[tuple(value)] = render

    def count(keys: tuple[str, ...]) -> None:
        if not keys or any(len(key) > _LONGEST_KEY for key in keys):
            return
        if len(counts) >= _MOST_SHAPES:
            counts.clear()
        counts[keys] = seen = counts.get(keys, 0) + 1
        if seen == _SEEN_BEFORE_COMPILING and len(renderers) < _MOST_SHAPES:
            labels = {key: walk.label(key, walk.limits.max_field_length, ()) for key in keys}
            renderers[keys] = compile_renderer(walk, form_of_dict(keys, labels), general, use) or general

    def render(value: dict[Any, Any], room: int, path: Path) -> str:
        if len(value) > most_keys:
            return general(value, room, path)
        keys = tuple(value)
        for key in keys:
            if type(key) is not str:  # to look for another would run its code
                return general(value, room, path)
        shaped = get(keys)
        if shaped is None:
            count(keys)
            return general(value, room, path)
        return shaped(value, room, path)

    return render
