"""The one way from a value to its text."""

from __future__ import annotations

from . import classes
from .hostile import GuardedCall, is_programs_own
from .kinds import choose
from .limits import OVERSHOOT, Limits, encodable, shorten
from .objects import cleaned
from .redaction import Redactor
from .strings import int_text
from .walk import MOST_REMEMBERED, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

__all__ = ["Atom", "Renderer"]

Atom: TypeAlias = "int | float | bool | str | tuple[str] | None"
"""An immutable built-in whose text is made later, or a text made at once in a tuple of one."""


class Renderer:
    """Texts of values under given limits and redaction: bounded while they are made, without secrets, never failing.

    One serves all threads. ``freeze`` is called for every value that is recorded.

    :param defers: whether an atom may be a number or a string, whose text ``atom_text`` makes later. Not where that
        will be another renderer's, of other limits.
    """

    def __init__(self, limits: Limits | None = None, redactor: Redactor | None = None, *, defers: bool = True) -> None:
        self.limits = limits or Limits()
        self.redactor = redactor or Redactor()
        self.defers = defers
        self._walk = Walk(self.limits, self.redactor, choose)
        self.freeze: Callable[[Any], Atom] = _freeze(self._walk)
        """An atom for any value, made now. It keeps no reference to what is mutable."""
        if not defers:
            self.freeze = self._now(self.freeze)

    def _now(self, freeze: Callable[[Any], Atom]) -> Callable[[Any], Atom]:
        text_of = self.atom_text

        def now(value: Any) -> Atom:
            atom = freeze(value)
            return atom if type(atom) is tuple else (text_of(atom),)

        return now

    def atom_text(self, atom: Atom) -> str:
        """The text of what ``freeze`` gave."""
        kind = type(atom)
        room = self.limits.max_field_length
        if kind is tuple:
            return atom[0]  # type: ignore[index]
        if kind is str:
            return self._walk.string(atom, room)  # type: ignore[arg-type]
        return int_text(atom, room) if kind is int else repr(atom)  # type: ignore[arg-type]

    def text(self, value: object) -> str:
        """The text of any value."""
        return self.atom_text(self.freeze(value))

    def receiver(self, value: object) -> str:
        """The name of the class of ``self``, or of ``cls`` itself, without running any code of it."""
        kind = type(value)
        return classes.class_name(value if classes.inherits(kind, type) else kind)  # type: ignore[arg-type]

    def message(self, problem: BaseException, secrets: Sequence[object] = ()) -> str:
        """The text of an exception, without what it repeats of ``secrets``: the values of hidden arguments."""
        try:
            text = _message(self._walk, problem, self.limits.max_field_length + _ROOM_FOR_SECRETS)
            return encodable(cleaned(self._walk, text, secrets, self.limits.max_field_length))
        except RecursionError as failure:
            return _failed(problem, failure)
        except Exception as failure:
            if is_programs_own(failure):
                raise
            return _failed(problem, failure)


def _freeze(walk: Walk) -> Callable[[Any], Atom]:
    limit = walk.limits.max_field_length
    most = limit + OVERSHOOT
    get, learn, string_atom = walk.renderers.get, walk.learn, _string_atom(walk)
    longest = 0 if walk.redactor.inspects_every_text else limit - 2

    def freeze(value: Any) -> Atom:
        kind = type(value)
        try:
            if kind is str:
                short = len(value) <= longest and value.isascii()
                if short and not (
                    "=" in value
                    or ":" in value
                    or (" " in value and ("earer " in value or ("-" in value and "--" in value)))
                ):
                    return value  # type: ignore[no-any-return]
                return string_atom(value)
            if kind is int or kind is bool or value is None or (kind is float and value - value == 0.0):
                return value  # type: ignore[no-any-return]
            text = (get(id(kind)) or learn(kind))(value, limit, ())
            if len(text) > most:
                text = shorten(text, limit)
            return (text if text.isascii() else encodable(text),)
        except RecursionError as failure:
            return (_failed(value, failure),)
        except Exception as failure:
            if is_programs_own(failure):
                raise
            return (_failed(value, failure),)

    return freeze


def _string_atom(walk: Walk) -> Callable[[str], Atom]:
    """For strings that have to be looked into. The last ones are remembered: many are passed on from call to call."""
    limit, scrub, string = walk.limits.max_field_length, walk.redactor.scrub, walk.string
    memory: dict[int, tuple[str, Atom]] = {}
    inspects_every_text = walk.redactor.inspects_every_text

    def string_atom(value: str) -> Atom:
        known = memory.get(id(value))
        if known is not None and known[0] is value:
            return known[1]
        size = len(value)
        if size <= limit - 2 and scrub(value) is value and encodable(value) is value:
            atom: Atom = value
        else:
            atom = (string(value, limit),)
        if size < _LONGEST_REMEMBERED and not inspects_every_text:
            if len(memory) >= MOST_REMEMBERED:
                memory.clear()
            memory[id(value)] = (value, atom)
        return atom

    return string_atom


def _failed(value: object, failure: BaseException) -> str:
    return f"<{classes.class_name(type(value))} repr failed: {classes.class_name(type(failure))}>"


def _message(walk: Walk, problem: BaseException, room: int) -> str:
    """What ``str`` gives; the arguments are walked where it would be their ``repr``."""
    kind = type(problem)
    shown = classes.lookup(kind, "__str__")
    arguments: tuple[Any, ...] = _arguments_of(problem)
    if shown is _PLAIN_STR and len(arguments) != 1:
        return walk.text(arguments, room, ()) if arguments else ""
    if shown is _KEY_ERROR_STR and len(arguments) == 1:
        return walk.text(arguments[0], room, ())
    if shown is not _PLAIN_STR and _is_harmless(problem):
        return GuardedCall(str, classes.class_name(kind))(problem)
    if len(arguments) != 1:
        return walk.text(arguments, room, ()) if arguments else ""
    return _only_argument(walk, arguments[0], room)


def _only_argument(walk: Walk, argument: Any, room: int) -> str:
    if type(argument) is str:
        return argument
    own = classes.lookup(type(argument), "__str__") is not object.__dict__["__str__"]
    if own and _is_harmless(argument):
        return GuardedCall(str, classes.class_name(type(argument)))(argument)
    return walk.text(argument, room, ())


def _is_harmless(value: object) -> bool:
    from .effects import harmless

    found = harmless(type(value), "__str__")
    return found is not None and found.allows(value, _ROOM_FOR_SECRETS)


_arguments_of = BaseException.__dict__["args"].__get__
_PLAIN_STR = BaseException.__dict__["__str__"]
_KEY_ERROR_STR = KeyError.__dict__["__str__"]
_ROOM_FOR_SECRETS = 1024
_LONGEST_REMEMBERED = 4096
