"""The record: what one traced event looks like to writers and readers, and the site that it came from."""

from __future__ import annotations

from _operator import attrgetter  # without the module around it, which a start can do without

TYPE_CHECKING = False
if not TYPE_CHECKING:
    from glimpse.light import NamedTuple, fields, record
else:  # what is read last is what the reference shows
    from collections.abc import Iterator, Mapping
    from dataclasses import dataclass as record
    from dataclasses import fields
    from typing import Any, Final, NamedTuple

__all__ = ["FIELDS", "STAGES", "LogEntry", "Param", "Site"]

STAGES: Final = ("START", "END", "EXCEPTION", "SUSPEND", "RESUME")
"""Every value of ``LogEntry.stage``."""


@record(slots=True)
class LogEntry:
    """One traced event. Fields that are ``None`` are absent from the output, except those that are always there.

    ``entry_id``, ``call_id`` and ``parent_id`` count from 1 in each process, in the order of emission; a call is
    identified across processes by ``(pid, call_id)``. ``duration_ms`` and ``active_ms`` are milliseconds of a
    monotonic clock; ``timestamp`` is UTC, ``YYYY-MM-DD HH:MM:SS.ffffff``.
    """

    entry_id: int
    call_id: int
    parent_id: int | None
    depth: int
    level: str
    function: str
    args: str
    stage: str
    timestamp: str
    thread: str
    pid: int
    task: str | None = None
    result: str | None = None
    closed: bool | None = None
    exception: dict[str, Any] | None = None
    duration_ms: float | None = None
    active_ms: float | None = None
    yields: int | None = None
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    service: str | None = None
    correlation_id: str | None = None
    policy: str | None = None
    file: str | None = None
    line: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The entry as an ordered mapping, ready for JSON: optional fields only where they have a value."""
        out: dict[str, Any] = {
            "entry_id": self.entry_id,
            "call_id": self.call_id,
            "parent_id": self.parent_id,
            "depth": self.depth,
            "level": self.level,
            "function": self.function,
            "args": self.args,
            "stage": self.stage,
            "timestamp": self.timestamp,
            "thread": self.thread,
            "pid": self.pid,
        }
        return out | {name: value for name, value in zip(_OPTIONAL, _optional(self), strict=True) if value is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LogEntry:
        """The entry that ``to_dict`` gave. Unknown keys are ignored, so newer files can be read.

        :raises KeyError: a field that every entry has is missing.
        """
        known = {name: data[name] for name in FIELDS if name in data}
        for name in _ALWAYS:
            if name not in known:
                raise KeyError(name)
        return cls(**known)


FIELDS: Final = tuple(field.name for field in fields(LogEntry))
"""Names of the record's fields, in their order of output."""

_ALWAYS: Final = frozenset(FIELDS[: FIELDS.index("task")])
_OPTIONAL: Final = FIELDS[FIELDS.index("task") :]
_optional: Final = attrgetter(*_OPTIONAL)


class Param(NamedTuple):
    """One parameter of a traced function, as the site's key spells it."""

    name: str
    prefix: str = ""  # "", "*" or "**"
    hidden: bool = False  # redacted by its name: the value is never captured
    receiver: bool = False  # self or cls: shown as its class


@record(slots=True, frozen=True)
class Site:
    """A function that can be traced, rebuilt from the key that travels in every event.

    The key is self-describing text, ``module:qualname:line:kind:parameters:policy``, so an event needs no registry
    to be understood: it survives pickling of the code that carries it, and a journal needs no separate table.
    ``kind`` is ``f`` (plain), ``g`` (generator), ``c`` (coroutine) or ``a`` (async generator). A parameter is its
    name, preceded by ``!`` if hidden, ``@`` if it is the receiver, and ``*`` or ``**`` where it collects.
    """

    module: str
    qualname: str
    line: int
    kind: str
    params: tuple[Param, ...]
    policy: str

    @property
    def function(self) -> str:
        """The dotted name that entries show."""
        return f"{self.module}.{self.qualname}"

    @property
    def name(self) -> str:
        """The last part of the qualified name: what ``args`` begins with."""
        return self.qualname.rpartition(".")[2]

    @property
    def key(self) -> str:
        """The text from which ``parse`` makes an equal site."""
        params = ",".join(_spell(param) for param in self.params)
        return f"{self.module}:{self.qualname}:{self.line}:{self.kind}:{params}:{self.policy}"

    @classmethod
    def parse(cls, key: str) -> Site:
        """The site of a key.

        :raises ValueError: the text is not a site's key.
        """
        module, qualname, line, kind, params, policy = key.split(":", 5)
        return cls(module, qualname, int(line), kind, tuple(_params(params)), policy)


def _spell(param: Param) -> str:
    return ("!" if param.hidden else "") + ("@" if param.receiver else "") + param.prefix + param.name


def _params(text: str) -> Iterator[Param]:
    for word in text.split(",") if text else ():
        bare = word.lstrip("!@*")
        marks = word[: len(word) - len(bare)]
        yield Param(bare, "*" * marks.count("*"), "!" in marks, "@" in marks)
