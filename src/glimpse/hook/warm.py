"""Fills the cache ahead of the first start, on all processors, as a container build would."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Final, NamedTuple

from glimpse.hook.build import Builder
from glimpse.hook.cache import Store
from glimpse.hook.locate import modules_below
from glimpse.hook.source import Source
from glimpse.hook.status import CACHED, REFUSED, REWRITTEN, Outcome
from glimpse.hook.terms import terms_for

if TYPE_CHECKING:
    from glimpse.config import Config
    from glimpse.policy import Decider

__all__ = ["Work", "builder_for", "included_modules", "warm", "warm_own"]

_WORTH_A_PROCESS: Final = 100_000  # bytes of source: below, starting another process takes longer than the work


class Work(NamedTuple):
    """A module to rewrite."""

    module: str
    file: str
    cached: str | None
    size: int


def builder_for(policy: Decider, config: Config, *, read_only: bool = False) -> Builder:
    """What makes the same code as a tracer with this policy and configuration would.

    :param read_only: keep nothing of what is made.
    """
    directory = os.fspath(config.cache_dir) if config.cache_dir else None
    return Builder(policy, terms_for(config), Store(directory, read_only=read_only))


def included_modules(names: Iterable[str], policy: Decider) -> list[Work]:
    """The modules of these names and in these packages that the policy includes, the largest first."""
    found = {spec.name: spec for name in names for spec in modules_below(name)}
    work = [_work(spec) for spec in found.values() if policy.decide_module(spec.name, spec.origin).included]
    return sorted(work, key=lambda each: -each.size)


def warm(work: list[Work], policy: Decider, config: Config, jobs: int | None = None) -> Iterator[Outcome]:
    """Rewrite and keep the modules that are not kept yet; what became of each, in the order in which they are done.

    :param jobs: the number of processes; None for as many as there are processors and work for.
    """
    worth = sum(each.size for each in work) // _WORTH_A_PROCESS + 1
    jobs = jobs or min(os.cpu_count() or 1, worth, len(work) or 1)
    if jobs == 1:
        builder = builder_for(policy, config)
        yield from (_prepare(builder, each) for each in work)
        return
    from concurrent.futures import as_completed
    from multiprocessing import get_context

    with ProcessPoolExecutor(jobs, get_context("spawn"), _start_worker, (policy, config)) as pool:
        for done in as_completed([pool.submit(_prepare_in_worker, each) for each in work]):
            yield done.result()


def warm_own(config: Config) -> None:
    """Keep Glimpse's own modules as traced programs load them at their start, in a process that is one."""
    import subprocess
    import sys

    keeps = {"GLIMPSE_CACHE_DIR": os.fspath(config.cache_dir)} if config.cache_dir else {}
    env = {name: value for name, value in os.environ.items() if not name.startswith("GLIMPSE_")}
    options = [f"-{'O' * sys.flags.optimize}"] if sys.flags.optimize else []
    command = [sys.executable, *options, "-c", "from glimpse.auto import prepare; prepare()"]
    subprocess.run(command, env={**env, **keeps}, stdin=subprocess.DEVNULL, check=False)


def _work(spec: ModuleSpec) -> Work:
    file = str(spec.origin)
    try:
        size = os.path.getsize(file)
    except OSError:
        size = 0
    return Work(spec.name, file, spec.cached, size)


def _prepare(builder: Builder, work: Work) -> Outcome:
    try:
        kept, fresh = builder.obtain(work.module, Source(work.file, None, work.cached), functions=True)
    except (SyntaxError, OSError, ValueError) as error:
        return Outcome(work.module, work.file, REFUSED, f"{type(error).__name__}: {error}")
    if kept.code is None:
        return Outcome(work.module, work.file, REFUSED, kept.refusal or "")
    return Outcome(work.module, work.file, REWRITTEN if fresh else CACHED)


_worker: list[Builder] = []


def _start_worker(policy: Decider, config: Config) -> None:
    _worker.append(builder_for(policy, config))


def _prepare_in_worker(work: Work) -> Outcome:
    return _prepare(_worker[0], work)
