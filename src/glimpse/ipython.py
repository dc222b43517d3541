"""IPython and Jupyter: after ``%load_ext glimpse``, ``%%glimpse`` above a cell runs it and shows its call tree."""

from __future__ import annotations

import shlex
import sys
import tempfile
import weakref
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NoReturn

from glimpse.config import LEVELS, Config
from glimpse.errors import GlimpseError, PolicyNotFound, bad_value
from glimpse.policy import Decider, PolicySet, TracingPolicy
from glimpse.tracer import Tracer
from glimpse.traces.calls import call_events
from glimpse.traces.tree import Folding, TreeBuilder
from glimpse.views import Trace, load
from glimpse.views.sources import open_sources, records_of
from glimpse.views.text.style import Style
from glimpse.views.text.tree import totals_line, trees_text

__all__ = ["CellTrace", "load_ipython_extension", "unload_ipython_extension"]

_MAGIC: Final = "glimpse"
_NOTEBOOK_WIDTH: Final = 110
_HELP: Final = """\
Run the cell and show the calls that it made: those of functions defined in
this session, and of the packages that the patterns name. Without patterns,
those of the closest glimpse-policy.json.

  %%glimpse                         functions of this notebook
  %%glimpse shop requests.*         and of these packages, imported or not
  %%glimpse -o trace shop           keep it: trace.top(), trace.to_dataframe()
"""


def load_ipython_extension(ipython: Any) -> None:
    """What ``%load_ext glimpse`` calls: make ``%%glimpse`` known to this shell."""
    ipython.register_magic_function(_magic(ipython), "cell", _MAGIC)


def unload_ipython_extension(ipython: Any) -> None:
    """What ``%unload_ext glimpse`` calls."""
    ipython.magics_manager.magics["cell"].pop(_MAGIC, None)


class CellTrace(Trace):
    """What a cell did. Shown as its call tree; kept by ``-o``, it answers what ``glimpse.load`` answers.

    :param path: the file of its entries, which goes when this object goes.
    """

    def __init__(self, path: Path, folding: Folding | None) -> None:
        super().__init__(load(path).names)
        self._folding = folding

    def __repr__(self) -> str:
        return "\n".join(self._lines(Style.of(sys.stdout)))

    def _repr_html_(self) -> str:
        """The call tree, under a heading that folds it away."""
        *tree, _, totals = self._lines(Style(_NOTEBOOK_WIDTH))
        lines = escape("\n".join(tree))
        return (
            f"<details open><summary>{escape(totals)}</summary>"
            f'<pre style="line-height: 1.25; overflow-x: auto">{lines}</pre></details>'
        )

    def _lines(self, style: Style) -> list[str]:
        builder = TreeBuilder(folding=self._folding)
        lines = list(trees_text(builder.roots(call_events(records_of(open_sources(self.names)))), style))
        if not builder.totals.calls:
            return ["", "", "No call was traced: the cell called no function of this session or of the policy."]
        return [*lines, "", totals_line(builder.totals)]


def _magic(shell: Any) -> Callable[[str, str], None]:
    """The cell magic of one shell."""
    parser = _Parser(f"%%{_MAGIC}", add_help=False, description=_HELP, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="packages and modules to trace as well")
    parser.add_argument("-o", "--output", metavar="NAME", help="keep what was recorded under this name")
    parser.add_argument("-l", "--level", choices=LEVELS, help="what is recorded")
    parser.add_argument("-a", "--all", action="store_true", help="show every call, nothing folded")

    def glimpse(line: str, cell: str) -> None:
        try:
            options = parser.parse_args(shlex.split(line))
            if options.output and not options.output.isidentifier():
                raise GlimpseError(bad_value("-o", options.output, "a name"))
            folder = tempfile.TemporaryDirectory(prefix="glimpse-", ignore_cleanup_errors=True)
            path = Path(folder.name, "cell.jsonl")
            config = Config(dest="jsonl", level=options.level, params={"log_path": path})
            with Tracer(config, _policy(options.patterns)):
                shell.run_cell(cell)
            shown = CellTrace(path, None if options.all else Folding())
        except (GlimpseError, ValueError) as error:
            raise import_module("IPython.core.error").UsageError(str(error)) from None
        weakref.finalize(shown, folder.cleanup)
        if options.output:
            shell.push({options.output: shown})
        import_module("IPython.display").display(shown)

    glimpse.__doc__ = parser.format_help()
    return glimpse


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """A mistake is an error, not the end of the session."""
        raise GlimpseError(message)


def _policy(patterns: Sequence[str]) -> Decider:
    if patterns:
        return TracingPolicy(included_packages=["__main__", *patterns])
    try:
        return PolicySet.discover()
    except PolicyNotFound:
        return TracingPolicy(included_packages=["__main__"])
