"""From a line in the program's log to the call that wrote it: ``glimpse_call`` in records of ``logging`` and structlog.

It reads ``4711:412``, which ``glimpse show`` takes, or ``-`` where no recorded call is running. Only records that are
given it pay for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, MutableMapping
from typing import Any, Final

from glimpse.context import current_call

__all__ = ["ABSENT", "CallFilter", "add_call", "install", "uninstall"]

ABSENT: Final = "-"
"""What a record says outside of any recorded call."""

_Factory = Callable[..., logging.LogRecord]


class CallFilter(logging.Filter):
    """Lets every record pass, and gives it ``glimpse_call``.

    For a handler or a logger whose formatter has ``%(glimpse_call)s``. It tells of the thread that it is called in, so
    it belongs to the handler that the program calls: of a ``QueueHandler`` and its listener, to the former.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Give the record its call, unless it has one."""
        if not hasattr(record, "glimpse_call"):
            record.glimpse_call = current_call() or ABSENT
        return True


class _Labelling:
    """A factory of log records that have ``glimpse_call``.

    :param factory: makes the records.
    """

    def __init__(self, factory: _Factory) -> None:
        self.factory = factory
        self.active = True

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self.factory(*args, **kwargs)
        if self.active:
            record.glimpse_call = current_call() or ABSENT
        return record


_installed: list[_Labelling] = []


def install() -> None:
    """Give ``glimpse_call`` to every record of every logger from now on, by the factory of records. Once is enough."""
    if not _installed:
        _installed.append(_Labelling(logging.getLogRecordFactory()))
        logging.setLogRecordFactory(_installed[-1])


def uninstall() -> None:
    """Undo ``install``. A factory that was set after it, and calls it, is left where it is."""
    while _installed:
        ours = _installed.pop()
        ours.active = False
        if logging.getLogRecordFactory() is ours:
            logging.setLogRecordFactory(ours.factory)


def add_call(logger: Any, method_name: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor for structlog: puts ``glimpse_call`` into the event where a recorded call is running."""
    call = current_call()
    if call is not None:
        event_dict.setdefault("glimpse_call", call)
    return event_dict
