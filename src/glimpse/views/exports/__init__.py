"""Traces for other tools: one module a format, each with ``write(events, stream)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Final, TextIO

from glimpse.traces.calls import CallEvent

__all__ = ["EXPORTS", "exporter"]

EXPORTS: Final = {
    "chrome": "trace events, for Perfetto and chrome://tracing",
    "speedscope": "a profile for speedscope",
    "folded": "stacks with microseconds, for flame graphs",
    "otlp": "spans as OTLP JSON, a batch a line, for OpenTelemetry collectors",
    "csv": "a row a call, for spreadsheets and pandas",
}
"""Every text format and who reads it."""


def exporter(name: str) -> Callable[[Iterable[CallEvent], TextIO], None]:
    """The function that writes a format."""
    write: Callable[[Iterable[CallEvent], TextIO], None] = import_module(f"{__name__}.{name}").write
    return write
