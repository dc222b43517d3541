"""Lists of records: objects of one class that hold nothing but short immutable built-ins, as rows of tables do.

An application hands the same few of them from call to call. Their texts are made in one go, of values that are read
once, and remembered with these: as long as each field of each object holds the very value that it held, they stand.

Ratios to a walk from object to object, for three of three fields: 0.3 if they were seen before, 0.6 if not.
"""

from __future__ import annotations

from _weakref import ref

from .compiled import LIVE, MAY_HIDE, Form, Kinds, assigned, code_of, condition, namespace
from .walk import MOST_REMEMBERED, Path, Render, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, TypeAlias

__all__ = ["list_up", "with_records"]

RenderList: TypeAlias = "Callable[[list[Any], int, Path, Render], str]"
_MOST_RECORDS: Final = 16
_LISTS_BEFORE_COMPILING: Final = 16
_TRIES: Final = 32
"""So many lists in a row that are something else, and the class has no code of its own for lists any more."""


def with_records(walk: Walk, plain: Render) -> Render:
    """A renderer of exact lists.

    :param plain: for those that hold something else.
    """
    of_class = walk.records.get

    def render(value: list[Any], room: int, path: Path) -> str:
        try:
            records = of_class(id(type(value[0])))
        except IndexError:
            records = None
        return plain(value, room, path) if records is None else records(value, room, path, plain)

    return render


def list_up(walk: Walk, cls: type, form: Form, kinds: Kinds) -> None:
    """Have lists of a class's instances shown by code of their own, once there were some.

    :param kinds: what the fields have held. If one of them may be anything, there is no such code.
    """
    if form.attributes and _are_settled(kinds):
        walk.records[id(cls)] = _first(walk, form, kinds, ref(cls), id(cls))
    else:
        walk.records.pop(id(cls), None)


def _are_settled(kinds: Kinds) -> bool:
    return all(LIVE not in known for known in kinds.values())


def _first(walk: Walk, form: Form, kinds: Kinds, class_of: ref[type], key: int) -> RenderList:
    """Counts the first lists: most classes are in none, and code takes as long to make as the texts of some hundred."""
    left = _LISTS_BEFORE_COMPILING

    def render(value: list[Any], room: int, path: Path, plain: Render) -> str:
        nonlocal left
        left -= 1
        if left <= 0 and _are_settled(kinds):
            walk.records[key] = _made(walk, form, kinds, class_of, key)
        return plain(value, room, path)

    return render


def _made(walk: Walk, form: Form, kinds: Kinds, class_of: ref[type], key: int) -> RenderList:
    tries = _TRIES

    def otherwise(value: list[Any], room: int, path: Path, plain: Render) -> str:
        nonlocal tries
        tries -= 1
        if not tries:
            walk.records.pop(key, None)
        return plain(value, room, path)

    def remember(here: int, fields: list[Any], text: str) -> str:
        nonlocal tries
        tries = _TRIES
        if len(memory) >= MOST_REMEMBERED:
            memory.clear()
        memory[here] = fields, text
        return text

    memory: dict[int, tuple[list[Any], str]] = {}
    space: dict[str, Any] = {
        **namespace(kinds),
        "__name__": __name__,
        "class_of": class_of,
        "NOTHING": ((), ""),
        "innermost": walk.limits.max_depth - 1,
        "most": min(_MOST_RECORDS, walk.limits.max_items),
        "memory": memory,
        "otherwise": otherwise,
        "remember": remember,
    }
    exec(code_of(_source(form, kinds)), space)
    made: RenderList = space["render"]
    return made


def _source(form: Form, kinds: Kinds) -> str:
    shown = [(f"v{place}", name) for place, name in enumerate(form.names) if name in kinds]
    names = "".join(f"{variable}, " for variable, _ in shown)
    unlike = " or ".join(f"record.{name} is not {variable}" for variable, name in shown)
    read = "".join(f"record.{name}, " for _, name in shown)
    fits = " and ".join(condition(kinds[name], variable) for variable, name in shown)
    (text,) = assigned(form, kinds, ["text"], {})
    strings = "".join(f"{{{variable}}}" for variable, name in shown if "str" in kinds[name])
    looked_into = f"texts = ''.join([f'{strings}' for {names} in fields])" if strings else "texts = ''"
    return f"""\
def render(value, room, path, plain):
    here = id(value)
    if len(path) >= innermost or here in path or len(value) > most:
        return plain(value, room, path)
    known, text = memory.get(here) or NOTHING
    kind = class_of()
    try:
        if len(known) == len(value):
            for record, ({names}) in zip(value, known):
                if type(record) is not kind or {unlike}:
                    break
            else:
                return text if len(text) <= room else plain(value, room, path)
        fields = [({read}) for record in value if type(record) is kind]
    except AttributeError:
        return otherwise(value, room, path, plain)
    if len(fields) != len(value):
        return otherwise(value, room, path, plain)
    texts = []
    for {names} in fields:
        if not ({fits}):
            return otherwise(value, room, path, plain)
        {text}
        texts.append(text)
    text = f"[{{', '.join(texts)}}]"
    {looked_into}
    if {MAY_HIDE} or len(text) > room:
        return otherwise(value, room, path, plain)
    return remember(here, fields, text)
"""
