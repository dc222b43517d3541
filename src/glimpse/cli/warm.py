"""``glimpse warm``: rewrites modules ahead of time."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from typing import Final

from glimpse.cli.policies import add_policy, config_here, importing_from_here, policy_of
from glimpse.cli.reading import whole
from glimpse.errors import GlimpseError
from glimpse.hook.locate import locate
from glimpse.hook.status import CACHED, REFUSED, REWRITTEN, Outcome
from glimpse.hook.warm import Work, builder_for, included_modules, warm, warm_own
from glimpse.views.text.style import Style, count_of

EXAMPLES: Final = """\
examples:
  glimpse warm shop shop_db        what the policy includes of two packages
  GLIMPSE_CACHE_DIR=/srv/glimpse glimpse warm shop
                                   into a folder of its own, for images that
                                   set PYTHONDONTWRITEBYTECODE or are read-only

Without this, a module is rewritten when it is imported for the first time.
Rewritten code is for one version of Python, Glimpse and the module, one level
of optimisation (python -O) and one set of answers of the policy.
"""

_BAR: Final = 30


class NothingToWarm(GlimpseError):  # noqa: N818 - it is what the user reads
    """There is no module to rewrite."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("packages", nargs="+", metavar="PACKAGE", help="packages and modules, by their dotted names")
    add_policy(parser)
    parser.add_argument("-j", "--jobs", metavar="N", help="processes to use (default: as many as processors)")
    parser.add_argument("--json", action="store_true", help="for programs: what became of each module")


def execute(options: Namespace) -> int:
    """Rewrite and keep."""
    config = config_here()
    jobs = None if options.jobs is None else whole("--jobs", options.jobs, 1)
    policy, origin = policy_of(options, config, options.packages)
    with importing_from_here():
        missing = [name for name in options.packages if locate(name) is None]
        if missing:
            raise NothingToWarm(f"no module {missing[0]!r} on the import path")
        work = included_modules(options.packages, policy)
    if not work:
        raise NothingToWarm(f"{options.packages[0]} is {policy.explain(options.packages[0])} ({origin})")
    if not builder_for(policy, config).store.may_write:
        raise NothingToWarm(
            "PYTHONDONTWRITEBYTECODE is set: name a folder in GLIMPSE_CACHE_DIR, which is always written"
        )
    started = time.perf_counter()
    outcomes = list(_shown(warm(work, policy, config, jobs), work))
    warm_own(config)
    if options.json:
        import json

        print(json.dumps([outcome._asdict() for outcome in sorted(outcomes)], indent=2))
    else:
        _report(sorted(outcomes), time.perf_counter() - started)
    return 0


def _report(outcomes: list[Outcome], seconds: float) -> None:
    style = Style.of(sys.stdout)
    for outcome in outcomes:
        if outcome.state == REFUSED:
            print(style.draw(f"not rewritten: {outcome.module}: {outcome.reason}"))
    counts = Counter(outcome.state for outcome in outcomes)
    parts = [f"{count_of(counts[REWRITTEN], 'module')} rewritten in {seconds:.1f} s"]
    if counts[CACHED]:
        parts.append(f"{counts[CACHED]:,} already kept")
    if counts[REFUSED]:
        parts.append(f"{counts[REFUSED]:,} cannot be")
    print(style.draw(", ".join(parts)))


def _shown(outcomes: Iterator[Outcome], work: list[Work]) -> Iterator[Outcome]:
    """Pass the outcomes on, with a progress bar on a terminal, by bytes of source."""
    if not sys.stderr.isatty():
        yield from outcomes
        return
    sizes = {each.module: each.size for each in work}
    total = sum(sizes.values()) or 1
    done = 0
    for count, outcome in enumerate(outcomes, 1):
        done += sizes[outcome.module]
        filled = _BAR * done // total
        bar = "#" * filled + "." * (_BAR - filled)
        sys.stderr.write(f"\r[{bar}] {count}/{len(work)} {outcome.module[:40]:40}")
        sys.stderr.flush()
        yield outcome
    sys.stderr.write("\r\x1b[K")
    sys.stderr.flush()
