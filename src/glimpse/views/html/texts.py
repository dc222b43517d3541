"""Arguments, results and exceptions of the calls of a report, in packed blocks that the page opens one at a time."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import Final

from glimpse.traces.calls import Call
from glimpse.traces.records import epoch_us
from glimpse.views.text.style import clean

__all__ = ["Texts", "text_of_call", "traceback_lines"]

BLOCK: Final = 1 << 17
"""So many characters go into a block: packed well, and unpacked in a moment."""

FIELD: Final = "\x1f"
RECORD: Final = "\x1e"
MOST_IN_MEMORY: Final = 1 << 24
GRACE: Final = 1.25
LEVEL: Final = 6
_IDS: Final = ("trace_id", "span_id", "parent_span_id", "correlation_id", "policy")


class Texts:
    """Collects texts. ``limit`` is in packed bytes: beyond it, only what is marked as important is kept.

    ``kept`` counts the calls whose texts are there, ``starts`` has the number of each block's first text.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.kept = 0
        self.starts: list[int] = []
        self._sizes: list[int] = []
        self._pending: list[str] = []
        self._length = 0
        self._size = 0
        self._file = tempfile.SpooledTemporaryFile(MOST_IN_MEMORY)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Texts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def full(self) -> bool:
        """Whether only important texts are taken."""
        return self._size >= self.limit

    def add(self, text: str, *, important: bool) -> int:
        """The number of the text, from 1; 0 if it was not kept."""
        if self._size >= self.limit and not (important and self._size < self.limit * GRACE):
            return 0
        if not self._pending:
            self.starts.append(self.kept + 1)
        self.kept += 1
        self._pending.append(text)
        self._length += len(text)
        if self._length >= BLOCK:
            self.finish()
        return self.kept

    def blocks(self) -> Iterator[bytes]:
        """The packed blocks, in order; ``finish`` comes before."""
        self._file.seek(0)
        for size in self._sizes:
            yield self._file.read(size)

    def finish(self) -> None:
        """Pack what has been added since the last block."""
        if not self._pending:
            return
        block = zlib.compress(RECORD.join(self._pending).encode("utf-8", "backslashreplace"), LEVEL)
        self._file.write(block)
        self._sizes.append(len(block))
        self._size += len(block)
        self._pending.clear()
        self._length = 0


def text_of_call(call: Call, start_us: float, duration_ns: int) -> str:
    """What the page shows of a call beside its row: arguments, result, and fields that only some calls have.

    Where the row's time (microseconds since 1970) and duration have been fitted into the calls around, the exact ones
    are added.
    """
    fields = [clean(call.args), "" if call.result is None else f"={clean(call.result)}"]
    if epoch_us(call.timestamp) != round(start_us):
        fields.append(f"began\t{clean(call.timestamp)}")
    if call.duration_ms is not None and round(call.duration_ms * 1e6) != duration_ns:
        fields.append(f"took_ns\t{round(call.duration_ms * 1e6)}")
    if call.yields is not None:
        fields.append(f"yields\t{call.yields}")
    if call.active_ms is not None:
        fields.append(f"active_ns\t{round(call.active_ms * 1e6)}")
    if call.task is not None:
        fields.append(f"task\t{clean(call.task)}")
    if call.line is not None or call.file is not None:
        place = f"{call.file or '?'}:{'?' if call.line is None else call.line}"
        fields.append(f"source\t{clean(place)}")
    if call.trace_id is not None or call.correlation_id is not None or call.policy is not None:
        fields += [f"{name}\t{clean(value)}" for name in _IDS if (value := getattr(call, name))]
    if call.failed:
        fields += _exception_fields(call)
    return FIELD.join(fields)


def _exception_fields(call: Call) -> Iterator[str]:
    yield f"error\t{clean(call.error_type)}"
    yield f"message\t{clean(call.error_message)}"
    exception = call.exception or {}
    if type(exception.get("line")) is int:
        yield f"error_line\t{exception['line']}"
    if lines := traceback_lines(call):
        yield "traceback\t" + "\n".join(lines)


def traceback_lines(call: Call) -> list[str]:
    """The lines of the traceback, without anything that could be mistaken for markup of text."""
    found = (call.exception or {}).get("traceback")
    return [clean(line) for line in found.rstrip("\n").split("\n")] if isinstance(found, str) else []
