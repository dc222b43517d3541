"""The walk through a value: which renderer a class has, and what they share. A walk is bounded by the room it has.

Every renderer gives a text of at most ``room`` characters, plus the mark of what it cut. Each text that is made leaves
less room to the next, so the work of a whole walk is bounded, not only the items of one container. ``path`` holds the
ids of the containers that the walk is inside of: its length is the depth, and a container in it closes a cycle.
"""

from __future__ import annotations

from _weakref import ref

from . import classes
from .limits import REDACTED, Limits, more
from .redaction import Redactor
from .strings import LEAST, MOST, int_text, string_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final, TypeAlias

__all__ = ["MOST_REMEMBERED", "Label", "Path", "Render", "Walk", "joined"]

Path: TypeAlias = tuple[int, ...]
Render: TypeAlias = "Callable[[Any, int, Path], str]"
"""``(value, room, path) -> text``"""

Label: TypeAlias = tuple[str, bool]
Labels: TypeAlias = "Callable[[str], Label | None]"

MOST_REMEMBERED: Final = 64
"""Texts that are remembered of each kind of thing; the memory is emptied when it is full."""

_NOTHING: Final = object()
_KEPT_BEYOND_ROOM: Final = 40
_CACHED_LABELS = 2048
_LONGEST_CACHED_LABEL = 64


class Walk:
    """The renderers of all classes seen so far, under the same limits and redaction.

    :param choose: gives the renderer of a class that was not seen before.
    """

    def __init__(self, limits: Limits, redactor: Redactor, choose: Callable[[Walk, type], Render]) -> None:
        self.limits = limits
        self.redactor = redactor
        self.string = string_text(redactor)
        self.renderers: dict[int, Render] = {}
        self.records: dict[int, Callable[..., str]] = {}
        """Of classes, by their ids: how lists of their instances are shown, if by code of their own."""
        self._choose = choose
        self._classes: dict[int, ref[type]] = {}
        self.labels: dict[str, Label] = {}
        self._field_labels: dict[str, Label] = {}
        self.items = _items(self)
        self.pairs = _pairs(self)

    def learn(self, cls: type) -> Render:
        """Choose the renderer of a class and keep it as long as the class lives.

        Classes are told apart by their id: hashing one would run a ``__hash__`` of its metaclass.
        """
        render = self._choose(self, cls)
        key = id(cls)

        def forget(_: object, of_class: Any = (self.renderers, self.records, self._classes)) -> None:
            for each in of_class:
                each.pop(key, None)

        self._classes[key] = ref(cls, forget)
        self.renderers[key] = render
        return render

    def text(self, value: object, room: int, path: Path) -> str:
        """The text of any value."""
        kind = type(value)
        if kind is str:
            return self.string(value, room)  # type: ignore[arg-type]
        if kind is int:
            return int_text(value, room)  # type: ignore[arg-type]
        return (self.renderers.get(id(kind)) or self.learn(kind))(value, room, path)

    def label(self, key: object, room: int, path: Path) -> Label:
        """What stands for a key of a mapping: ``'key': ``, and whether its value is hidden."""
        if type(key) is int and LEAST < key < MOST:
            return f"{key!r}: ", False
        label = (f"{self.text(key, room, path)}: ", self.hides(key))
        if type(key) is str and len(key) <= _LONGEST_CACHED_LABEL and len(label[0]) <= room:
            _keep(self.labels, key, label)
        return label

    def field_label(self, name: str) -> Label:
        """The label of an attribute: ``name=``, and whether its value is hidden."""
        return self._field_labels.get(name) or _keep(self._field_labels, name, (f"{name}=", self.redactor.hides(name)))

    def hides(self, key: object) -> bool:
        """Whether a key is a text that names a secret. Keys that are no built-in texts name nothing."""
        kind = type(key)
        if kind is str:
            return self.redactor.hides(key)  # type: ignore[arg-type]
        if kind is bytes:
            return self.redactor.hides(key[:_LONGEST_CACHED_LABEL].decode("latin-1"))  # type: ignore[index]
        if classes.inherits(kind, str):
            return self.redactor.hides(str.__str__(key))
        return False


def _keep(labels: dict[str, Label], name: str, label: Label) -> Label:
    if len(labels) >= _CACHED_LABELS:
        labels.clear()
    labels[name] = label
    return label


def _items(walk: Walk) -> Callable[[Iterable[Any], int, int, Path], str]:
    get, learn, string, hides = walk.renderers.get, walk.learn, walk.string, walk.redactor.hides

    def items(values: Iterable[Any], size: int, room: int, path: Path) -> str:
        """The texts of a container's items, without its brackets: ``values`` are the first of ``size``."""
        texts: list[str] = []
        left = room
        ahead = iter(values)
        for value in ahead:
            kind = type(value)
            if kind is str:
                text = string(value, left)
                if text[1] == "-" and value.isascii() and "=" not in value and hides(value):  # an option of a command
                    texts.append(text)
                    left -= len(text) + 2
                    if next(ahead, _NOTHING) is _NOTHING:
                        break
                    text = REDACTED
            elif kind is int and LEAST < value < MOST:
                text = repr(value)
            else:
                text = (get(id(kind)) or learn(kind))(value, left, path)
            texts.append(text)
            left -= len(text) + 2
            if left <= 0:
                return joined(texts, size, room, path)
        return ", ".join(texts) if len(texts) == size else joined(texts, size, room, path)

    return items


def _pairs(walk: Walk) -> Callable[..., str]:
    get, learn, string, label_of = walk.renderers.get, walk.learn, walk.string, walk.label
    known = walk.labels.get

    def pairs(pairs: Iterable[tuple[Any, Any]], size: int, room: int, path: Path, labels: Labels = known) -> str:
        """The texts of a mapping's items, without its brackets; values of hidden keys are not looked at.

        ``labels`` gives the text that stands for a key, and whether its value is hidden.
        """
        texts: list[str] = []
        left = room
        for key, value in pairs:
            label, hidden = (labels(key) if type(key) is str else None) or label_of(key, left, path)
            kind = type(value)
            if hidden:
                text = label + REDACTED
            elif kind is str:
                text = label + string(value, left - len(label))
            elif kind is int and LEAST < value < MOST:
                text = label + repr(value)
            else:
                text = label + (get(id(kind)) or learn(kind))(value, left - len(label), path)
            texts.append(text)
            left -= len(text) + 2
            if left <= 0:
                return joined(texts, size, room, path)
        return ", ".join(texts) if len(texts) == size else joined(texts, size, room, path)

    return pairs


def joined(texts: list[str], size: int, room: int, path: Path) -> str:
    """The texts with commas between them, and the mark of what is missing of ``size`` items or of the last text."""
    text = ", ".join(texts)
    missing = size - len(texts)
    length = len(text)
    if length > room + _KEPT_BEYOND_ROOM:
        text = f"{text[:room]}…"
    if not missing:
        return text
    # A cut inside has said how much is missing: further out only the outermost container counts once more.
    mark = more(missing) if length <= room or len(path) <= 1 else "…"
    return f"{text}, {mark}" if texts else mark
