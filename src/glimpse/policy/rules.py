"""The rules of one policy, made ready to answer: what it includes, and by which rule."""

from __future__ import annotations

import sys

from glimpse.keeping import content_hash
from glimpse.parsers import names_among
from glimpse.policy.functions import FunctionPatterns
from glimpse.policy.patterns import PatternSet
from glimpse.policy.places import dotted_place, is_session, may_shadow_stdlib

TYPE_CHECKING = False
if not TYPE_CHECKING:
    from glimpse.light import cached_property, record
else:  # what is read last is what the reference shows
    from collections.abc import Sequence
    from dataclasses import dataclass as record
    from functools import cached_property

    from glimpse.policy.model import TracingPolicy

__all__ = ["Decision", "Rules"]


@record(frozen=True, slots=True)
class Decision:
    """Whether something is traced, and why. True where it is.

    ``rule`` is the key and pattern that decided (``included_packages: 'myapp'``), None where none matched;
    ``policy`` is the policy that decided, None where it was none.
    """

    included: bool
    reason: str
    rule: str | None = None
    policy: TracingPolicy | None = None

    @property
    def owner(self) -> TracingPolicy | None:
        """The policy that includes it; None where it is not included."""
        return self.policy if self.included else None

    def __bool__(self) -> bool:
        return self.included

    def __str__(self) -> str:
        return f"{'traced' if self.included else 'not traced'}: {self.reason}"


class Rules:
    """The compiled patterns of one policy. Keeps no decisions: that is up to those who ask."""

    def __init__(self, policy: TracingPolicy) -> None:
        below = policy.auto_trace_subpackages
        self.policy = policy
        self._included = PatternSet(policy.included_packages, below=below)
        self._excluded = PatternSet(policy.excluded_packages, below=below)
        self._placed = PatternSet(policy.project_root_packages, below=below)
        self._functions = FunctionPatterns(policy.included_functions)
        self._no_functions = FunctionPatterns(policy.excluded_functions)
        self._excludes = bool(self._excluded)
        self._names_functions = bool(self._functions or self._no_functions)
        self._by_name_only = not (self._placed or self._functions)

    @property
    def can_include(self) -> bool:
        """Whether there is any pattern that takes something in."""
        return bool(self._included or self._placed or self._functions)

    @property
    def same_for_all(self) -> bool:
        """Whether all modules that it includes are asked the same, and the name alone tells which these are."""
        return self._by_name_only and not self._names_functions

    def may_include(self, module: str) -> bool:
        """False only where the name alone rules the module out, wherever its file is."""
        if self._excludes and self._excluded.find(module) is not None:
            return False
        if self._included.find(module) is not None:
            return True
        if self._by_name_only:
            return False
        if self._functions.brings_in(module) is not None:
            return True
        if not self._placed:
            return False
        top_level = module.partition(".")[0]
        return top_level not in sys.stdlib_module_names or may_shadow_stdlib(top_level, self.root)

    @property
    def root(self) -> str:
        """The folder that ``project_root_packages`` count from."""
        return str(self.policy.root)

    def decide_module(self, names: Sequence[str], file: str | None) -> Decision:
        """Whether the module that is known under these names is included."""
        place = None if self._by_name_only else self._place(file)
        for name in _known_as(names, place) if self._excludes else ():
            if (pattern := self._excluded.find(name)) is not None:
                return self._decision(False, "excluded_packages", pattern, name)
        for name in names:
            if (pattern := self._included.find(name)) is not None:
                decision = self._decision(True, "included_packages", pattern, name)
                return decision if self._by_name_only else self._unless_no_function(names, decision)
        if place is not None and (pattern := self._placed.find(place)) is not None:
            return self._unless_no_function(
                (*names, place), self._decision(True, "project_root_packages", pattern, place)
            )
        for name in names:
            if (pattern := self._functions.brings_in(name)) is not None:
                return self._decision(True, "included_functions", pattern, name)
        if len(names) == 1 and is_session(names[0], file) and self.can_include and not self._functions:
            reason = "typed into the interpreter: it has no name that a pattern could mean"
            return Decision(True, reason, None, self.policy)
        return Decision(False, self._no_match(names[0], file), None, None)

    def decide_function(self, names: Sequence[str], qualname: str, file: str | None, module: Decision) -> Decision:
        """Whether a function is included, given what was decided on its module."""
        if not module.included or not self._names_functions:
            return module
        known_as = _known_as(names, self._place(file))
        function = f"{names[0]}.{qualname}"
        if (pattern := self._no_functions.find(known_as, qualname)) is not None:
            return self._decision(False, "excluded_functions", pattern, function)
        if not self._functions:
            return module
        if (pattern := self._functions.find(known_as, qualname)) is not None:
            return self._decision(True, "included_functions", pattern, function)
        return Decision(False, f"no pattern of included_functions matches {function}", None, self.policy)

    def fingerprint(self, names: Sequence[str], file: str | None) -> str:
        """A digest of what the policy asks of the rewriting of a module that it includes."""
        if not self._names_functions:
            return self.usual_fingerprint
        return self._fingerprint(_known_as(names, self._place(file)))

    @cached_property
    def usual_fingerprint(self) -> str:
        """That of every module, where functions are not told apart."""
        return self._fingerprint(())

    def _fingerprint(self, known_as: Sequence[str]) -> str:
        policy = self.policy
        asked = (
            policy.name,
            self._functions.touching(known_as) if self._functions else None,
            self._no_functions.touching(known_as),
            sorted(names_among(policy.redact)),
            policy.trace_depth is not None,
            policy.sample_rate < 1,
        )
        return content_hash(repr(asked).encode()).hex()

    def _place(self, file: str | None) -> str | None:
        return dotted_place(file, self.root) if self._placed else None

    def _unless_no_function(self, names: Sequence[str], decision: Decision) -> Decision:
        if self._functions and not self._functions.touching(names):
            reason = f"no pattern of included_functions can match in {names[0]}"
            return Decision(False, reason, None, self.policy)
        return decision

    def _decision(self, included: bool, key: str, pattern: str, name: str) -> Decision:
        policy = self.policy
        owner = f" of policy {policy.name!r}" if policy.name else ""
        reason = f"{key}{owner} has {pattern!r}, which matches {name}"
        return Decision(included, reason, f"{key}: {pattern!r}", policy)

    def _no_match(self, module: str, file: str | None) -> str:
        if not self.can_include:
            return "the policy includes nothing"
        where = f" or {file}" if self._placed and file else ""
        return f"no pattern matches {module}{where}"


def _known_as(names: Sequence[str], place: str | None) -> Sequence[str]:
    return names if place is None else (*names, place)
