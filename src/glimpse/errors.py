"""Every error that a user can cause, and the one form in which bad input is reported."""

from __future__ import annotations

from glimpse.light import fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar

    _Class = TypeVar("_Class", bound=type)

__all__ = [
    "ConfigError",
    "GlimpseError",
    "PolicyError",
    "PolicyNotFound",
    "ReadError",
    "RewriteError",
    "WriterError",
    "bad_value",
    "unknown_name",
]

_LONGEST_VALUE = 80


class GlimpseError(Exception):
    """The base of everything that Glimpse raises at its users."""


class ConfigError(GlimpseError):
    """An option that does not exist, or a value that it does not take."""


class PolicyError(GlimpseError):
    """A policy that cannot be used.

    ``file`` and ``line`` say where it was read, and are None for a policy built in code; ``key`` is the key at
    fault, as a path: ``("policies", "web", "trace_depth")``.
    """

    def __init__(
        self, message: str, *, key: tuple[str | int, ...] = (), file: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(message)
        self.key = key
        self.file = file
        self.line = line

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return f"{place}: {self.args[0]}" if place else str(self.args[0])


class PolicyNotFound(PolicyError):  # noqa: N818 - the name that users catch says what happened
    """No policy file where one was looked for."""


class WriterError(GlimpseError):
    """A writer that cannot be set up."""


class ReadError(GlimpseError):
    """A trace that cannot be read."""


class RewriteError(GlimpseError):
    """Source that Python accepts and Glimpse cannot rewrite: the module is imported as it is."""


def bad_value(option: str, value: object, accepted: str | Iterable[str]) -> str:
    """The message for a value that an option does not take.

    ``accepted`` is a sentence, or the names to choose from: then the nearest one is suggested.
    """
    text = repr(value)
    if len(text) > _LONGEST_VALUE:
        text = text[:_LONGEST_VALUE] + "…"
    if isinstance(accepted, str):
        return f"option {option}: bad value {text}; accepted: {accepted}"
    names = list(accepted)
    return f"option {option}: bad value {text}; accepted: {', '.join(names)}{_suggestion(value, names)}"


def unknown_name(kind: str, name: object, known: Iterable[str]) -> str:
    """The message for a name that does not exist, such as an option's or a key's, with the nearest that does."""
    names = list(known)
    return f"unknown {kind} {name!r}; accepted: {', '.join(names)}{_suggestion(name, names)}"


def nearest(name: str, known: Iterable[str], *, similarity: float = 0.6) -> str | None:
    """The known name most like the given one, ignoring case; ``similarity`` is from 0 (anything) to 1 (equal)."""
    import difflib

    by_lower = {other.lower(): other for other in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=similarity)
    return by_lower[found[0]] if found else None


def refuse_unknown_keywords(error: type[GlimpseError]) -> Callable[[_Class], _Class]:
    """Make a record report a misspelt keyword as its own error, with the nearest name, not as a TypeError."""

    def decorate(cls: _Class) -> _Class:
        target: Any = cls
        construct = target.__init__
        known = [field.name for field in fields(target)]

        def checked(self: object, *args: Any, **options: Any) -> None:
            for name in options:
                if name not in known:
                    raise error(unknown_name(f"option of {cls.__name__}", name, known))
            construct(self, *args, **options)

        checked.__wrapped__ = construct  # type: ignore[attr-defined]
        for name in ("__name__", "__qualname__", "__module__", "__annotations__"):
            setattr(checked, name, getattr(construct, name))
        target.__init__ = checked
        return cls

    return decorate


def _suggestion(value: object, names: list[str]) -> str:
    found = nearest(value, names) if isinstance(value, str) else None
    return f"; did you mean {found!r}?" if found else ""
