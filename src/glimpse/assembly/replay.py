"""Events that were kept as they are, made into entries when they are read: what the journal's readers do.

What is read may be damaged or hostile. It is data: at worst an entry is wrong, or reading ends with an error.
"""

from __future__ import annotations

from ..errors import ReadError
from .assembler import Assembler
from .filtering import Filter, Rule
from .records import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

__all__ = ["FINISHED", "Replay"]

FINISHED: Final = 20
"""The kind of the event ``(20, t)`` that ends a recording: calls that are open then were closed."""

_BASE_LIMIT: Final = 1 << 62


class Replay:
    """Makes entries of the batches of any number of processes, in the order in which they come."""

    def __init__(self) -> None:
        self._processes: dict[tuple[Any, Any], tuple[Assembler, Filter | None]] = {}

    def records(self, meta: Mapping[str, Any], events: Sequence[Sequence[Any]]) -> Iterator[dict[str, Any]]:
        """The entries, as dicts, of one batch.

        :param meta: what the recording process said of itself.
        :raises ReadError: the events are not what a recording process writes.
        """
        try:
            assembler, limits = self._process(meta)
            found: list[dict[str, Any]] = []
            now = 0
            for event in map(_restored, events):
                now = event[2] if len(event) > 2 and type(event[2]) is int else now
                found += assembler.close(event[1]) if event[0] == FINISHED else assembler.feed([event])
            if limits is not None:
                found = limits.apply(found, now / 1e6)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, OSError) as error:
            raise ReadError(f"an event is not as a recording process writes it: {error!r}") from error
        yield from found

    def _process(self, meta: Mapping[str, Any]) -> tuple[Assembler, Filter | None]:
        key = meta.get("pid"), meta.get("base")
        known = self._processes.get(key)
        if known is None:
            known = self._processes[key] = _assembler(meta)
        return known


def _assembler(meta: Mapping[str, Any]) -> tuple[Assembler, Filter | None]:
    origin = Origin(
        pid=int(meta["pid"]),
        base=int(meta["base"]) % _BASE_LIMIT,
        service=meta.get("service"),
        correlation_id=meta.get("correlation_id"),
        with_lines=bool(meta.get("with_lines")),
        detailed={str(name): bool(each) for name, each in (meta.get("detailed") or {}).items()},
        trace_ids=bool(meta.get("trace_ids")),
        remote=_remote(meta.get("remote")),
        files=dict(meta.get("files") or {}),
    )
    rules = {str(name): Rule(depth, ms) for name, (depth, ms) in (meta.get("rules") or {}).items()}
    limited = any(rule.limits for rule in rules.values())
    assembler = Assembler(origin, pauses=bool(meta.get("pauses")))
    for number, name in dict(meta.get("threads") or {}).items():
        assembler.records.name_thread(int(number), str(name))
    return assembler, Filter(rules) if limited else None


def _remote(value: Any) -> tuple[str, str] | None:
    if value is None:
        return None
    trace_id, span_id = value
    return str(trace_id), str(span_id)


def _restored(event: Sequence[Any]) -> tuple[Any, ...]:
    """JSON has no tuples: a text made at once, and the value of a closed call, were some."""
    return tuple(tuple(item) if type(item) is list else item for item in event)
