"""What a value may be while a method is looked through, and what was seen to be done with it.

A value is a set of possibilities, since code branches. None of them holds a value of the traced program except
``Known``, which is dropped with the look.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FunctionType
    from typing import Any, Final, NamedTuple, TypeAlias
else:
    from glimpse.light import NamedTuple

__all__ = [
    "ANY",
    "CALL",
    "CLASS_TEXT",
    "COMPARING",
    "CONTENTS",
    "EMPTY",
    "GIVING",
    "INPLACE",
    "NULL",
    "PLAIN",
    "TEXTS",
    "TYPE",
    "UNKNOWN",
    "Arguments",
    "Known",
    "Made",
    "Memory",
    "Method",
    "RefusedError",
    "Root",
    "Site",
    "Super",
    "TypeOf",
    "Use",
    "Values",
]

Values: TypeAlias = "frozenset[Any]"

ANY: Final = "<any>"
"""An operation that is not known: whatever could be done with the value."""
CALL: Final = "<call>"
INPLACE: Final = "<+=>"
"""An operator that changes what can be changed, and makes something new of what cannot."""
TYPE: Final = "<type>"
"""Asking what class the value has, and the name of that class."""
CONTENTS: Final = "<contents>"
"""The name of the place where the items of an object are that is a built-in container itself."""
CLASS_TEXT: Final = "<class text>"
"""Making the text of that class."""
TEXTS: Final = frozenset({"__repr__", "__str__", "__format__"})
"""All other operations, too, are named like the method that carries them out."""
COMPARING: Final = frozenset({"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"})
GIVING: Final = frozenset({"__iter__", "__getitem__", "__reversed__", "keys"})
"""Operations that give something of what is in the object."""
_DEEPEST = 6


class RefusedError(Exception):
    """The method may do something that can be noticed; the message says what."""


class _Mark:
    """A possibility of which nothing more is known than its name."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


PLAIN: Final = frozenset({_Mark("PLAIN")})
"""A text, a number, or another immutable built-in."""
UNKNOWN: Final = frozenset({_Mark("UNKNOWN")})
NULL: Final = frozenset({_Mark("NULL")})
"""What the interpreter puts on the stack beside a function that is not a method."""
EMPTY: Final[Values] = frozenset()


class Use:
    """A place that can be reached from the object, such as ``self.items``, with what is done to the value there.

    A container and its items share one place. If it is called, what the call gives is in the same place too.

    :ivar answers: what is said to values of a class, by what is known of the class.
    """

    __slots__ = ("answers", "depth", "members", "name", "ops", "parent")

    def __init__(self, name: str = "", parent: Use | None = None) -> None:
        self.name = name
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent else 0
        self.ops: set[str] = set()
        self.members: dict[str, Use] = {}
        self.answers: dict[Any, Any] = {}

    def member(self, name: str) -> Use:
        """The place of an attribute of the value."""
        found = self.members.get(name)
        if found is None:
            if self.depth >= _DEEPEST:
                raise RefusedError("follows a long chain of attributes")
            found = self.members[name] = Use(name, self)
        return found


class Root(Use):
    """The object itself, whose class is known.

    :ivar unshadowed: methods of the class that the object may not have an attribute of its own in the place of.
    """

    __slots__ = ("cls", "unshadowed")

    def __init__(self, cls: type) -> None:
        super().__init__("self")
        self.cls: type | None = cls
        self.unshadowed: set[str] = set()


class Known(NamedTuple):
    """A global, a constant or a function: an object of the program that is there already."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return type(other) is Known and other.value is self.value

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return id(self.value)


class Site:
    """A container or an iterator that the method makes itself; it may do with it as it likes."""

    __slots__ = ()


class Made:
    """A function that the method makes itself."""

    __slots__ = ("code", "defaults", "outer")

    def __init__(self, code: CodeType, outer: Any, defaults: Values) -> None:
        self.code = code
        self.outer = outer
        self.defaults = defaults


class Method(NamedTuple):
    """An attribute that is going to be called, with what it is called on."""

    receiver: Any
    function: str | FunctionType | Known


class Super(NamedTuple):
    """What ``super()`` gives: the object, seen from behind a class."""

    after: Known
    receiver: Any


class TypeOf(NamedTuple):
    """The class of a value."""

    use: Use


class Arguments(NamedTuple):
    """Of a call. ``rest`` is what may be in those given by ``*`` and ``**``."""

    positional: list[Values]
    named: dict[str, Values]
    rest: Values = EMPTY

    def all(self) -> Values:
        """Whatever is given."""
        return self.rest.union(*self.positional, *self.named.values())


class Memory:
    """What was put into some places. If it becomes more after it was read, all has to be looked through again."""

    __slots__ = ("_held", "_read", "grew")

    def __init__(self) -> None:
        self._held: dict[Any, Values] = {}
        self._read: set[Any] = set()
        self.grew = False

    def read(self, key: Any) -> Values:
        """What may be there."""
        self._read.add(key)
        return self._held.get(key, EMPTY)

    def add(self, key: Any, values: Values) -> None:
        """It may be this too."""
        held = self._held.get(key, EMPTY)
        if not values <= held:
            self._held[key] = held | values
            if key in self._read:
                self.grew = True
