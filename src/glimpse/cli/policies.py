"""The configuration and policy that a command is about: those that a program run from here would find."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from glimpse.config import Config
from glimpse.policy import Decider, PolicySet, TracingPolicy, find_policy_file

__all__ = ["add_policy", "as_seen_from", "config_here", "importing_from_here", "policy_of"]


def add_policy(parser: ArgumentParser) -> None:
    """Let a command be told which policy it is about."""
    parser.add_argument(
        "--policy", metavar="FILE", help="policy file (default: GLIMPSE_POLICY, else the closest glimpse-policy.json)"
    )


def policy_of(options: Namespace, config: Config, names: list[str]) -> tuple[Decider, str]:
    """The policy and where it is from; where there is no file, one that includes the packages that the names are in.

    :raises PolicyError: the file is not a valid policy.
    """
    file = options.policy or config.policy or find_policy_file(os.getcwd())
    if file is not None:
        return PolicySet.from_file(file), str(file)
    packages = list(dict.fromkeys(name.partition(":")[0].partition(".")[0] for name in names))
    return TracingPolicy(included_packages=packages), f"no policy file; as if there were one with {', '.join(packages)}"


def config_here() -> Config:
    """The configuration of a program in the working directory."""
    with as_seen_from(os.path.join(os.getcwd(), "glimpse")):
        return Config()


@contextmanager
def importing_from_here() -> Iterator[None]:
    """Find modules also in the working directory, and in its ``src``, as a program that is started here may."""
    here = os.getcwd()
    added = [folder for folder in (here, os.path.join(here, "src")) if os.path.isdir(folder) and folder not in sys.path]
    sys.path[:0] = added
    try:
        yield
    finally:
        for folder in added:
            sys.path.remove(folder)


@contextmanager
def as_seen_from(script: str) -> Iterator[None]:
    """Look for ``pyproject.toml`` where this script would, not where the ``glimpse`` command is installed."""
    scope = vars(sys.modules["__main__"])
    own = scope.get("__file__")
    scope["__file__"] = script
    try:
        yield
    finally:
        scope["__file__"] = own
