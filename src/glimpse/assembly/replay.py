"""Events that were kept as they are, made into entries when they are read: what the journal's readers do.

What is read may be damaged or hostile. It is data: at worst an entry is wrong, or reading ends with an error.
"""

from __future__ import annotations

from contextlib import contextmanager

from ..errors import ReadError
from .counting import CountingAssembler
from .events import FINISHED
from .filtering import Filter, Rule
from .outline import Outline
from .records import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, Final

__all__ = ["Replay"]

_BASE_LIMIT: Final = 1 << 62


class Replay:
    """Makes entries of the batches of any number of processes, in the order in which they come."""

    def __init__(self) -> None:
        self._processes: dict[tuple[Any, Any], _Process] = {}

    def copy(self) -> Replay:
        """Another one that goes on from here by itself."""
        from copy import deepcopy

        return deepcopy(self)

    def pass_over(self, meta: Mapping[str, Any], events: Sequence[Sequence[Any]]) -> None:
        """Do what ``records`` does, but for the entries: a tenth of the time.

        :raises ReadError: see ``records``.
        """
        with _telling():
            self._process(meta).pass_over(events)

    def records(self, meta: Mapping[str, Any], events: Sequence[Sequence[Any]]) -> Iterator[dict[str, Any]]:
        """The entries, as dicts, of one batch.

        :param meta: what the recording process said of itself.
        :raises ReadError: the events are not what a recording process writes.
        """
        with _telling():
            found = self._process(meta).records(events)
        yield from found

    def _process(self, meta: Mapping[str, Any]) -> _Process:
        key = meta.get("pid"), meta.get("base")
        known = self._processes.get(key)
        if known is None:
            known = self._processes[key] = _Process(meta)
        return known


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, OSError) as error:
        raise ReadError(f"an event is not as a recording process writes it: {error!r}") from error


class _Process:
    """What is open in one process, and which of its calls are kept."""

    def __init__(self, meta: Mapping[str, Any]) -> None:
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
        self.limits = Filter(rules) if any(rule.limits for rule in rules.values()) else None
        self.assembler = CountingAssembler(origin, pauses=bool(meta.get("pauses")))
        for number, name in dict(meta.get("threads") or {}).items():
            self.assembler.records.name_thread(int(number), str(name))
        self._outline = Outline(self.assembler.records, rules)

    def records(self, events: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
        """The entries of these events."""
        found: list[dict[str, Any]] = []
        now, assembler = 0, self.assembler
        for event in map(_restored, events):
            now = event[2] if len(event) > 2 and type(event[2]) is int else now
            found += assembler.close(event[1]) if event[0] == FINISHED else assembler.feed([event])
        return found if self.limits is None else self.limits.apply(found, now / 1e6)

    def pass_over(self, events: Sequence[Sequence[Any]]) -> None:
        """Do the same without giving entries."""
        if self.limits is None:
            self.assembler.count(events, lambda event: self._outlined((event,)))
        else:
            self._outlined(events)

    def _outlined(self, events: Iterable[Sequence[Any]]) -> None:
        """Make entries with no more in them than what comes after depends on."""
        whole, self.assembler.records = self.assembler.records, self._outline
        try:
            self.records(events)
        finally:
            self.assembler.records = whole


def _remote(value: Any) -> tuple[str, str] | None:
    if value is None:
        return None
    trace_id, span_id = value
    return str(trace_id), str(span_id)


def _restored(event: Sequence[Any]) -> tuple[Any, ...]:
    """JSON has no tuples: a text made at once, and the value of a closed call, were some."""
    return tuple(tuple(item) if type(item) is list else item for item in event)
