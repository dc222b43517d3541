"""Function-level logging and tracing for Python.

Everything public is a name of this package. Names are loaded when first used, so that importing the package costs
next to nothing in a program that is not traced.

PYTEST_DONT_REWRITE: it may be there before pytest is, which would warn of assertions that it cannot rewrite any more.
"""

from __future__ import annotations

from glimpse._version import __version__

TYPE_CHECKING = False  # `typing` takes longer to import than all of this

if TYPE_CHECKING:
    from typing import Any

    from glimpse.config import Config
    from glimpse.context import correlation, current_call, extract, inject
    from glimpse.decorators import no_trace
    from glimpse.entry import LogEntry
    from glimpse.errors import (
        ConfigError,
        GlimpseError,
        PolicyError,
        PolicyNotFound,
        ReadError,
        RewriteError,
        WriterError,
    )
    from glimpse.middleware import asgi, wsgi
    from glimpse.policy import PolicySet, TracingPolicy
    from glimpse.tracer import Tracer, install, register_writer, trace, uninstall
    from glimpse.views import load
    from glimpse.writers import BaseWriter

__all__ = [
    "BaseWriter",
    "Config",
    "ConfigError",
    "GlimpseError",
    "LogEntry",
    "PolicyError",
    "PolicyNotFound",
    "PolicySet",
    "ReadError",
    "RewriteError",
    "Tracer",
    "TracingPolicy",
    "WriterError",
    "__version__",
    "asgi",
    "correlation",
    "current_call",
    "extract",
    "inject",
    "install",
    "load",
    "no_trace",
    "register_writer",
    "trace",
    "uninstall",
    "wsgi",
]

_ROOMS = {
    "config": ("Config",),
    "context": ("correlation", "current_call", "extract", "inject"),
    "decorators": ("no_trace",),
    "entry": ("LogEntry",),
    "errors": tuple(name for name in __all__ if name.endswith("Error") or name == "PolicyNotFound"),
    "middleware": ("asgi", "wsgi"),
    "policy": ("PolicySet", "TracingPolicy"),
    "tracer": ("Tracer", "install", "register_writer", "trace", "uninstall"),
    "views": ("load",),
    "writers": ("BaseWriter",),
    "ipython": ("load_ipython_extension", "unload_ipython_extension"),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    room = _HOME.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from glimpse.light import import_module

    value = getattr(import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
