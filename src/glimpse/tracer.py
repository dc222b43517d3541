"""The tracer: connects policy, doors, probe and writer. Nothing below knows it."""

from __future__ import annotations

import sys

from glimpse.config import Config
from glimpse.errors import ConfigError, GlimpseError, bad_value
from glimpse.natives import System
from glimpse.policy import PolicySet, TracingPolicy
from glimpse.probe import slot
from glimpse.session import Session
from glimpse.values import expect_objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import contextmanager
    from types import TracebackType
    from typing import Any, TypeVar, overload

    from typing_extensions import Unpack

    from glimpse.decorators import Door, TraceOptions
    from glimpse.hook import Activation
    from glimpse.policy import Decider
    from glimpse.writers import BaseWriter

    Decorated = TypeVar("Decorated", bound="Callable[..., Any] | property | classmethod[Any, Any, Any]")
else:
    from glimpse.light import contextmanager, overload

__all__ = ["Tracer", "current", "install", "register_writer", "trace", "uninstall"]

_lock = System.RLock()


class Tracer:
    """Records calls: while ``run`` is in force, through the import hook of ``install``, and of decorated functions.

    :param config: where entries go and what they hold; a ``Config()`` of the environment if not given.
    :param policy: what is traced; if not given, the closest ``glimpse-policy.json``.
    :param policies: several policies by name instead; the first that matches a function owns it.
    :param correlation_id: an id that every entry carries.
    :raises GlimpseError: the configuration or the policy cannot be used.
    """

    def __init__(
        self,
        config: Config | None = None,
        policy: Decider | None = None,
        *,
        policies: Mapping[str, TracingPolicy] | None = None,
        correlation_id: str | None = None,
    ) -> None:
        if policy is not None and policies is not None:
            raise GlimpseError("give either policy or policies, not both")
        self.config = config if config is not None else Config()
        self._policy: Decider | None = PolicySet(policies) if policies is not None else policy
        self._correlation_id = correlation_id
        self._session: Session | None = None
        self._files: dict[str, str] = {}
        self._activation: Activation | None = None
        self._door: Door | None = None
        self._core: Any = None
        self._runs = 0

    @property
    def policy(self) -> Decider:
        """What is traced.

        :raises PolicyNotFound: none was given and there is no policy file.
        """
        if self._policy is None:
            file = self.config.policy
            self._policy = PolicySet.from_file(file) if file is not None else PolicySet.discover()
        return self._policy

    # -- dynamic mode -----------------------------------------------------------------------------------------

    def run(self) -> Tracer:
        """Trace included functions from now on, until as many ``stop`` calls: what is called after this, in any thread.

        :raises GlimpseError: the policy, the destination or the interpreter's tracing facility cannot be had.
        """
        with _lock:
            if self._runs == 0:
                from glimpse.dynamic import start

                expect_objects()
                try:
                    self._core = start(self.policy, self._opened(), self.config)
                except BaseException:
                    self._rest()
                    raise
                _usual_door.offer(self)
            self._runs += 1
        return self

    def stop(self) -> None:
        """End what ``run`` began; with the last one, everything recorded is written."""
        with _lock:
            if self._runs:
                self._runs -= 1
                if self._runs == 0:
                    self._core.stop()
                    self._core = None
                    _usual_door.withdraw(self)
                    self._rest()

    def __enter__(self) -> Tracer:
        return self.run()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    # -- decorators -------------------------------------------------------------------------------------------

    @overload
    def trace_function(self, target: Decorated, /, **options: Unpack[TraceOptions]) -> Decorated: ...
    @overload
    def trace_function(
        self, target: None = None, /, **options: Unpack[TraceOptions]
    ) -> Callable[[Decorated], Decorated]: ...
    def trace_function(self, target: Any = None, /, **options: Any) -> Any:
        """Decorator: trace this function, method, coroutine, generator or class, whatever the policy says.

        Bare, or with options: ``args=False`` and ``result=False`` leave these out, ``redact=[...]`` names what to hide,
        ``max_field_length``, ``max_items`` and ``max_depth`` say how much of a value is shown.

        :raises GlimpseError: it cannot be traced, or an option cannot be used.
        """
        from glimpse.decorators import Door, decorate

        with _lock:
            session = self._opened()
            if self._door is None:
                self._door = Door(self.config)
                self._door.attach(self.config, session, self._policy)
        return decorate(target, self._door, options)

    def adopt(self, door: Door) -> None:
        """Record what is reported through this door."""
        with _lock:
            door.attach(self.config, self._opened(), self._policy)

    def release(self, door: Door) -> None:
        """Record it no more."""
        with _lock:
            door.detach()
            if self._session is not None:
                for each in door.slots:
                    self._session.disconnect(each)

    # -- the import hook --------------------------------------------------------------------------------------

    def install(self) -> Tracer:
        """Instrument the included modules that are imported from now on."""
        with _lock:
            if self._activation is None:
                from glimpse import hook

                owners = _owners(self.policy)
                self._connect(self._opened())
                terms = hook.terms_for(self.config, lambda policy: owners.index(policy) if policy in owners else 0)
                self._activation = hook.activate(self.policy, terms=terms, cache_dir=self.config.cache_dir)
                self._activation.tell_files(self._files)
                _usual_door.offer(self)
        return self

    def uninstall(self) -> None:
        """Undo ``install``: import plainly, write everything, record nothing. Instrumented code does nothing then."""
        with _lock:
            if self._activation is not None:
                self._activation.deactivate()
                self._activation = None
                for number in range(len(_owners(self.policy))):
                    self._opened().disconnect(slot(number))
                _usual_door.withdraw(self)
                self._rest()

    @contextmanager
    def reconfigured(self, config: Config) -> Iterator[None]:
        """Record what comes through the import hook by another configuration, as long as this lasts.

        :raises GlimpseError: the configuration cannot be used, or differs in what code is instrumented for: ``redact``,
            ``policy``, ``cache_dir``, and ``level`` where one of the two is ``ERROR``.
        """
        _check_instrumented_for(self.config, config)
        with _lock:
            usual = self._opened()
            other = self._session = Session(config, _owners(self.policy), self._correlation_id, self._files)
            if self._activation is not None:
                self._connect(other)
        try:
            yield
        finally:
            with _lock:
                other.close()
                if self._session is other:
                    self._session = usual
                if self._activation is not None:
                    self._connect(usual)

    def _connect(self, session: Session) -> None:
        """Let instrumented code report to a session."""
        for number, owner in enumerate(_owners(self.policy)):
            session.connect(slot(number), owner)

    @property
    def activation(self) -> Activation | None:
        """The import hook, while it is installed."""
        return self._activation

    # -- what was recorded ------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write everything recorded so far. Returns when it is written, or when the writer refused."""
        if self._session is not None:
            self._session.recorder.flush()

    def close(self) -> None:
        """Stop recording through every door, write everything and close the destination."""
        with _lock:
            while self._runs:
                self.stop()
            self.uninstall()
            if self._session is not None:
                self._session.close()
                self._session = None

    def stats(self) -> dict[str, Any]:
        """Counts of this process: recorded events; entries written and dropped; bytes; errors and the last of them."""
        found: dict[str, Any] = {"dest": self.config.dest, "hook": self._activation is not None}
        found["dynamic"] = self._core.name if self._core is not None else None
        if self._session is not None:
            found |= self._session.stats()
        return found

    def _opened(self) -> Session:
        if self._session is None or self._session.closed:
            owners = _owners(self._policy) if self._policy is not None else []
            self._session = Session(self.config, owners, self._correlation_id, self._files)
            if self._door is not None:
                self._door.attach(self.config, self._session, self._policy)
        return self._session

    def _rest(self) -> None:
        """Nothing is traced any more but decorated functions: everything is on disk when this returns."""
        if self._session is not None:
            if self._activation is None and self._runs == 0 and not self._session.slots:
                self._session.close()
                self._session = None
            else:
                self._session.recorder.flush()


