"""Instrumented code for a module: from the cache where it can be, else rewritten and kept for the next time."""

from __future__ import annotations

import threading
import time
from types import CodeType
from typing import TYPE_CHECKING

from glimpse.hook.cache import Kept, Seen, Store, entry_key
from glimpse.hook.source import Source
from glimpse.hook.status import CACHED, REFUSED, REWRITTEN, Outcome, say

if TYPE_CHECKING:
    from glimpse.hook.rewrite import Plan
    from glimpse.hook.terms import TermsOf
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
        self._terms = terms
        self._busy = threading.local()

    def code(
        self, module: str, source: Source, decision: Decision, *, even_if_untraced: bool = True
    ) -> CodeType | None:
        """The module's instrumented code; None if Python is to compile it. Says so if it cannot be rewritten.

        :param module: the name that entries show.
        :param decision: what the policy decided on the module: that it is included.
        :param even_if_untraced: whether code is wanted that records nothing, having no function that is traced.
        """
        try:
            kept, fresh = self.obtain(module, source, decision)
            if kept.code is None:
                self._note(module, source, REFUSED, kept.refusal or "")
                if fresh:
                    say(f"{module} cannot be rewritten, so it is not traced: {kept.refusal}")
                return None
            if not (kept.traced or even_if_untraced):
                return None
            code = self._ready(kept.code, source.filename, decision)
        except SyntaxError:
            return None  # Python is about to say so itself
        except Exception as error:  # the program imports its module whatever happens here
            self._note(module, source, REFUSED, f"{type(error).__name__}: {error}")
            say(f"{module} is not traced: {type(error).__name__}: {error}")
            return None
        self._note(module, source, REWRITTEN if fresh else CACHED)
        return code

    def obtain(self, module: str, source: Source, decision: Decision, *, functions: bool = False) -> tuple[Kept, bool]:
        """The module's rewritten code, and whether it had to be made.

        :param functions: whether the list of its functions is wanted too.
        :raises SyntaxError: Python cannot compile the source either.
        :raises OSError: the source cannot be read.
        """
        owner = decision.policy
        assert owner is not None
        terms = self._terms(owner)
        key = entry_key(
            module, terms.mode, owner.name, terms.redaction, self.policy.fingerprint(module, source.filename)
        )
        path = self.store.path(source, key)
        kept = self.store.load(path, key, source, functions=functions) if path else None
        if kept is not None:
            return kept, False
        return self._make(module, owner, source, path, key), True

    def plan(self, module: str, decision: Decision) -> Plan:
        """What the rewriter is asked to do with the module."""
        assert decision.policy is not None
        return self._plan(module, decision.policy)

    def _plan(self, module: str, owner: TracingPolicy) -> Plan:
        from glimpse.hook.rewrite import Plan

        terms = self._terms(owner)

        def wants(qualname: str) -> bool:
            decision = self.policy.decide_function(module, qualname)
            return decision.included and decision.policy is owner

        return Plan(module, terms.mode, owner.name, wants, terms.hides)

    def _make(self, module: str, owner: TracingPolicy, source: Source, path: str | None, key: bytes) -> Kept:
        if getattr(self._busy, "rewriting", False):
            return Kept(None, "the rewriter itself needs it")
        self._busy.rewriting = True
        try:
            read_at = time.time_ns()
            stat = source.stat()
            content = source.read()
            kept, lasting = _rewrite(source.filename, content, self._plan(module, owner))
        finally:
            self._busy.rewriting = False
        if path and stat and lasting:
            self.store.save(path, key, kept, Seen(content, stat, read_at))
        return kept

    def _ready(self, code: CodeType, filename: str, decision: Decision) -> CodeType:
        from glimpse.hook.bind import bind

        assert decision.policy is not None
        if code.co_filename != filename:
            code = _moved(code, filename)
        bound: CodeType = bind(code, self._terms(decision.policy).slot)
        return bound

    def _note(self, module: str, source: Source, state: str, reason: str = "") -> None:
        self.outcomes[module] = Outcome(module, source.filename, state, reason)


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
    return Kept(done.code, None, functions, any(reason is None for *_, reason in functions)), True


def _moved(code: CodeType, filename: str) -> CodeType:
    """The code of a source that has been moved since, under its present name."""
    constants = tuple(_moved(each, filename) if isinstance(each, CodeType) else each for each in code.co_consts)
    return code.replace(co_filename=filename, co_consts=constants)
