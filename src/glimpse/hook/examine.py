"""What the hook would make of a module or function, without importing it and without writing anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader
from typing import TYPE_CHECKING, NamedTuple

from glimpse.errors import RewriteError
from glimpse.hook.loader import instrument_spec
from glimpse.hook.locate import locate
from glimpse.hook.source import Source
from glimpse.hook.status import CACHED, LEFT_ALONE, REFUSED, REWRITTEN

if TYPE_CHECKING:
    from glimpse.hook.build import Builder
    from glimpse.policy import Decision

__all__ = ["Examined", "Function", "Texts", "examine"]


class Function(NamedTuple):
    """A function that the policy includes: None for ``reason`` where it is recorded."""

    qualname: str
    line: int
    reason: str | None


class Texts(NamedTuple):
    """A module's source, and what libcst makes of it."""

    original: str
    rewritten: str


@dataclass
class Examined:
    """What is known of a name.

    ``state`` is None for what the policy leaves out or what is not found, else one of those of ``status``, where
    ``REWRITTEN`` means that it would be. ``function`` is the name's part after the module. ``owners`` are the names of
    the policies that include the module. ``file`` is None where there is none, and ``origin`` then says what there is:
    ``built-in``, ``frozen``, ``namespace package``.
    """

    name: str
    decision: Decision
    function: str | None = None
    file: str | None = None
    origin: str | None = None
    state: str | None = None
    reason: str = ""
    functions: list[Function] = field(default_factory=list)
    texts: Texts | None = None
    owners: tuple[str, ...] = ()


def examine(name: str, builder: Builder, *, source: bool = False) -> Examined:
    """Look at a module, ``module:function`` or ``module.function``.

    :param source: whether the texts are wanted.
    """
    found = Examined(name, builder.policy.explain(name))
    module, found.function = _split(name)
    spec = locate(module) if module else None
    if spec is None:
        return found
    found.file = spec.origin if spec.has_location else None
    found.origin = spec.origin or "namespace package"
    if builder.policy.decide_module(module, found.file).included:
        found.owners = tuple(each.name for each in builder.policy.owners_of(module, found.file) if each.name)
        _look_at(found, spec, builder)
        if source and found.state in (CACHED, REWRITTEN):
            found.texts = _texts(found, module, builder)
    return found


def _split(name: str) -> tuple[str, str | None]:
    module, colon, function = name.partition(":")
    if colon:
        return module, function
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        module = ".".join(parts[:end])
        if locate(module) is not None:
            return module, ".".join(parts[end:]) or None
    return "", None


def _look_at(found: Examined, spec: ModuleSpec, builder: Builder) -> None:
    if spec.loader is None or not spec.has_location:
        found.state, found.reason = LEFT_ALONE, "it has no source file"
        return
    loader = None if type(spec.loader) is SourceFileLoader else spec.loader
    reason = instrument_spec(spec, builder)
    if reason is not None:
        found.state, found.reason = LEFT_ALONE, reason
        return
    try:
        source = Source(str(spec.origin), loader, spec.cached)
        kept, fresh = builder.obtain(spec.name, source, functions=True)
    except (SyntaxError, ValueError, OSError) as error:
        found.state, found.reason = REFUSED, f"{type(error).__name__}: {error}"
        return
    found.functions = [Function(*each) for each in kept.functions]
    found.state = REFUSED if kept.code is None else REWRITTEN if fresh else CACHED
    found.reason = kept.refusal or ""


def _texts(found: Examined, module: str, builder: Builder) -> Texts | None:
    from importlib.util import decode_source

    from glimpse.hook.rewrite import rewritten_source

    content = Source(str(found.file)).read()
    try:
        return Texts(decode_source(content), rewritten_source(content, builder.plan(module, str(found.file))))
    except RewriteError:
        return None
