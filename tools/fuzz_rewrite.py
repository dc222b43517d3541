"""Rewrites everything there is to read and compares it with what Python compiles: any difference fails.

    python -m tools.fuzz_rewrite                      the standard library, all installed packages, 400 programs
    python -m tools.fuzz_rewrite --programs 5000 --seed 7 --no-files
    python -m tools.fuzz_rewrite --part 3/10 PATH...  a tenth of the files, chosen by a hash of their paths

Files are rewritten, compiled and compared code object by code object. Programs are made at random and run as well, with
a trace function, for everything that they do and every line on which they do it. With hypothesmith installed,
``--hypothesmith N`` adds N sources out of Python's whole grammar.
"""

from __future__ import annotations

import argparse
import sys
import sysconfig
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

from glimpse.errors import RewriteError
from tests.support.codecompare import Comparison, compare
from tests.support.sidebyside import TELLS_ALIKE, both, differences, observe
from tests.support.sourcegen import KINDS, program

SHOWN = 30
"""How many differences are printed in full."""


@dataclass
class Tally:
    """What was looked at and what was found."""

    total: Comparison = field(default_factory=Comparison)
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def fail(self, where: object, detail: str) -> None:
        """Take down one failure."""
        self.counts["failures"] += 1
        self.failures.append(f"{where}: {detail}")

    def source(self, source: bytes, name: str) -> None:
        """Rewrite one source and compare it with the plain one."""
        try:
            plain, traced = both(source, name)
        except (SyntaxError, ValueError) as error:
            self.counts["refused by Python"] += 1
            self.refused_alike(source, name, error)
        except RewriteError as error:
            self.counts["refused by libcst"] += 1
            if "libcst cannot read" not in str(error):
                self.fail(name, str(error))
        except Exception as error:
            self.fail(name, f"crash: {type(error).__name__}: {error}")
        else:
            self.counts["sources"] += 1
            self.counts["lines"] += source.count(b"\n")
            found = compare(plain, traced)
            self.total.add(found, name)
            for difference in found.differences:
                self.fail(name, str(difference))

    def refused_alike(self, source: bytes, name: str, error: Exception) -> None:
        """A source that was refused must be one that Python refuses."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(source, name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return
        self.fail(name, f"refused, but Python takes it: {error}")

    def program(self, kind: str, seed: int) -> None:
        """Make a program, run it both ways and compare all that can be seen."""
        source = program(Random(seed), kind, 1 + seed % 4)
        self.counts["programs"] += 1
        found = differences(source, _seen, exact=TELLS_ALIKE)
        if found:
            self.fail(f"program {kind!r} of seed {seed}", "\n    ".join(found[:12]))


def _seen(namespace: dict[str, Any]) -> list[str]:
    found = []
    for n in range(3):
        log: list[Any] = []
        found += [f"n={n}", *observe(namespace["main"], log, n), repr(log)]
    return found


def files_of(roots: Iterable[Path], part: int, parts: int) -> Iterator[Path]:
    """The Python files below these folders, or the n-th part of them."""
    for root in roots:
        for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
            if crc32(str(path.relative_to(root.parent)).encode()) % parts == part % parts:
                yield path


def default_roots() -> list[Path]:
    """The standard library, of which site-packages is a part, and what else is installed."""
    paths = {Path(sysconfig.get_paths()[name]).resolve() for name in ("stdlib", "purelib", "platlib")}
    return sorted(path for path in paths if not any(path != other and other in path.parents for other in paths))


def hypothesmith_sources(count: int, seed: int) -> list[str]:
    """Sources out of Python's grammar; see hypothesmith."""
    import hypothesis
    import hypothesmith

    found: list[str] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(hypothesmith.from_grammar())
    def collect(source: str) -> None:
        found.append(source)

    collect()
    return found


def arguments() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, help="files and folders (default: all that Python can import)")
    parser.add_argument("--part", default="0/1", metavar="N/M", help="the N-th of M parts of the files")
    parser.add_argument("--programs", type=int, default=400, metavar="N", help="how many programs to make and run")
    parser.add_argument("--hypothesmith", type=int, default=0, metavar="N", help="how many sources to take from it")
    parser.add_argument("--seed", type=int, default=0, help="which programs")
    parser.add_argument("--no-files", action="store_true", help="programs only")
    return parser.parse_args()


def main() -> int:
    """Run what was asked for; 1 if anything differs."""
    options = arguments()
    warnings.simplefilter("ignore")  # of the compiler, about the sources
    tally, started = Tally(), time.perf_counter()
    part, parts = map(int, options.part.split("/"))
    roots = [path.resolve() for path in options.paths] or default_roots()
    for path in [] if options.no_files else files_of(roots, part, parts):
        tally.source(path.read_bytes(), str(path))
    sys.unraisablehook = lambda unraisable: None  # programs leave generators half-way
    for number in range(options.programs):
        tally.program(KINDS[number % len(KINDS)], options.seed + number)
    if options.hypothesmith:
        for source in hypothesmith_sources(options.hypothesmith, options.seed):
            tally.source(source.encode("utf-8", "surrogatepass"), f"hypothesmith {source!r:.60}")
    report(tally, time.perf_counter() - started)
    return int(bool(tally.failures))


def report(tally: Tally, seconds: float) -> None:
    """Print what was found and the counts."""
    lines = tally.failures[:SHOWN]
    if len(tally.failures) > SHOWN:
        lines.append(f"... and {len(tally.failures) - SHOWN} more")
    total = tally.total
    counts = [f"{count:,} {name}" for name, count in sorted(tally.counts.items())]
    looked = f"{total.functions:,} code objects, {total.instrumented:,} instrumented, {total.instructions:,} places"
    lines.append(f"Python {sys.version.split()[0]}: {', '.join(counts)}; {looked}; {seconds:.0f} s")
    lines.append(f"{len(tally.failures)} differences")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
