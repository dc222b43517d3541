"""Methods whose call would be noticed, each in its own way, and what they are tried on."""

from __future__ import annotations

import functools
import inspect
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from tests.values.effects.samples import CALLS, Held, Loud

LOCK = threading.Lock()
counter = 0


def _sets_attribute(self: Any) -> str:
    self.seen = True
    return ""


def _sets_global(_: Any) -> str:
    global counter
    counter += 1
    return ""


def _sets_item(self: Any) -> str:
    self.held["x"] = 1
    return ""


def _deletes(self: Any) -> str:
    del self.held
    return ""


def _counts(self: Any) -> str:
    self.held += [1]
    return ""


def _appends(self: Any) -> str:
    return f"{self.held.append(1)}"


def _appends_by_name(self: Any) -> str:
    add = self.held.append
    return f"{add(1)}"


def _appends_later(self: Any) -> str:
    return ", ".join(map(self.held.append, [1]))  # type: ignore[arg-type]


def _takes_next(self: Any) -> str:
    return str(next(self.stream))


def _goes_through(self: Any) -> str:
    return ", ".join(str(item) for item in self.stream)


def _unpacks(self: Any) -> str:
    first, *_ = self.stream
    return str(first)


def _asks_whether_in(self: Any) -> str:
    return str(5 in self.stream)


def _lists(self: Any) -> str:
    return str([*self.stream])


def _gets_from_defaultdict(self: Any) -> str:
    return str(self.counts["a"])


def _locks(self: Any) -> str:
    with self.lock:
        return ""


def _locks_global(_: Any) -> str:
    with LOCK:
        return ""


def _acquires(self: Any) -> str:
    return str(self.lock.acquire())


def _prints(_: Any) -> str:
    print("text")  # noqa: T201
    return ""


def _calls_data(self: Any) -> str:
    return str(self.callback())


def _calls_method_of_data(self: Any) -> str:
    return str(self.loud.__repr__())


def _shows_data(self: Any) -> str:
    return f"{self.loud!r:>5}"


def _shows_data_of_data(self: Any) -> str:
    return "{0.inner.loud}".format(self)  # noqa: UP030, UP032


def _shows_by_name(self: Any) -> str:
    return "%(loud)s" % self.__dict__  # noqa: UP031


def _shows_in_container(self: Any) -> str:
    return str([(1, self.loud)])


def _shows_appended(self: Any) -> str:
    parts: list[Any] = []
    for _ in range(2):
        if parts:
            return str(parts)
        parts.append(self.loud)
    return ""


def _shows_through_function(self: Any) -> str:
    def inner(value: Any) -> str:
        return f"{value}"

    return inner(self.loud)


def _shows_through_lambda(self: Any) -> str:
    return (lambda: str(self.loud))()  # noqa: PLC3002


def _shows_through_global(self: Any) -> str:
    return helper(self.loud)


def helper(value: Any, size: int = 5) -> str:
    """What several methods use."""
    return repr(value)[:size]


def _compares(self: Any) -> str:
    return str(self.touchy == 1)


def _asks_for_truth(self: Any) -> str:
    return "a" if self.touchy else "b"


def _adds(self: Any) -> str:
    return str(self.touchy + 1)


def _measures(self: Any) -> str:
    return str(len(self.touchy))


def _sorts(self: Any) -> str:
    return str(len(sorted([self.touchy, self.touchy])))


def _hashes(self: Any) -> str:
    return str(len({self.touchy}))


def _reads_property_of_data(self: Any) -> str:
    return str(self.touchy.value)


def _asks_for_attribute(self: Any) -> str:
    return str(hasattr(self.touchy, "value"))


def _reads_class_of_data(self: Any) -> str:
    return str(isinstance(self.liar, int))


def _reads_cached(self: Any) -> str:
    return str(self.cached)


def _reads_descriptor(self: Any) -> str:
    return str(self.described)


def _reads_shadowed(self: Any) -> str:
    return str(self.method())


def _makes_coroutine(self: Any) -> str:
    return str(self.later())


def _imports(_: Any) -> str:
    import antigravity  # noqa: F401

    return ""


def _runs_text(_: Any) -> str:
    return str(eval("CALLS.append(1)"))


def _sets_by_function(self: Any) -> str:
    setattr(self, "x", 1)  # noqa: B010
    return ""


def _sets_by_object(self: Any) -> str:
    object.__setattr__(self, "x", 1)
    return ""


def _raises_kept(self: Any) -> str:
    raise self.error


def _remembers(_: Any, seen: list[int] = []) -> str:  # noqa: B006
    seen.append(1)
    return str(seen)


def closes_over() -> Callable[[Any], str]:
    """A method that counts its calls in a variable around it."""
    calls = 0

    def shown(_: Any) -> str:
        nonlocal calls
        calls += 1
        return str(calls)

    return shown


@functools.lru_cache
def cached_function(_: int) -> str:
    """A function that remembers."""
    return "cached"


def _calls_cached(_: Any) -> str:
    return cached_function(1)


class Touchy:
    """An object that notices whatever is done to it."""

    @property
    def value(self) -> int:
        """A value."""
        CALLS.append("property")
        return 1

    def _noticed(self, *_: object) -> Any:
        CALLS.append("operator")
        return 1

    __eq__ = __add__ = __bool__ = __len__ = __lt__ = _noticed  # type: ignore[assignment]

    def __hash__(self) -> int:
        return self._noticed()  # type: ignore[no-any-return]


class Liar:
    """An object that is asked for its class."""

    @property
    def __class__(self) -> type:  # type: ignore[override]
        CALLS.append("class")
        return int


class Described:
    """A descriptor that notices being read."""

    def __get__(self, instance: object, owner: type) -> str:
        CALLS.append("descriptor")
        return "described"


class Hostile:
    """Everything that the harmful methods use."""

    described = Described()

    def __init__(self) -> None:
        self.held: Any = []
        self.stream: Any = iter([1, 2, 3])
        self.counts: Any = defaultdict(int)
        self.lock = threading.Lock()
        self.callback = lambda: CALLS.append("callback")
        self.loud = Loud()
        self.inner = Held(loud=Loud())
        self.touchy = Touchy()
        self.liar = Liar()
        self.error = ValueError("kept")
        self.method = self.callback  # type: ignore[assignment]

    @functools.cached_property
    def cached(self) -> str:
        """What is made once."""
        return "cached"

    def method(self) -> str:
        """What an attribute of the instance stands before."""
        return "method"

    async def later(self) -> None:
        """What has to be awaited."""


HARMFUL = [
    function for name, function in sorted(globals().items()) if name[:1] == "_" and inspect.isfunction(function)
    and function is not closes_over
]  # fmt: skip


def state(value: Hostile) -> Any:
    """All that a harmful method could change."""
    counts, stream = dict(value.counts), value.stream.__length_hint__()
    return list(value.__dict__), list(value.held), counts, stream, value.error.__traceback__, counter, len(CALLS)
