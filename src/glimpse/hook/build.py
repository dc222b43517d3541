"""Instrumented code for a module: from the cache where it can be, else rewritten and kept for the next time."""

from __future__ import annotations

import time
from types import CodeType

from glimpse.collector import Uncollected
from glimpse.hook.cache import Kept, Seen, Store, entry_key, terms_key
from glimpse.hook.compact import compact, expand
from glimpse.hook.source import Source
from glimpse.hook.status import CACHED, REFUSED, REWRITTEN, Outcome, say
from glimpse.natives import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from glimpse.hook.assertions import Assertions
    from glimpse.hook.rewrite import Plan
    from glimpse.hook.terms import Terms, TermsOf
    from glimpse.policy import Decider, TracingPolicy
    from glimpse.probe.hooks import Slot

__all__ = ["Builder"]


class Builder:
    """Turns the source of included modules into code that records calls.

    :param policy: decides which functions are traced.
    :param terms: how the modules of a policy are instrumented.
    :param store: keeps the results.
    """

    def __init__(self, policy: Decider, terms: TermsOf, store: Store) -> None:
        self.policy = policy
        self.store = store
        self.outcomes: dict[str, Outcome] = {}
        self.told: list[dict[str, str]] = []  # who wants to know the files of instrumented modules
        self._terms_of = terms
        self._owners: dict[
            tuple[int, ...], _Owners
        ] = {}  # by the identities of policies, which their hashes go through
        self._busy = System.Local()

    def code(
        self,
        module: str,
        source: Source,
        *,
        even_if_untraced: bool = True,
        assertions: Assertions | None = None,
    ) -> CodeType | None:
        """The code of a module that the policy includes; None if Python is to compile it. Says so if that has to be.

        :param module: the name that entries show.
        :param even_if_untraced: whether code is wanted that records nothing, having no function that is traced.
        :param assertions: what pytest does to the module.
        """
        filename = source.filename
        try:
            with Uncollected():
                made = self._runnable(module, source, even_if_untraced, assertions)
        except SyntaxError:
            return None  # Python is about to say so itself
        except Exception as error:  # the program imports its module whatever happens here
            self.outcomes[module] = Outcome(module, filename, REFUSED, f"{type(error).__name__}: {error}")
            say(f"{module} is not traced: {type(error).__name__}: {error}")
            return None
        if made is None:
            return None
        code, fresh = made
        self.outcomes[module] = Outcome(module, filename, REWRITTEN if fresh else CACHED)
        for files in self.told:
            files[module] = filename
        return code

    def _runnable(
        self, module: str, source: Source, even_if_untraced: bool, assertions: Assertions | None
    ) -> tuple[CodeType, bool] | None:
        """The code, and whether it had to be made; None if it is refused or not wanted."""
        filename = source.filename
        kept, fresh, owners = self._obtain(module, source, False, assertions)
        if kept.code is None:
            self.outcomes[module] = Outcome(module, filename, REFUSED, kept.refusal or "")
            if fresh:
                say(f"{module} cannot be rewritten, so it is not traced: {kept.refusal}")
            return None
        if not (even_if_untraced or kept.traced):
            return None
        code = expand(kept.code, owners.constants)
        return code if code.co_filename == filename else _moved(code, filename), fresh

    def obtain(
        self, module: str, source: Source, *, functions: bool = False, assertions: Assertions | None = None
    ) -> tuple[Kept, bool]:
        """The module's rewritten code, and whether it had to be made.

        :param functions: whether the list of its functions is wanted too.
        :param assertions: what pytest does to the module.
        :raises SyntaxError: Python cannot compile the source either.
        :raises OSError: the source cannot be read.
        """
        return self._obtain(module, source, functions, assertions)[:2]

    def _obtain(
        self, module: str, source: Source, functions: bool, assertions: Assertions | None
    ) -> tuple[Kept, bool, _Owners]:
        policies, fingerprint = self.policy.ownership(module, source.filename)
        owners = self._owners_among(policies)
        key = entry_key(owners.key, module, fingerprint if assertions is None else f"{fingerprint} {assertions.key}")
        path = self.store.path(source, key)
        kept = self.store.load(path, key, source, functions=functions) if path else None
        if kept is not None:
            return kept, False, owners
        return self._make(source, owners, self._planner(module, owners, assertions), path, key), True, owners

    def plan(self, module: str, filename: str) -> Plan:
        """What the rewriter is asked to do with the module."""
        return self._planner(module, self._owners_among(self.policy.owners_of(module, filename)))()

    def _planner(self, module: str, owners: _Owners, assertions: Assertions | None = None) -> Callable[[], Plan]:
        def plan() -> Plan:
            from glimpse.hook.rewrite import Owner, Plan

            made = {id(each): Owner(each.name, terms.mode, terms.hides) for each, terms in owners.terms}

            def owner(qualname: str) -> Owner | None:
                decision = self.policy.decide_function(module, qualname)
                return made.get(id(decision.policy)) if decision.included else None

            return Plan(module, owner, assertions.rewrite if assertions is not None else None)

        return plan

    def _make(self, source: Source, owners: _Owners, plan: Callable[[], Plan], path: str | None, key: bytes) -> Kept:
        if getattr(self._busy, "rewriting", False):
            return Kept(None, "the rewriter itself needs it")
        self._busy.rewriting = True
        try:
            read_at = time.time_ns()
            stat = source.stat()
            content = source.read()
            if b"\0" in content:  # which Python calls a ValueError before 3.11.4
                raise SyntaxError("source code cannot contain null bytes")
            kept, lasting = _rewrite(source.filename, content, plan(), owners.numbers)
        finally:
            self._busy.rewriting = False
        if path and stat and lasting:
            self.store.save(path, key, kept, Seen(content, stat, read_at))
        return kept

    def _owners_among(self, policies: Sequence[TracingPolicy]) -> _Owners:
        identities = tuple(map(id, policies))
        found = self._owners.get(identities)
        if found is None:
            found = self._owners[identities] = _Owners([(policy, self._terms_of(policy)) for policy in policies])
        return found


