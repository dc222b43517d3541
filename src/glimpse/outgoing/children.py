"""Child processes whose calls are made by the call that starts them.

They are told by their environment, or in what ``multiprocessing`` hands on for a process to do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

from ..context import CORRELATION_HEADERS, TraceContext, active, context_of, is_busy, outgoing, scope_of
from .patches import Patches

__all__ = ["CHILDREN", "CORRELATION_VARIABLE", "TRACE_VARIABLES", "environment", "from_environment"]

TRACE_VARIABLES: Final = {"TRACEPARENT": "traceparent", "TRACESTATE": "tracestate", "BAGGAGE": "baggage"}
"""By the variable, as OpenTelemetry names it too, the header whose value it has."""

CORRELATION_VARIABLE: Final = "GLIMPSE_CORRELATION_ID"
_ENV: Final = 10  # the place of ``env`` among the arguments of ``Popen``
_STATE: Final = "_glimpse_headers"


def environment() -> dict[str, str]:
    """The variables that a child started now is to have."""
    try:
        headers = {} if is_busy() else outgoing()
    except Exception:  # the program's child starts whatever happens here
        return {}
    found = {variable: headers[name] for variable, name in TRACE_VARIABLES.items() if name in headers}
    correlation_id = active().correlation_id
    if correlation_id is not None:
        found[CORRELATION_VARIABLE] = correlation_id
    return found


def from_environment(variables: Mapping[str, str]) -> TraceContext:
    """The context that a process was started in."""
    known = TRACE_VARIABLES.items()
    return context_of({name: variables[variable] for variable, name in known if variable in variables})


def _subprocess(module: ModuleType, patches: Patches) -> None:
    def wrapper(original: Any) -> Any:
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - a method's stand-in
            added = environment()
            if added:
                if len(args) > _ENV:
                    args = (*args[:_ENV], _with(args[_ENV], added), *args[_ENV + 1 :])
                else:
                    kwargs["env"] = _with(kwargs.get("env"), added)
            original(self, *args, **kwargs)

        return __init__

    patches.wrap(module.Popen, "__init__", wrapper)


def _with(env: Mapping[Any, Any] | None, added: Mapping[str, str]) -> Mapping[Any, Any]:
    """The variables of a child that is given these, or its parent's; those that the program names itself stay."""
    if env is None:
        return {**os.environ, **added}
    return {**{name: value for name, value in added.items() if os.fsencode(name) not in env}, **env}


def _multiprocessing(module: ModuleType, patches: Patches) -> None:
    def start_wrapper(original: Any) -> Any:
        def start(self: Any) -> Any:
            try:
                setattr(self, _STATE, {} if is_busy() else outgoing())
            except Exception:
                return original(self)
            try:
                return original(self)
            finally:
                self.__dict__.pop(_STATE, None)

        return start

    def bootstrap_wrapper(original: Any) -> Any:
        def _bootstrap(self: Any, *args: Any, **kwargs: Any) -> Any:
            headers = self.__dict__.pop(_STATE, None)
            if not headers:
                return original(self, *args, **kwargs)
            with scope_of(context_of(headers, CORRELATION_HEADERS[:1])):
                return original(self, *args, **kwargs)

        return _bootstrap

    patches.wrap(module.BaseProcess, "start", start_wrapper)
    patches.wrap(module.BaseProcess, "_bootstrap", bootstrap_wrapper)


CHILDREN: Final[Mapping[str, Callable[[ModuleType, Patches], None]]] = {
    "subprocess": _subprocess,
    "multiprocessing.process": _multiprocessing,
}
"""By the module to wait for, what is done to it."""
