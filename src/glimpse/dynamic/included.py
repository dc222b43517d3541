"""Which code is traced, and how: the policy's answer for a code object, worked out when it is first seen to run."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..entry import Site
from ..probe import Probe, Slot
from ..probe.codes import UNTRACED, def_line, end_function, entry_function, kind_of, parameters, reporter
from ..values import Redactor
from . import names
from .instructions import Instructions
from .readers import Reader, reader_for

if TYPE_CHECKING:
    from ..config import Config
    from ..policy import Decider, TracingPolicy

__all__ = ["Included", "Recording", "Traced"]

_FUNCTION: Final = 0x03  # optimized, with locals of its own: neither a module's nor a class's body
_MAIN: Final = "__main__"
_PROMPT: Final = "_pyrepl.__main__"  # Python 3.13.0 shows what is typed the names of the module that reads it
_GENERATED: Final = "__create_fn__"  # what dataclasses generates


class Recording(Protocol):
    """What dynamic mode needs of the session that it records into."""

    @property
    def probe(self) -> Probe:
        """What takes the events."""

    @property
    def files(self) -> dict[str, str]:
        """The file of each module that is traced."""

    @property
    def destination(self) -> str:
        """Where entries go."""

    def connect(
        self, slot: Slot, policy: TracingPolicy | None, replaced: Mapping[str, Any], *, errors_only: bool
    ) -> None:
        """Record what the functions of this slot report, under this policy."""

    def disconnect(self, slot: Slot) -> None:
        """Record it no more."""


class Traced:
    """A code object whose calls are recorded: its site, and the probe's functions that take its calls."""

    __slots__ = ("begins_at", "end", "key", "kind", "raised", "read", "reader", "resumed", "thrown", "yielded")

    def __init__(
        self, site: Site, key: str, slot: Slot, reader: Callable[..., Reader], begins_at: int, *, errors_only: bool
    ) -> None:
        kind = self.kind = site.kind
        self.key = key
        self.reader = reader
        """Makes functions like the next one; see ``reader_for``."""
        self.read = reader()
        self.begins_at = begins_at
        """The instruction at which a generator or coroutine stands before it has run."""
        function: Callable[[str], Any] = slot.function
        self.end = function(end_function(site))
        self.raised = function("raised_only" if errors_only else _RAISED[kind])
        if kind in "ga":
            self.yielded, self.resumed, self.thrown = (
                function(f"{name}_{kind}") for name in ("yielded", "resumed", "thrown")
            )


_RAISED: Final = {"f": "raised", "g": "raised_gen", "c": "raised_coro", "a": "raised_coro"}


