"""``glimpse run``: a program in a process of its own, with Glimpse switched on in it and in all its child processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Final

from glimpse.cli.launch import end_like, launch
from glimpse.cli.policies import as_seen_from
from glimpse.cli.summary import Before, summary
from glimpse.config import Config
from glimpse.config.arguments import add_arguments as add_config_arguments
from glimpse.config.arguments import from_arguments
from glimpse.errors import GlimpseError, bad_value
from glimpse.hook.startup import INCLUDE, POLICY, STATS, switched_on
from glimpse.parsers import texts
from glimpse.policy import PolicySet, TracingPolicy, find_policy_file, importable_names
from glimpse.writers.registry import writer_class

EXAMPLES: Final = """\
examples:
  glimpse run app.py --port 80             what follows the script is its own
  glimpse run -m http.server               a module
  glimpse run -i shop -i shop_db app.py    without a policy file
  glimpse run -o slow.db --dest sqlite -- pytest -x tests
                                           any program: the Python processes
                                           in it are recorded

The policy is --policy, --include, or the closest glimpse-policy.json going up
from the script, then from here. Without any, what lies beside the script is
recorded. Python started with -S, or with -I or -E where Glimpse is not
installed, is not recorded.
"""

_MAIN: Final = "__main__"
_FILES: Final = ("log_path", "db_path")


class UsageError(GlimpseError):
    """A program that cannot be run."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.usage = f"{parser.prog} [options] (SCRIPT | -m MODULE | -- PROGRAM) [argument ...]"
    parser.add_argument("-m", action="store_true", help="run a module, as python -m does")
    parser.add_argument(
        "-i",
        "--include",
        action="append",
        default=[],
        metavar="PACKAGES",
        help=f"record these packages, instead of what a policy file says; may be repeated [{INCLUDE}]",
    )
    parser.add_argument("-o", "--out", metavar="FILE", help="file that the entries are written to")
    parser.add_argument("-q", "--quiet", action="store_true", help="no summary at the end")
    add_config_arguments(parser)


def split_arguments(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Our own options, and the program with its arguments; ``--`` before it means that it is not a Python script."""
    own: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest[0]
        if word == "--" or not word.startswith("-") or word == "-":
            break
        own.append(rest.pop(0))
        if word == "-m":
            break
        if _takes_value(word) and rest:
            own.append(rest.pop(0))
    return own, rest


def execute(options: Namespace) -> int:
    """Run the program; its exit code is ours."""
    command = _command(options)
    with as_seen_from(os.path.realpath(options.rest[0]) if _is_script(options) else os.path.join(os.getcwd(), "-m")):
        config = _config(options)
    with tempfile.TemporaryDirectory(prefix="glimpse-run-") as folder:
        environment = switched_on({**os.environ, **config.to_environment(), STATS: folder})
        environment.update(_policy(options, config))
        before = Before.now(config)
        try:
            code = launch(command, environment)
        except OSError as error:
            raise UsageError(f"cannot run {command[0]}: {error.strerror or error}") from None
        if not options.quiet:
            print(f"glimpse: {summary(folder, config, before)}", file=sys.stderr)
    return end_like(code)


def _takes_value(word: str) -> bool:
    parser = ArgumentParser(add_help=False)
    add_arguments(parser)
    action = parser._option_string_actions.get(word)
    return action is not None and action.nargs != 0


def _command(options: Namespace) -> list[str]:
    rest: list[str] = options.rest
    python = [sys.executable, *subprocess._args_from_interpreter_flags()]  # type: ignore[attr-defined]
    if options.m:
        if not rest:
            raise UsageError("option -m: a module is wanted, such as: glimpse run -m http.server")
        return [*python, "-m", *rest]
    if rest[:1] == ["--"]:
        return _program(rest[1:])
    if not rest:
        raise UsageError("nothing to run; name a script, -m and a module, or -- and a program (see glimpse run --help)")
    if not os.path.exists(rest[0]):
        found = shutil.which(rest[0])
        hint = f"; for the program {found}, write: glimpse run -- {rest[0]}" if found else ""
        raise UsageError(f"no script {rest[0]!r}{hint}")
    return [*python, *rest]


def _program(words: list[str]) -> list[str]:
    if not words:
        raise UsageError("after --, a program is wanted, such as: glimpse run -- pytest")
    found = shutil.which(words[0])
    if found is None:
        raise UsageError(f"no program {words[0]!r} on PATH")
    return [found, *words[1:]]


def _config(options: Namespace) -> Config:
    """The configuration, with a full path for every file: a child process may run in another folder."""
    if options.out is not None:
        _name_file(options, (options.config_dest or Config().dest).split(","))
    config = from_arguments(options)
    for dest in config.dests:
        options.config_params += _default_files(dest, config)
    return from_arguments(options)


def _name_file(options: Namespace, dests: list[str]) -> None:
    for dest in dests:
        for option in writer_class(dest).options:
            if option.name in _FILES:
                setattr(options, f"config_{option.name}", os.path.abspath(options.out))
                return
    raise UsageError(bad_value("--out", options.out, f"nothing, as {', '.join(dests)} writes no file"))


def _default_files(dest: str, config: Config) -> list[str]:
    """What ``--param`` would have to say for the file that the destination writes if nobody names one."""
    given = config.params_for(dest)
    return [
        f"{dest}.{option.name}={os.path.abspath(str(option.default))}"
        for option in writer_class(dest).options
        if option.name in _FILES and option.name not in given
    ]


def _policy(options: Namespace, config: Config) -> dict[str, str]:
    """The variables that say what is recorded."""
    if options.include and options.config_policy is not None:
        raise UsageError("give either --policy or --include, not both")
    if options.include:
        included = texts(",".join(options.include))
        TracingPolicy(included_packages=included)  # refuses what cannot be a name
        return {INCLUDE: ",".join(included), POLICY: ""}
    if os.environ.get(INCLUDE) and config.policy is None:
        return {}
    file = config.policy or _closest_policy(options)
    if file is not None:
        PolicySet.from_file(file)  # a mistake in it is reported here, once
        return {POLICY: str(file)}
    names = _beside(options)
    if not names:
        raise UsageError(
            "no glimpse-policy.json here or above: write one with glimpse init, or name --include packages"
        )
    shown = ", ".join(name for name in names if name != _MAIN)
    print(f"glimpse: no policy file found; recording {shown} (see glimpse init)", file=sys.stderr)
    return {INCLUDE: ",".join(names), POLICY: ""}


def _closest_policy(options: Namespace) -> str | None:
    starts = [os.path.realpath(options.rest[0])] if _is_script(options) else []
    for start in (*starts, os.getcwd()):
        found = find_policy_file(start)
        if found is not None:
            return str(found)
    return None


def _is_script(options: Namespace) -> bool:
    return not options.m and options.rest[:1] != ["--"]


def _beside(options: Namespace) -> list[str]:
    """What is recorded if nobody says: the module's top-level package, or what lies beside the script."""
    if options.m:
        return [_MAIN, options.rest[0].partition(".")[0]]
    if _is_script(options):
        script = os.path.realpath(options.rest[0])
        folder = script if os.path.isdir(script) else os.path.dirname(script)
        return [_MAIN, *importable_names(folder)]
    return importable_names(os.getcwd())
