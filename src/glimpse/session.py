"""One recording: writer, recorder and probe put together from a configuration, through forks and to the end."""

from __future__ import annotations

import os
import sys
from _contextvars import ContextVar

from glimpse.assembly import Origin, Rule, wall_base
from glimpse.config import Config
from glimpse.context import TraceContext, TraceParent, check_correlation_id
from glimpse.encoder import JSON
from glimpse.parsers import Redaction
from glimpse.policy import TracingPolicy
from glimpse.probe import Probe, Recorder, Slot, sink_for
from glimpse.process import at_exit, at_forks, is_forked, not_at_exit
from glimpse.values import Limits, Redactor, Renderer, expect_objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType
    from typing import Any, Final, Protocol
else:
    from glimpse.light import Protocol

__all__ = ["Session", "renderer_for"]

_LIMITS: Final = ("max_field_length", "max_items", "max_depth")


class Showing(Protocol):
    """What says how values are shown: a configuration, a policy, the options of a decorator. None is not to say."""

    @property
    def redact(self) -> Sequence[Redaction]:
        """Names whose values are hidden, and other rules."""

    @property
    def max_field_length(self) -> int | None:
        """Characters of one value's text."""

    @property
    def max_items(self) -> int | None:
        """Items of one container."""

    @property
    def max_depth(self) -> int | None:
        """Containers within containers."""


def renderer_for(config: Config, *showing: Showing) -> Renderer:
    """How values are shown under a configuration, in functions of which these say more: the last has the last word."""
    names = [rule for each in (config, *showing) for rule in each.redact]
    limits = {
        name: next(filter(None, (getattr(each, name) for each in (*reversed(showing), config)))) for name in _LIMITS
    }
    defers = limits["max_field_length"] == config.max_field_length
    return Renderer(Limits(**limits), Redactor(names), defers=defers)


def _nothing() -> None: ...


class Session:
    """Opens the destination and records until it is closed: by ``close``, or at interpreter exit.

    :param files: the file of each traced module, which the doors go on telling.
    :raises ConfigError, WriterError: the destination cannot be opened.
    """

    def __init__(
        self,
        config: Config,
        policies: Sequence[TracingPolicy] = (),
        correlation_id: str | None = None,
        files: dict[str, str] | None = None,
    ) -> None:
        self.config = config
        given = correlation_id if correlation_id is not None else config.correlation_id
        self.correlation_id = None if given is None else check_correlation_id(given)
        self.files: dict[str, str] = files if files is not None else {}
        self.values = renderer_for(config)
        self._slots: list[Slot] = []
        self._unwatch: Callable[[], None] = _nothing
        self._forked_in: TraceParent | None = None
        self._caller = self._begin_propagation().remote
        writer = _opened_writer(config)
        self._limited = any(policy.trace_depth is not None or policy.sample_rate < 1 for policy in policies)
        rules = {policy.name: Rule(policy.trace_depth, policy.min_duration_ms) for policy in policies}
        levels = {policy.name: policy.level_in(config.level) for policy in policies}
        self._detailed = {} if set(levels.values()) <= {config.level} else {"": config.level == "DEBUG"}
        self._detailed |= {name: level == "DEBUG" for name, level in levels.items() if self._detailed}
        pauses = config.level == "DEBUG" or any(self._detailed.values())
        sink = sink_for(writer, self._origin(), rules, pauses=pauses)
        self.recorder = Recorder(
            sink,
            flush_interval=config.flush_interval,
            buffer_size=config.buffer_size,
            overflow=config.overflow,
            background=writer.waits or config.overflow == "drop",
        )
        self.probe = Probe(
            self.recorder,
            self.values,
            pauses=pauses,
            correlation_id=self.correlation_id,
            with_ids=config.enable_trace_id,
        )
        if config.enable_trace_id:
            from glimpse.outgoing import when_imported

            self._unwatch = when_imported("opentelemetry.context", self._follow_opentelemetry)
        self._watch_the_end()

    def _watch_the_end(self) -> None:
        """Be told of forks and of the program's end."""
        _living[id(self)] = self
        _watch_forks()
        if self.config.flush_on_sigterm:
            from glimpse.probe import sigterm

            sigterm.finish_first(self.close, self.recorder.when_idle)
        at_exit(self.close)
        _end_with_worker(self)

    def _origin(self) -> Origin:
        return Origin(
            pid=os.getpid(),
            base=wall_base(),
            atom_text=self.values.atom_text,
            service=self.config.service if self.config.enable_trace_id else None,
            correlation_id=self.correlation_id,
            with_lines=self.config.level == "DEBUG",
            detailed=self._detailed,
            trace_ids=self.config.enable_trace_id,
            files=self.files,
            remote=None if self._caller is None else self._caller[:2],
        )

    def _begin_propagation(self) -> TraceContext:
        if not self.config.propagate:
            return TraceContext()
        from glimpse.outgoing import PROPAGATION, adopt_environment

        PROPAGATION.begin()
        return adopt_environment()

    def _follow_opentelemetry(self, module: ModuleType) -> None:
        """Calls without a parent of their own are made by the span that OpenTelemetry has as the current one."""
        from glimpse.context import parent_in

        variable = getattr(getattr(module, "_RUNTIME_CONTEXT", None), "_current_context", None)
        if isinstance(variable, ContextVar):
            self.probe.coroutines.follow(variable, parent_in)
            for slot in self._slots:
                slot.rebind(context=self.probe.coroutines.current)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots that are connected."""
        return tuple(self._slots)

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self.recorder.closed

    @property
    def destination(self) -> str:
        """Where entries go: what two sessions that write to the same place have in common."""
        return f"{self.config.dest} {sorted(self.config.params.items(), key=str)}"

    def connect(
        self,
        slot: Slot,
        policy: TracingPolicy | None = None,
        replaced: Mapping[str, Any] | None = None,
        *,
        errors_only: bool = False,
    ) -> None:
        """Record what the functions of this slot report, with the redaction of this policy.

        :param replaced: what the functions are to use instead of what the probe gives them.
        :param errors_only: of all that they report, only the exceptions.
        """
        self._connect(slot, (policy,) if policy is not None else (), policy, replaced, errors_only=errors_only)

    def _connect(
        self,
        slot: Slot,
        showing: Sequence[Showing],
        policy: TracingPolicy | None = None,
        replaced: Mapping[str, Any] | None = None,
        *,
        errors_only: bool = False,
    ) -> None:
        says = [each for each in showing if each.redact or any(getattr(each, name) for name in _LIMITS)]
        namespace = self.probe.namespace(renderer_for(self.config, *says) if says else None)
        if self._limited:
            depth, rate = (policy.trace_depth, policy.sample_rate) if policy is not None else (None, 1.0)
            namespace |= self.probe.limited(depth, rate)
        namespace |= {"destination": self.destination, **(replaced or {})}
        slot.connect(namespace, errors_only=errors_only)
        if slot not in self._slots:
            self._slots.append(slot)

    def connect_decorated(self, slot: Slot, showing: Showing, owner: TracingPolicy | None = None) -> None:
        """Record what functions report that are traced whatever depth and sampling a policy has.

        :param showing: how their values are shown, beyond what the configuration and the policy say.
        :param owner: the policy that includes them, if one does.
        """
        expect_objects()
        self._connect(slot, (showing,) if owner is None else (owner, showing))

    def disconnect(self, slot: Slot) -> None:
        """Record no more of what this slot's functions report."""
        if slot in self._slots:
            self._slots.remove(slot)
            slot.disconnect()

    def stats(self) -> dict[str, Any]:
        """What was recorded, written, dropped; see ``Tracer.stats``."""
        recorder, writer = self.recorder, self.recorder.sink.writer
        found: dict[str, Any] = {**recorder.counts, "waiting": recorder.waiting, "last_error": recorder.last_error}
        found["dropped"] += writer.dropped
        return found | {"trouble": writer.trouble}

    def close(self) -> None:
        """Disconnect everything, write everything, close the writer. Once is enough."""
        for slot in self._slots:
            slot.disconnect()
        self._slots.clear()
        self.probe.finish()
        self._unwatch()
        if self.config.propagate and not self.closed:
            from glimpse.outgoing import PROPAGATION

            PROPAGATION.end()
        self.recorder.close()
        self.probe.close()
        not_at_exit(self.close)
        if self.config.flush_on_sigterm:
            from glimpse.probe import sigterm

            sigterm.leave(self.close)
        _living.pop(id(self), None)

    def before_fork(self) -> None:
        """In the parent: know which call makes the child."""
        if self.config.propagate:
            from glimpse.context import here

            self._forked_in = here()
        self.recorder.before_fork()

    def after_fork_in_parent(self) -> None:
        """Go on as before."""
        self.recorder.after_fork_in_parent()
        self.probe.after_fork_in_parent()

    def after_fork_in_child(self) -> None:
        """Go on as a process of its own."""
        forked_in, self._forked_in = self._forked_in, None
        self._caller = forked_in or self._caller
        self.recorder.after_fork_in_child(self._origin())
        self.probe.forget_threads(forked_in)
        util: Any = sys.modules.get("multiprocessing.util")
        if util is not None:  # a multiprocessing child ends by os._exit, after its own exit functions
            util.register_after_fork(self, _finalize_with_process)