class Included:
    """Decides on code objects. Nothing is remembered here but what the policy and the slots remember.

    :param replaced: what the probe's functions use of a tracing core's own; see ``Calls``.
    :param replaced_for_errors: the same for those of level ERROR, where not all functions are of that.
    :param keeps_locals: whether ``frame.f_locals`` may be emptied once the arguments are read from it.
    """

    def __init__(
        self,
        policy: Decider,
        session: Recording,
        config: Config,
        replaced: Mapping[str, Any],
        replaced_for_errors: Mapping[str, Any],
        *,
        keeps_locals: bool,
        errors_only: bool,
    ) -> None:
        self._policy, self._session = policy, session
        self._redact = config.redact
        self._replaced, self._replaced_for_errors = replaced, replaced_for_errors
        self._level = config.level
        self._keeps_locals = keeps_locals
        self._errors_only = errors_only
        self._slots: dict[str, tuple[Slot, Callable[[str], bool]]] = {}

    def traced(self, code: CodeType, frame: FrameType) -> Traced | None:
        """How the calls of this code are recorded; None if they are not."""
        module, file = _place(frame)
        if module is None or not self._policy.may_include(module):
            return None
        if code.co_flags & _FUNCTION != _FUNCTION or code.co_name.startswith("<") or _is_generated(code, module, file):
            return None
        if not self._includes(frame, module, file):
            return None
        return self._decided(code, frame, module, file)

    def leaves_out_module(self, frame: FrameType) -> tuple[bool, str | None]:
        """Whether nothing that runs in this frame's globals can be included; and if its name alone says so, that.

        Only of globals that are a module's, which others of the same name are not.
        """
        module, file = _place(frame)
        if module is None or not _is_module(module, frame.f_globals):
            return False, None
        if not self._policy.may_include(module):
            return True, module
        return not self._includes(frame, module, file), None

    def _includes(self, frame: FrameType, module: str, file: str | None) -> bool:
        aliases = _real_name(frame.f_globals) if module == _MAIN else ()
        return self._policy.decide_module(module, file, aliases=aliases).included

    def _decided(self, code: CodeType, frame: FrameType, module: str, file: str | None) -> Traced | None:
        qualname = names.qualified_name(code, frame)
        decision = self._policy.decide_function(module, qualname, file)
        if not decision.included or decision.policy is None or UNTRACED.get(code):
            return None
        reported = reporter(code)
        if reported is not None and Slot.of(reported).feeds(self._session.destination):
            return None
        if names.is_type_scope(code, frame) or qualname.startswith(_GENERATED):
            return None
        if file is not None:
            self._session.files.setdefault(module, file)
        return self._made(code, frame, module, qualname, decision.policy)

    def _made(self, code: CodeType, frame: FrameType, module: str, qualname: str, owner: TracingPolicy) -> Traced:
        slot, hides = self._slot(owner)
        method = names.is_method(code, qualname, frame)
        params = parameters(code, method=method, hides=hides)
        line = def_line(code, frame.f_globals)
        site = Site(module.replace(":", "_"), qualname, line, kind_of(code), params, owner.name)
        shown = [None if param.hidden else param.name for param in params]
        key = site.key  # the very same object in each event: by that, assembly tells that two belong together
        enter = slot.function(entry_function(site))
        reader = functools.partial(reader_for, enter, key, shown, empties=not self._keeps_locals)
        return Traced(site, key, slot, reader, Instructions(code).beginning, errors_only=self._errors_only)

    def _slot(self, owner: TracingPolicy) -> tuple[Slot, Callable[[str], bool]]:
        known = self._slots.get(owner.name)
        if known is None:
            slot = Slot(0)
            errors = not self._errors_only and owner.level_in(self._level) == "ERROR"
            replaced = self._replaced_for_errors if errors else self._replaced
            self._session.connect(slot, owner, replaced, errors_only=errors)
            known = self._slots[owner.name] = slot, Redactor([*self._redact, *owner.redact]).hides
        return known

    def close(self) -> None:
        """Record nothing more."""
        for slot, _ in self._slots.values():
            self._session.disconnect(slot)
        self._slots.clear()


def _place(frame: FrameType) -> tuple[str | None, str | None]:
    """The module and the file that the frame's code belongs to, as far as its globals tell."""
    scope = frame.f_globals
    module, file = scope.get("__name__"), scope.get("__file__")
    if module == _MAIN and getattr(scope.get("__spec__"), "name", None) == _PROMPT:
        file = None
    return module if type(module) is str else None, file if type(file) is str else None


def _is_module(name: str, scope: Mapping[str, Any]) -> bool:
    """Whether these are the globals of the module that has been imported by this name."""
    try:
        return object.__getattribute__(sys.modules[name], "__dict__") is scope
    except (KeyError, AttributeError):
        return False


def _is_generated(code: CodeType, module: str, file: str | None) -> bool:
    """Whether the function was made from a text at run time, in the name of a module whose source does not have it.

    What is typed into an interpreter, or given to it with ``-c``, is text too, and the source of ``__main__``.
    """
    if not code.co_filename.startswith("<"):
        return False
    typed = module == _MAIN and file is None
    return not typed or (code.co_filename == "<string>" and sys.argv[:1] != ["-c"])


def _real_name(scope: Mapping[str, Any]) -> tuple[str, ...]:
    """The name under which ``python -m`` found the main module."""
    name = getattr(scope.get("__spec__"), "name", None)
    return (name,) if type(name) is str and name != _PROMPT else ()
