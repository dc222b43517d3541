"""The protocol that every policy answers, one or several in order, and the memory of what was decided."""

from __future__ import annotations

from glimpse.policy.places import MAIN_MODULES, script_names
from glimpse.policy.rules import Decision, Rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from functools import cached_property
    from typing import TypeVar

    from glimpse.policy.model import TracingPolicy

    _T = TypeVar("_T")
else:
    from glimpse.light import cached_property

__all__ = ["Decider"]

_NEVER_TRACED = {
    "glimpse": "Glimpse never traces itself",
    "libcst": "Glimpse uses libcst while it rewrites modules, so it never traces it",
}
_MOST_REMEMBERED = 65_536


class Decider:
    """What ``TracingPolicy`` and ``PolicySet`` have in common: they decide on modules and functions, with reasons.

    Of several policies the first that includes a function owns it. Decisions are remembered by module name.
    """

    def policies(self) -> tuple[TracingPolicy, ...]:
        """The policies that are asked, in order."""
        raise NotImplementedError

    def may_include(self, module: str) -> bool:
        """Whether a module of this name can be included: a look-up before any file is touched.

        False is final. True means that ``decide_module`` has to be asked, once the module's file is known.
        """
        return self._memory.possible[module]

    @property
    def possible(self) -> Mapping[str, bool]:
        """What ``may_include`` answers, by name: for whoever asks at every import."""
        return self._memory.possible

    def decide_module(self, module: str, file: str | None = None, *, aliases: Sequence[str] = ()) -> Decision:
        """Whether the module is traced.

        :param module: its name, as in ``sys.modules``.
        :param file: its source file; without it no rule by place applies.
        :param aliases: other names of ``__main__``, such as its real one under ``python -m``. Those that follow from
            the file are known without being given.
        """
        return self._memory.decide_module(module, file, tuple(aliases))

    def decide_function(self, module: str, qualname: str, file: str | None = None) -> Decision:
        """Whether a function of the module is traced; ``qualname`` is as in ``__qualname__``.

        Without ``file``, what ``decide_module`` was last told about the module counts.
        """
        return self._memory.decide_function(module, qualname, file)

    def ownership(self, module: str, file: str | None = None) -> tuple[tuple[TracingPolicy, ...], str]:
        """The policies that include the module, in order, and what they ask for. Each may own some of its functions.

        The latter is a short text that changes when, and only when, the module has to be rewritten in another way,
        empty where no policy includes it. Without ``file``, what ``decide_module`` was last told counts.
        """
        return self._memory.ownership(module, file)

    def owners_of(self, module: str, file: str | None = None) -> tuple[TracingPolicy, ...]:
        """The policies that include the module; see ``ownership``."""
        return self.ownership(module, file)[0]

    def fingerprint(self, module: str, file: str | None = None) -> str:
        """What the policies that include the module ask for; see ``ownership``."""
        return self.ownership(module, file)[1]

    def explain(self, name: str) -> Decision:
        """Why a module or function is or is not traced.

        :param name: its dotted name, or ``module:function``. It is looked up on the import path, without importing
            anything; a name that is not found there is judged by the patterns alone.
        """
        from glimpse.policy.explain import explain

        return explain(self, name)

    @cached_property
    def _memory(self) -> _Memory:
        return _Memory([Rules(policy) for policy in self.policies()])

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "_memory"}


class _Subject:
    """A module as the rules see it: its names and file, and what each policy that was asked decided."""

    __slots__ = ("aliases", "by_rules", "decision", "file", "names")

    def __init__(self, module: str, file: str | None, aliases: tuple[str, ...], rules: Sequence[Rules]) -> None:
        self.file = file
        self.aliases = aliases
        names: tuple[str, ...] = (module,)
        if aliases or module in MAIN_MODULES:
            scripts = script_names(file) if module in MAIN_MODULES else ()
            names = tuple(dict.fromkeys((module, *aliases, *scripts)))
        self.names = names
        self.by_rules: list[tuple[Rules, Decision]] = []
        for name in names:
            if (top_level := name.partition(".")[0]) in _NEVER_TRACED:
                self.decision = Decision(False, _NEVER_TRACED[top_level])
                return
        for each in rules:
            self.decision = each.decide_module(names, file)
            self.by_rules.append((each, self.decision))
        if len(rules) != 1:
            self.decision = _first_of([decision for _, decision in self.by_rules])


class _Memory:
    """Decides once for each module name, and remembers."""

    def __init__(self, rules: Sequence[Rules]) -> None:
        self._rules = rules
        self.possible = _Possible(rules)
        self._subjects: dict[str, _Subject] = {}
        self._same_for_all = rules[0] if len(rules) == 1 and rules[0].same_for_all else None

    def decide_module(self, module: str, file: str | None, aliases: tuple[str, ...]) -> Decision:
        known = self._subjects.get(module)
        if known is None or known.file != file or known.aliases != aliases:
            known = self._learn(module, file, aliases)
        return known.decision

    def decide_function(self, module: str, qualname: str, file: str | None) -> Decision:
        subject = self._subject(module, file)
        if not subject.decision.included:
            return subject.decision
        return _first_of(
            [rules.decide_function(subject.names, qualname, subject.file, made) for rules, made in subject.by_rules]
        )

    def ownership(self, module: str, file: str | None) -> tuple[tuple[TracingPolicy, ...], str]:
        only = self._same_for_all
        if only is not None and module not in self._subjects and module not in MAIN_MODULES:
            return ((only.policy,), only.usual_fingerprint) if self.possible[module] else ((), "")
        subject = self._subject(module, file)
        owners: tuple[TracingPolicy, ...] = ()
        asked = ""
        for rules, decision in subject.by_rules:
            if decision.included:
                fingerprint = rules.fingerprint(subject.names, subject.file)
                asked = f"{asked}-{fingerprint}" if owners else fingerprint
                owners += (rules.policy,)
        return owners, asked

    def _subject(self, module: str, file: str | None) -> _Subject:
        known = self._subjects.get(module)
        if known is None:
            return self._learn(module, file, ())
        return known if file in (None, known.file) else self._learn(module, file, known.aliases)

    def _learn(self, module: str, file: str | None, aliases: tuple[str, ...]) -> _Subject:
        subject = _Subject(module, file, aliases, self._rules)
        _remember(self._subjects, module, subject)
        return subject


class _Possible(dict[str, bool]):
    """Whether a module of a name can be included, decided when it is first asked for."""

    def __init__(self, rules: Sequence[Rules]) -> None:
        self._rules = rules

    def __missing__(self, module: str) -> bool:
        answer = False
        for rules in () if module.partition(".")[0] in _NEVER_TRACED else self._rules:
            if rules.can_include if module in MAIN_MODULES else rules.may_include(module):
                answer = True
                break
        _remember(self, module, answer)
        return answer


def _first_of(decisions: list[Decision]) -> Decision:
    """The decision of the first policy that includes; else of the first that names a rule; else of the first."""
    if len(decisions) == 1:
        return decisions[0]
    telling = [decision for decision in decisions if decision.included]
    telling += [decision for decision in decisions if decision.rule]
    return next(iter(telling + decisions), Decision(False, "there is no policy"))


def _remember(memory: dict[str, _T], name: str, value: _T) -> None:
    if len(memory) >= _MOST_REMEMBERED:
        memory.clear()
    memory[name] = value
