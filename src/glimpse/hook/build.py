"""Instrumented code for a module: from the cache where it can be, else rewritten and kept for the next time."""

from __future__ import annotations

import threading
import time
from types import CodeType
from typing import TYPE_CHECKING

from glimpse.hook.cache import Kept, Seen, Store, entry_key, terms_key
from glimpse.hook.compact import compact, expand
from glimpse.hook.source import Source
from glimpse.hook.status import CACHED, REFUSED, REWRITTEN, Outcome, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from glimpse.hook.rewrite import Plan
    from glimpse.hook.terms import Terms, TermsOf
    from glimpse.policy import Decider, Decision, TracingPolicy

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
        self._terms_of = terms
        self._owners: dict[int, _Owner] = {}
        self._busy = threading.local()

    def code(
        self, module: str, source: Source, decision: Decision, *, even_if_untraced: bool = True
    ) -> CodeType | None:
        """The module's instrumented code; None if Python is to compile it. Says so if it cannot be rewritten.

        :param module: the name that entries show.
        :param decision: what the policy decided on the module: that it is included.
        :param even_if_untraced: whether code is wanted that records nothing, having no function that is traced.
        """
        filename = source.filename
        try:
            kept, fresh = self.obtain(module, source, decision)
            if kept.code is None:
                self.outcomes[module] = Outcome(module, filename, REFUSED, kept.refusal or "")
                if fresh:
                    say(f"{module} cannot be rewritten, so it is not traced: {kept.refusal}")
                return None
            if not (even_if_untraced or kept.traced):
                return None
            code = expand(kept.code, self._owner(decision).function)
            if code.co_filename != filename:
                code = _moved(code, filename)
        except SyntaxError:
            return None  # Python is about to say so itself
        except Exception as error:  # the program imports its module whatever happens here
            self.outcomes[module] = Outcome(module, filename, REFUSED, f"{type(error).__name__}: {error}")
            say(f"{module} is not traced: {type(error).__name__}: {error}")
            return None
        self.outcomes[module] = Outcome(module, filename, REWRITTEN if fresh else CACHED)
        return code

    def obtain(self, module: str, source: Source, decision: Decision, *, functions: bool = False) -> tuple[Kept, bool]:
        """The module's rewritten code, and whether it had to be made.

        :param functions: whether the list of its functions is wanted too.
        :raises SyntaxError: Python cannot compile the source either.
        :raises OSError: the source cannot be read.
        """
        owner = self._owner(decision)
        key = entry_key(owner.key, module, self.policy.fingerprint(module, source.filename))
        path = self.store.path(source, key)
        kept = self.store.load(path, key, source, functions=functions) if path else None
        if kept is not None:
            return kept, False
        return self._make(source, self._planner(module, owner), path, key), True

    def plan(self, module: str, decision: Decision) -> Plan:
        """What the rewriter is asked to do with the module."""
        return self._planner(module, self._owner(decision))()

    def _planner(self, module: str, owner: _Owner) -> Callable[[], Plan]:
        def wants(qualname: str) -> bool:
            decision = self.policy.decide_function(module, qualname)
            return decision.included and decision.policy is owner.policy

        def plan() -> Plan:
            from glimpse.hook.rewrite import Plan

            return Plan(module, owner.terms.mode, owner.policy.name, wants, owner.terms.hides)

        return plan

    def _make(self, source: Source, plan: Callable[[], Plan], path: str | None, key: bytes) -> Kept:
        if getattr(self._busy, "rewriting", False):
            return Kept(None, "the rewriter itself needs it")
        self._busy.rewriting = True
        try:
            read_at = time.time_ns()
            stat = source.stat()
            content = source.read()
            if b"\0" in content:  # which Python calls a ValueError before 3.11.4
                raise SyntaxError("source code cannot contain null bytes")
            kept, lasting = _rewrite(source.filename, content, plan())
        finally:
            self._busy.rewriting = False
        if path and stat and lasting:
            self.store.save(path, key, kept, Seen(content, stat, read_at))
        return kept

    def _owner(self, decision: Decision) -> _Owner:
        policy = decision.policy
        found = self._owners.get(id(policy))
        if found is None:
            assert policy is not None
            found = self._owners[id(policy)] = _Owner(policy, self._terms_of(policy))
        return found


class _Owner:
    """What is the same for all modules that one policy owns."""

    __slots__ = ("function", "key", "policy", "terms")

    def __init__(self, policy: TracingPolicy, terms: Terms) -> None:
        from glimpse.probe import hooks

        self.policy = policy
        self.terms = terms
        self.key = terms_key(terms.mode, policy.name, terms.redaction)
        self.function = hooks.slot(terms.slot).function


def _rewrite(filename: str, content: bytes, plan: Plan) -> tuple[Kept, bool]:
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
    return Kept(compact(done.code), None, functions), True


def _moved(code: CodeType, filename: str) -> CodeType:
    """The code of a source that has been moved since, under its present name."""
    constants = tuple(_moved(each, filename) if isinstance(each, CodeType) else each for each in code.co_consts)
    return code.replace(co_filename=filename, co_consts=constants)