def _opened_writer(config: Config) -> Any:
    """The destination, with the encoder that it needs."""
    from glimpse.writers.registry import open_writer

    writer = open_writer(config)
    if hasattr(writer, "write_lines") or hasattr(writer, "write_events"):
        JSON.load_if_cheap()
    else:
        JSON.load()
    return writer


_living: Final[dict[int, Session]] = {}
_watching: list[bool] = []


def _finalize_with_process(session: Session) -> None:
    from multiprocessing import util

    util.Finalize(None, session.close, exitpriority=-100)
    if session.config.flush_on_sigterm:
        from glimpse.probe import sigterm

        sigterm.in_worker()


def _end_with_worker(session: Session) -> None:
    """End with a worker of ``multiprocessing``, if recording begins in one: it ends by os._exit."""
    process: Any = sys.modules.get("multiprocessing.process")
    if process is None or not is_forked():
        return
    if getattr(process.current_process(), "_inheriting", False):  # it is being prepared by the fork server
        from multiprocessing import util

        util.register_after_fork(session, _finalize_with_process)
    elif process.parent_process() is not None:
        _finalize_with_process(session)


def _watch_forks() -> None:
    if not _watching:
        _watching.append(True)
        at_forks(before=_before_fork, in_parent=_after_fork, in_child=_after_fork_in_child)


def _before_fork() -> None:
    _each(Session.before_fork)
    if (sigterm := sys.modules.get("glimpse.probe.sigterm")) is not None:
        sigterm.before_fork()


def _after_fork() -> None:
    _each(Session.after_fork_in_parent)
    if (sigterm := sys.modules.get("glimpse.probe.sigterm")) is not None:
        sigterm.after_fork_in_parent()


def _after_fork_in_child() -> None:
    _each(Session.after_fork_in_child)
    if (sigterm := sys.modules.get("glimpse.probe.sigterm")) is not None:
        sigterm.after_fork_in_child()


def _each(do: Callable[[Session], None]) -> None:
    for session in list(_living.values()):
        if not session.closed:
            do(session)