def _check_instrumented_for(usual: Config, other: Config) -> None:
    """Refuse a configuration that instrumented code cannot follow."""
    for name in ("level", "redact", "policy", "cache_dir"):
        now, wanted = getattr(usual, name), getattr(other, name)
        if now != wanted and (name != "level" or "ERROR" in (now, wanted)):
            raise ConfigError(bad_value(name, wanted, f"{now!r}, for which code is instrumented"))


def _owners(policy: Decider) -> list[TracingPolicy]:
    return list(policy.policies())


def register_writer(name: str, cls: type[BaseWriter]) -> None:
    """Let ``dest=name`` mean this class, with the keys of ``params`` that it declares.

    :raises ConfigError: the name has a comma or a dot in it, or the class is not a writer.
    """
    from glimpse.config import register_dest
    from glimpse.writers import register_writer as register

    register(name, cls)
    register_dest(name, [option.name for option in cls.options] or None)


_installed: list[Tracer] = []


def install(
    policy: Decider | None = None,
    config: Config | None = None,
    *,
    policies: Mapping[str, TracingPolicy] | None = None,
    correlation_id: str | None = None,
) -> Tracer:
    """Trace the included packages by the import hook, from now on and in this process.

    Once is enough: while a tracer is installed, it is returned and the arguments are not looked at.

    :raises GlimpseError: the policy, the configuration or the destination cannot be used.
    """
    with _lock:
        if _installed and _installed[-1].activation is not None:
            return _installed[-1]
        tracer = Tracer(config, policy, policies=policies, correlation_id=correlation_id).install()
        _installed[:] = [tracer]
        return tracer


