"""What changed between two traces: functions, counts, durations, results and errors, beyond what noise explains."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from glimpse.errors import GlimpseError, bad_value
from glimpse.traces.calls import Call
from glimpse.traces.failures import Failures
from glimpse.traces.moments import Moments
from glimpse.traces.stats import TopTable

__all__ = ["KINDS", "Change", "Limit", "Profile", "changes", "parse_limits"]

KINDS: Final = ("new-errors", "slower", "results", "new-functions", "gone-functions", "calls", "faster", "gone-errors")
"""Every kind of change, the gravest first."""

FEW: Final = 12
FEW_CHANGE: Final = 0.5
SURE: Final = 4.0
IMPACT_MS: Final = 1.0
MOST_ARGUMENTS: Final = 1_000
_VARIES: Final = object()
_ADDRESS: Final = re.compile(r"\b0x[0-9a-fA-F]{4,}\b")
_RATES: Final = frozenset(("slower", "faster", "calls"))


@dataclass(slots=True, frozen=True)
class Change:
    """One difference. ``relative`` is the change as a share of what it was before: 0.2 is a fifth more."""

    kind: str
    function: str
    before: float | str | None = None
    after: float | str | None = None
    relative: float | None = None
    detail: str = ""


@dataclass(slots=True, frozen=True)
class Limit:
    """A kind of change that must not happen, for rates up to a share."""

    kind: str
    share: float = 0.0

    def broken_by(self, change: Change) -> bool:
        """Whether the change is one that must not be."""
        return change.kind == self.kind and (self.kind not in _RATES or abs(change.relative or math.inf) > self.share)


def parse_limits(text: str) -> list[Limit]:
    """The limits of ``slower=20%,new-errors``.

    :raises GlimpseError: a kind does not exist, or a share is missing or no percentage.
    """
    limits = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        kind, equals, share = word.partition("=")
        if kind not in KINDS:
            raise GlimpseError(bad_value("--fail-on", kind, KINDS))
        if (kind in _RATES) != bool(equals):
            example = f"{kind}=20%" if kind in _RATES else kind
            raise GlimpseError(bad_value("--fail-on", word, f"it is written {example}"))
        limits.append(Limit(kind, parse_share(share, "--fail-on") if equals else 0.0))
    if not limits:
        raise GlimpseError(bad_value("--fail-on", text, "such as slower=20%,new-errors"))
    return limits


def parse_share(text: str, option: str) -> float:
    """The share of ``20%`` or ``0.2``.

    :raises GlimpseError: it is no percentage.
    """
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share < math.inf:
        raise GlimpseError(bad_value(option, text, "a percentage such as 20%"))
    return share


class Profile:
    """What is compared of a trace, in memory for its functions and for the arguments of some of their calls."""

    def __init__(self, calls: Iterable[Call]) -> None:
        self.table = TopTable()
        self.failures = Failures()
        self.results: dict[str, dict[str, Any]] = {}
        self.moments: defaultdict[str, Moments] = defaultdict(Moments)
        self.table.add_calls(self._watched(calls))

    def _watched(self, calls: Iterable[Call]) -> Iterator[Call]:
        for call in calls:
            if call.failed:
                self.failures.add(call)
            if call.finished:
                self._note_result(call)
                self.moments[call.function].add(call.timestamp, call.duration_ms or 0.0)
            yield call

    def _note_result(self, call: Call) -> None:
        outcome = f"✗ {call.error_type}" if call.failed else call.result
        known = self.results.setdefault(call.function, {})
        args = _ADDRESS.sub("0x…", call.args)
        outcome = None if outcome is None else _ADDRESS.sub("0x…", outcome)
        if args in known:
            if known[args] != outcome:
                known[args] = _VARIES
        elif len(known) < MOST_ARGUMENTS:
            known[args] = outcome


def changes(before: Profile, after: Profile, threshold: float = 0.1) -> list[Change]:
    """Every difference, the gravest first; counts and durations only if they changed by more than the threshold."""
    found = [*_errors(before, after), *_functions(before, after), *_results(before, after)]
    for name, old in before.table.functions.items():
        new = after.table.functions.get(name)
        if new is None:
            continue
        found.extend(_counts(name, old.durations.count, new.durations.count, threshold))
        found.extend(_times(name, before, after, threshold))
    weight: Callable[[Change], tuple[int, float, str]] = lambda change: (  # noqa: E731 - a key, used once
        KINDS.index(change.kind),
        -abs(change.relative or 0.0),
        change.function,
    )
    return sorted(found, key=weight)


def _errors(before: Profile, after: Profile) -> Iterator[Change]:
    old = {(kind, function): group for (kind, function, _), group in before.failures.groups.items()}
    new = {(kind, function): group for (kind, function, _), group in after.failures.groups.items()}
    for kind, those, others in (("new-errors", new, old), ("gone-errors", old, new)):
        for (error, function), group in those.items():
            if (error, function) not in others:
                message = group.messages.most_common(1)[0][0] if group.messages else ""
                counts = (0, group.count) if kind == "new-errors" else (group.count, 0)
                yield Change(kind, function, *counts, None, f"{error}: {message}" if message else error)


def _functions(before: Profile, after: Profile) -> Iterator[Change]:
    old, new = before.table.functions, after.table.functions
    for name in new.keys() - old.keys():
        yield Change("new-functions", name, 0, new[name].durations.count)
    for name in old.keys() - new.keys():
        yield Change("gone-functions", name, old[name].durations.count, 0)


def _results(before: Profile, after: Profile) -> Iterator[Change]:
    for function, old in before.results.items():
        new = after.results.get(function, {})
        different = [
            args
            for args, outcome in old.items()
            if args in new and outcome != new[args] and _VARIES not in (outcome, new[args])
        ]
        if different:
            args = different[0]
            share = len(different) / len(old)
            yield Change("results", function, old[args], new[args], share, f"{args}, {len(different)} of {len(old)}")


def _counts(name: str, old: int, new: int, threshold: float) -> Iterator[Change]:
    relative = new / old - 1 if old else math.inf
    if abs(relative) > threshold:
        yield Change("calls", name, old, new, relative)


def _times(name: str, before: Profile, after: Profile, threshold: float) -> Iterator[Change]:
    old, new = (profile.table.functions[name].durations for profile in (before, after))
    (was,), (now,) = old.quantiles(0.5), new.quantiles(0.5)
    if was <= 0 or now <= 0 or abs(now - was) * min(old.count, new.count) < IMPACT_MS:
        return
    relative = now / was - 1
    grown = max(now / was, was / now) - 1
    if grown > threshold and _surely(before.moments[name].medians(), after.moments[name].medians(), grown):
        yield Change("slower" if relative > 0 else "faster", name, was, now, relative)


def _surely(old: list[float], new: list[float], grown: float) -> bool:
    """Whether what was measured at different moments is apart by more than chance explains."""
    moments = min(len(old), len(new))
    if moments < FEW:
        apart = max(old) < min(new) or max(new) < min(old)
        return apart and grown > FEW_CHANGE * math.sqrt(FEW / moments)
    return abs(_rank_score(old, new)) > SURE


def _rank_score(old: Sequence[float], new: Sequence[float]) -> float:
    """How many standard deviations the ranks of two samples are apart (Mann-Whitney), ties taken into account."""
    counts: dict[float, list[int]] = {}
    for place, values in enumerate((old, new)):
        for value in values:
            counts.setdefault(value, [0, 0])[place] += 1
    total = len(old) + len(new)
    wins, below, ties = 0.0, 0, 0.0
    for value in sorted(counts):
        here_old, here_new = counts[value]
        wins += here_new * (below + here_old / 2)
        below += here_old
        tied = here_old + here_new
        ties += tied**3 - tied
    variance = len(old) * len(new) / 12 * (total + 1 - ties / (total * (total - 1)))
    return (wins - len(old) * len(new) / 2) / math.sqrt(variance) if variance > 0 else 0.0
