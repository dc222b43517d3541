"""``dest="logging"``: entries as records of the standard library's logging, for programs that want one stream."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, ClassVar, Final

from glimpse.entry import LogEntry
from glimpse.parsers import text
from glimpse.writers.base import BaseWriter
from glimpse.writers.options import Option

__all__ = ["LoggingWriter"]

_FORMAT: Final = "%Y-%m-%d %H:%M:%S.%f"


class LoggingWriter(BaseWriter):
    """Gives each entry to a logger, as a record of the same level, time, thread and process.

    A record's ``glimpse_call`` is what ``glimpse show`` takes, its ``glimpse`` the whole entry as a dict. Whatever
    handlers do while they handle it leaves no entries, as long as they do it in the thread that they are called in.
    """

    options: ClassVar[Sequence[Option]] = (Option("logger", text, "glimpse", "the logger's name"),)

    def __init__(self, logger: str) -> None:
        self._logger = logging.getLogger(logger)

    def write(self, entry: LogEntry) -> None:
        """Let the logger's handlers handle the entry, if the logger is enabled for its level."""
        level = logging.getLevelName(entry.level)
        if self._logger.isEnabledFor(level):
            self._logger.handle(self._record(entry, level))

    def _record(self, entry: LogEntry, level: int) -> logging.LogRecord:
        function = entry.function
        record = self._logger.makeRecord(
            self._logger.name,
            level,
            entry.file or "(unknown file)",
            entry.line or 0,
            _message(entry),
            (),
            None,
            function.rpartition(".")[2],
            extra={"glimpse": entry.to_dict()},
        )
        changes: dict[str, Any] = {
            "glimpse_call": f"{entry.pid}:{entry.call_id}",
            "threadName": entry.thread,
            "thread": None,
            "process": entry.pid,
            "taskName": entry.task,
        }
        moment = datetime.strptime(entry.timestamp, _FORMAT).replace(tzinfo=timezone.utc).timestamp()
        changes["relativeCreated"] = record.relativeCreated + (moment - record.created) * 1000
        changes["created"], changes["msecs"] = moment, float(int(moment % 1 * 1000))
        record.__dict__.update(changes)
        return record


def _message(entry: LogEntry) -> str:
    owner = entry.function.rpartition(".")[0]
    parts = [entry.stage, f"{owner}.{entry.args}" if owner else entry.args]
    if entry.exception is not None:
        kind, message = entry.exception.get("type"), entry.exception.get("message")
        parts.append(f"raised {kind}: {message}" if message else f"raised {kind}")
    elif entry.closed:
        parts.append("closed")
    elif entry.result is not None:
        parts.append(f"-> {entry.result}")
    if entry.duration_ms is not None:
        parts.append(f"in {entry.duration_ms:.3f} ms")
    return " ".join(part if part.isprintable() else _on_one_line(part) for part in parts)


def _on_one_line(part: str) -> str:
    """The text with everything spelt out that a reader of the log could take for the beginning of another record."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in part)
