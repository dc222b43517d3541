"""The tracer: connects policy, doors, probe and writer. Nothing below knows it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from glimpse.config import Config
from glimpse.errors import GlimpseError
from glimpse.policy import PolicySet, TracingPolicy
from glimpse.probe import Slot, slot
from glimpse.session import Session

if TYPE_CHECKING:
    from glimpse.hook import Activation
    from glimpse.policy import Decider

__all__ = ["Tracer", "current", "install", "uninstall"]

Decorated = TypeVar("Decorated")
_lock = threading.RLock()


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
        self._activation: Activation | None = None
        self._decorators = Slot(0)
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

                self._core = start(self.policy, self._opened(), self.config)
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
                    self._rest()

    def __enter__(self) -> Tracer:
        return self.run()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    # -- decorators -------------------------------------------------------------------------------------------

    def trace_function(self, target: Any = None, /, **options: Any) -> Any:
        """Decorator: trace this function, method, coroutine, generator or class, whatever the policy says."""
        from glimpse.decorators import decorate

        return decorate(target, self._decorator_slot, options)

    def _decorator_slot(self) -> Slot:
        with _lock:
            self._opened().connect(self._decorators)
        return self._decorators

    # -- the import hook --------------------------------------------------------------------------------------

    def install(self) -> Tracer:
        """Instrument the included modules that are imported from now on."""
        with _lock:
            if self._activation is None:
                from glimpse import hook

                session = self._opened()
                owners = _owners(self.policy)
                for number, owner in enumerate(owners):
                    session.connect(slot(number), owner)
                terms = hook.terms_for(self.config, lambda policy: owners.index(policy) if policy in owners else 0)
                self._activation = hook.activate(self.policy, terms=terms, cache_dir=self.config.cache_dir)
        return self

    def uninstall(self) -> None:
        """Undo ``install``: import plainly, write everything, record nothing. Instrumented code does nothing then."""
        with _lock:
            if self._activation is not None:
                self._activation.deactivate()
                self._activation = None
                for number in range(len(_owners(self.policy))):
                    self._opened().disconnect(slot(number))
                self._rest()

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
            self._session = Session(self.config, owners, self._correlation_id)
        return self._session

    def _rest(self) -> None:
        """Nothing is traced any more but decorated functions: everything is on disk when this returns."""
        if self._session is not None:
            if self._activation is None and self._runs == 0 and not self._session.slots:
                self._session.close()
                self._session = None
            else:
                self._session.recorder.flush()


def _owners(policy: Decider) -> list[TracingPolicy]:
    return list(policy.policies())


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