class _Owners:
    """What is the same for all modules whose functions belong to certain policies."""

    __slots__ = ("constants", "key", "terms")

    def __init__(self, terms: Sequence[tuple[TracingPolicy, Terms]]) -> None:
        from glimpse.probe import hooks

        self.terms = terms
        self.key = b"+".join(terms_key(each.mode, policy.name, each.redaction) for policy, each in terms)
        self.constants = _Constants([hooks.slot(each.slot) for _, each in terms])

    def numbers(self, keys: Iterable[str]) -> dict[str, int]:
        """Which of the policies owns each function, by its site's key; nothing where there is one policy only."""
        if len(self.terms) == 1:
            return {}
        names = [policy.name for policy, _ in self.terms]
        return {key: names.index(key.split(":", 5)[5]) for key in keys}


class _Constants(dict[str, object]):
    """What the names of hooks stand for, by policies' slots; see ``Compact``."""

    __slots__ = ("_slots",)

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._slots = slots

    def __missing__(self, name: str) -> object:
        bare, _, number = name.partition("@")
        return self.setdefault(name, self._slots[int(number or 0)].constant(bare))


def _rewrite(
    filename: str, content: bytes, plan: Plan, numbers: Callable[[Iterable[str]], dict[str, int]]
) -> tuple[Kept, bool]:
    """The rewritten code or the reason why there is none, and whether the same will come out the next time."""
    from glimpse.errors import RewriteError
    from glimpse.hook.rewrite import instrument

    try:
        done = instrument(content, filename, plan)
    except RewriteError as error:
        return Kept(None, str(error)), True
    except (RecursionError, MemoryError) as error:  # how deep the importing program stands decides that
        return Kept(None, f"{type(error).__name__} while rewriting"), False
    functions = [(each.qualname, each.line, each.reason) for each in done.functions]
    return Kept(compact(done.code, numbers(done.keys)), None, functions), True


def _moved(code: CodeType, filename: str) -> CodeType:
    """The code of a source that has been moved since, under its present name."""
    constants = tuple(_moved(each, filename) if isinstance(each, CodeType) else each for each in code.co_consts)
    return code.replace(co_filename=filename, co_consts=constants)
