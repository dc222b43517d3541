"""Writers: where entries go, and how they are read back. Modules of single destinations are imported on use."""

from __future__ import annotations

from glimpse.writers.base import BaseWriter, LineWriter, PartialWrite, RawWriter, RecordWriter, WriterConfig
from glimpse.writers.options import Option
from glimpse.writers.registry import open_writer, register_writer, writer_class

__all__ = [
    "BaseWriter",
    "LineWriter",
    "Option",
    "PartialWrite",
    "RawWriter",
    "RecordWriter",
    "WriterConfig",
    "open_writer",
    "register_writer",
    "writer_class",
]
