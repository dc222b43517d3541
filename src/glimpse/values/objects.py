"""Objects of the traced program's own classes: only here is a ``__repr__`` of theirs called, if it is harmless."""

from __future__ import annotations

from ..precompiled import expression
from . import classes
from .conceal import conceal
from .hostile import RENDERING, GuardedCall
from .limits import REDACTED, shorten
from .remembered import remembering
from .scrub import hide_cut_login, may_hide
from .strings import MARGIN
from .unasked import UNSET, own, unasked_renderer
from .walk import Path, Render, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

__all__ = ["cleaned", "enum_member", "exception", "is_secret_class", "secret_object", "user_repr"]

_LONGEST_LOOKED_AT = 65_536
_MOST_NAMES = 64
_INSIDE = 4
_REPORTING = 2
"""Within other values, or if its text reports calls, so many times less of an object is looked through for its text."""
_SECRET_CLASS = expression(r"_?(?:Secret|Password|Credentials?)(?:Str|String|Bytes|Value|Text|Int|Date)?")


def user_repr(walk: Walk, cls: type) -> Render:
    """For classes with a ``__repr__`` of their own, which is called if nothing can be noticed of it.

    What the object's attributes with a hidden name hold does not show in the text.
    """
    from .effects import harmless

    unasked = unasked_renderer(walk, cls)
    found = harmless(cls, "__repr__")
    if found is None:
        return unasked
    allows, at_once = found.allows, found.at_once or _never
    call = GuardedCall(repr, classes.class_name(cls))
    harmless_names: set[str] = set()
    secrets_of = _secrets_of(walk, cls, harmless_names)

    outermost = 1 if found.is_silent else _REPORTING

    def render(value: Any, room: int, path: Path) -> str:
        if not at_once(value) and not allows(value, room // (_INSIDE if path else outermost)):
            return unasked(value, room, path)
        text = call(value)
        return cleaned(walk, text, secrets_of(value), room)

    hidden_slots = any(map(walk.hides, classes.slot_names(cls)))
    if found.at_once is None or hidden_slots or type(cls) is not type:
        return render
    harmless_attributes = harmless_names if classes.has_plain_dict(cls) else None
    asking = (
        _silent(walk, cls, call.silently, found.at_once, harmless_attributes, render) if found.is_silent else render
    )
    if found.told_by is None or walk.redactor.inspects_every_text:
        return asking
    return remembering(cls, found.told_by, found.at_once, harmless_attributes, asking)


def _never(_value: object) -> bool:
    return False


def _silent(
    walk: Walk,
    cls: type,
    call: Callable[[Any], str],
    at_once: Callable[[Any], bool],
    harmless_names: set[str] | None,
    general: Render,
) -> Render:
    """A renderer for a text that only plain values and code that reports nothing have a part in, as most texts are.

    :param general: the renderer for all others.
    :param harmless_names: see ``_secrets_of``. None if instances have no attributes but those in slots.
    """
    shown = classes.lookup(cls, "__repr__")
    rendering, inspects_every_text = RENDERING, walk.redactor.inspects_every_text

    def render(value: Any, room: int, path: Path) -> str:
        if rendering.watchers or type(value).__repr__ is not shown or not at_once(value):
            return general(value, room, path)
        try:
            if harmless_names is not None and "\0".join(value.__dict__) not in harmless_names:
                return general(value, room, path)
        except TypeError:  # not all names are texts
            return general(value, room, path)
        text = call(value)
        if inspects_every_text or len(text) > room or may_hide(text):
            return cleaned(walk, text, (), room)
        return text

    return render


def _secrets_of(walk: Walk, cls: type, harmless_names: set[str]) -> Callable[[Any], Sequence[object]]:
    """What the attributes with a hidden name hold.

    :param harmless_names: those of instances that were found to have no such attribute, each time as one text.
    """
    hides = walk.hides
    slots = tuple(filter(hides, classes.slot_names(cls)))
    plain_dict = classes.has_plain_dict(cls)

    def secrets_of(value: Any) -> Sequence[object]:
        if not plain_dict:
            return _held_in(value, slots) if slots else ()
        attributes = classes.instance_dict(value)
        try:
            names = "\0".join(attributes)
        except TypeError:  # not all are texts
            names = None
        if names in harmless_names and not slots:
            return ()
        secrets = [held for name, held in list(attributes.items()) if hides(name)]
        if not secrets and names is not None and len(harmless_names) < _MOST_NAMES:
            harmless_names.add(names)
        return secrets + _held_in(value, slots)

    return secrets_of


def _held_in(value: Any, slots: Iterable[str]) -> list[object]:
    return [held for name in slots if (held := own(value, name)) is not UNSET]


def cleaned(walk: Walk, text: str, secrets: Sequence[object], room: int) -> str:
    """A text that the program made, without secrets, in the given room."""
    size = len(text)
    if secrets:
        text = conceal(text[:_LONGEST_LOOKED_AT], secrets)
        size += len(text) - min(size, _LONGEST_LOOKED_AT)
    scrub = walk.redactor.scrub
    if size <= room:
        text = scrub(text)
        return text if len(text) <= room else shorten(text, room)
    head = text[: max(room, 0) + MARGIN]
    return shorten(scrub(hide_cut_login(head) if len(head) < size else head), room, size - len(head))


def exception(walk: Walk, cls: type) -> Render:
    """For exceptions with the ``repr`` of ``BaseException``: the name and the arguments, which are walked."""
    name = classes.class_name(cls)
    arguments_of = BaseException.__dict__["args"].__get__
    max_items = walk.limits.max_items

    def render(value: Any, room: int, path: Path) -> str:
        here = id(value)
        if here in path:
            return f"{name}(...)"
        arguments = arguments_of(value)
        inside = walk.items(arguments[:max_items], len(arguments), room - len(name) - 2, (*path, here))
        return f"{name}({inside})"

    return render


def enum_member(walk: Walk, cls: type) -> Render:
    """For members of enumerations with the ``repr`` of ``Enum``: ``<Color.RED: 1>``."""
    name = classes.class_name(cls)

    def render(value: Any, room: int, path: Path) -> str:
        held = classes.instance_dict(value)
        start = f"<{name}.{held.get('_name_')}: "
        return f"{start}{walk.text(held.get('_value_'), room - len(start) - 1, (*path, id(value)))}>"

    return render


def is_secret_class(cls: type) -> bool:
    """Whether instances are wrappers that exist to hide a value, as pydantic's ``SecretStr``."""
    return _SECRET_CLASS.fullmatch(classes.class_name(cls)) is not None


def secret_object(_walk: Walk, cls: type) -> Render:
    """For such wrappers: nothing inside is looked at."""
    text = f"{classes.class_name(cls)}({REDACTED})"
    return lambda _value, _room, _path: text