def uninstall() -> None:
    """Undo ``install``. Nothing happens if nothing is installed."""
    with _lock:
        for tracer in _installed:
            tracer.uninstall()
        _installed.clear()


def current() -> Tracer | None:
    """The installed tracer, if there is one."""
    return _installed[-1] if _installed else None


class _UsualDoor:
    """Where functions decorated with ``glimpse.trace`` report: to the installed tracer, else to one that runs.

    In a program that makes neither, the first call of such a function makes a tracer, configured by the environment.
    """

    def __init__(self) -> None:
        self._door: Door | None = None
        self._tracers: list[Tracer] = []
        self._attached: Tracer | None = None
        self._seen = False

    def door(self) -> Door:
        """The door itself, made when it is first used."""
        from glimpse.decorators import Door

        with _lock:
            if self._door is None:
                config = self._tracers[-1].config if self._tracers else Config()
                self._door = Door(config, None if self._seen else self._wake)
                self._settle()
        return self._door

    def offer(self, tracer: Tracer) -> None:
        """A tracer begins to record."""
        self._seen = True
        self._tracers.append(tracer)
        self._settle()

    def withdraw(self, tracer: Tracer) -> None:
        """It has ended one of the ways in which it recorded."""
        if tracer in self._tracers:
            self._tracers.remove(tracer)
        self._settle()

    def _settle(self) -> None:
        installed = [each for each in self._tracers if each.activation is not None]
        best = next(reversed(installed or self._tracers), None)
        if self._door is None or best is self._attached:
            return
        if self._attached is not None:
            self._attached.release(self._door)
        self._attached = best
        if best is not None:
            best.adopt(self._door)

    def _wake(self) -> None:
        with _lock:
            if self._door is not None and self._door.waiting:
                self._door.waiting.clear()
                try:
                    self._attached = Tracer(self._door.config)
                    self._attached.adopt(self._door)
                except Exception as error:  # in the middle of the program, which must not end by that
                    if sys.stderr is not None:
                        sys.stderr.write(f"glimpse: functions decorated with trace are not recorded: {error}\n")


_usual_door = _UsualDoor()


@overload
def trace(target: Decorated, /, **options: Unpack[TraceOptions]) -> Decorated: ...
@overload
def trace(target: None = None, /, **options: Unpack[TraceOptions]) -> Callable[[Decorated], Decorated]: ...
def trace(target: Any = None, /, **options: Any) -> Any:
    """Decorator: trace this function, method, coroutine, generator or class by the installed tracer.

    Without an installed tracer by one that runs, and without that by one of the environment's configuration. Options
    are those of ``Tracer.trace_function``.
    """
    from glimpse.decorators import decorate

    return decorate(target, _usual_door.door(), options)


# Whoever asks for a tracer is to find the one that the environment has asked for.
waiting: Any = sys.modules.get("glimpse.hook.waiting")
if waiting is not None:
    waiting.end_waiting()
