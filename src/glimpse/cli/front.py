"""The front of the command line: finds the command, loads only its module, and turns errors into one clear line.

A command is a module with ``add_arguments(parser)`` and ``execute(options) -> int | None``, the exit code. ``EXAMPLES``
is text for the end of its help. ``split_arguments(argv) -> (own, rest)`` is for a command that passes arguments on:
what is left over comes as ``options.rest``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, NoReturn

from glimpse.errors import GlimpseError, nearest

__all__ = ["COMMANDS", "main"]

COMMANDS: Final = {
    "run": ("glimpse.cli.run", "run a program and record its calls"),
    "init": ("glimpse.cli.init", "write a policy file for the packages found here"),
    "explain": ("glimpse.cli.explain", "say why modules and functions are recorded or not"),
    "warm": ("glimpse.cli.warm", "rewrite modules ahead of time, as a container build would"),
    "tree": ("glimpse.cli.tree", "show calls as a tree, with durations, arguments and results"),
    "top": ("glimpse.cli.top", "show where the time went, function by function"),
    "errors": ("glimpse.cli.failures", "show exceptions by type and place, with the calls that led there"),
    "tail": ("glimpse.cli.tail", "show the last entries, and with -f those that come"),
    "diff": ("glimpse.cli.diff", "show what changed between two traces"),
    "show": ("glimpse.cli.show", "show one call in full"),
    "report": ("glimpse.cli.report", "write one self-contained page: timeline, tree, table, errors"),
    "export": ("glimpse.cli.export", "write a trace for Perfetto, speedscope, flame graphs, pandas"),
    "convert": ("glimpse.cli.convert", "rewrite a trace in another format"),
    "schema": ("glimpse.cli.schema", "print the JSON Schema of the entries"),
}
"""Every command: its module and what it does."""

EPILOG: Final = """\
examples:
  glimpse run app.py                    record app.py as its policy says
  glimpse tree                          what happened, as a tree
  glimpse top trace.jsonl               where the time went
  glimpse errors --since 10min          what failed in the last ten minutes

Commands that read take files of any format that Glimpse writes, packed or not,
told by their content, a mongodb:// URI, or - for standard input. Without one
they read the configured destination. glimpse COMMAND --help says more.
"""
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130


class UsageError(GlimpseError):
    """Arguments that a command does not take."""


class Parser(argparse.ArgumentParser):
    """Reports bad arguments in one line."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage.

        :raises UsageError: always.
        """
        raise UsageError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 2 for bad input, or what the command gives."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(arguments)
    except BrokenPipeError:  # whoever read the output has seen enough
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except GlimpseError as error:
        from glimpse.views.text.style import clean

        text = " ".join(clean(line.strip()) for line in str(error).splitlines())
        print(f"glimpse: {text}", file=sys.stderr)
        return BAD_INPUT


def _run(arguments: list[str]) -> int:
    if not arguments or (len(arguments) == 1 and arguments[0] in {"-h", "--help", "help"}):
        print(_overview())
        return 0
    if arguments[0] in {"-V", "--version"}:
        from glimpse._version import __version__

        print(f"glimpse {__version__}")
        return 0
    name, rest = arguments[0], arguments[1:]
    if name == "help":
        name, rest = rest[0], ["--help"]
    if name not in COMMANDS:
        near = nearest(name, COMMANDS)
        known = f"did you mean {near!r}?" if near else f"commands: {', '.join(COMMANDS)}"
        raise UsageError(f"no command {name!r}; {known} (see glimpse --help)")
    return _execute(name, rest)


def _execute(name: str, arguments: list[str]) -> int:
    path, summary = COMMANDS[name]
    module: Any = import_module(path)
    parser = Parser(
        prog=f"glimpse {name}",
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=getattr(module, "EXAMPLES", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    passed_on: list[str] = []
    if hasattr(module, "split_arguments"):
        arguments, passed_on = module.split_arguments(arguments)
    try:
        options, unknown = parser.parse_known_intermixed_args(arguments)
    except SystemExit as done:  # --help
        return int(done.code or 0)
    if unknown:
        flags = [flag for action in parser._actions for flag in action.option_strings]
        near = nearest(unknown[0].partition("=")[0], flags)
        parser.error(f"unknown argument {unknown[0]!r}" + (f"; did you mean {near}?" if near else ""))
    options.rest = passed_on
    return int(module.execute(options) or 0)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {summary}" for name, (_, summary) in COMMANDS.items()]
    head = [
        "usage: glimpse COMMAND [options] [TRACE ...]",
        "",
        "Records the calls of Python programs, and shows them.",
        "",
    ]
    return "\n".join([*head, "commands:", *lines, "", EPILOG.rstrip()])
