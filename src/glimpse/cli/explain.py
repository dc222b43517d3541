"""``glimpse explain``: which rule takes a module or function in or leaves it out, and what rewriting makes of it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any, Final

from glimpse.cli.beside import side_by_side
from glimpse.cli.policies import add_policy, config_here, importing_from_here, policy_of
from glimpse.cli.reading import Output, add_output
from glimpse.hook.examine import Examined, Function, examine
from glimpse.hook.status import CACHED, LEFT_ALONE, REFUSED, REWRITTEN
from glimpse.hook.warm import builder_for
from glimpse.views.text.style import count_of

EXAMPLES: Final = """\
examples:
  glimpse explain shop.orders              a module
  glimpse explain shop.orders:Order.total  a function
  glimpse explain shop.orders.Order.total  the same
  glimpse explain shop.orders --source     the rewritten code and the original

Nothing is imported or run. The policy is the one that a program started here
would use; modules are looked for on the import path, here, and in src.
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("names", nargs="+", metavar="NAME", help="modules, module:function or module.function")
    add_policy(parser)
    parser.add_argument("--source", action="store_true", help="show the rewritten code beside the original")
    add_output(parser, "text", "json")


def execute(options: Namespace) -> int:
    """Explain each name."""
    output = Output(options, "text", "json")
    config = config_here()
    policy, origin = policy_of(options, config, options.names)
    builder = builder_for(policy, config, read_only=True)
    with importing_from_here():
        found = [examine(name, builder, source=options.source) for name in options.names]
    if output.format == "json":
        output.json([_as_dict(each, origin) for each in found])
        return 0
    output.line(f"policy: {origin}")
    for each in found:
        output.line()
        output.lines(_lines(each))
        if each.texts is not None:
            width = output.style.width if options.width or sys.stdout.isatty() else 0
            output.lines(side_by_side(each.texts.original, each.texts.rewritten, width))
    return 0


def _lines(found: Examined) -> Iterator[str]:
    yield found.name
    yield f"  {found.decision}"
    if found.origin is None:
        yield "  not found on the import path: judged by its name alone"
        return
    yield f"  file: {found.file or f'none ({found.origin})'}"
    if found.state is None or not found.decision.included:
        return
    if found.state in (REFUSED, LEFT_ALONE):
        yield f"  {'cannot be rewritten' if found.state == REFUSED else 'not rewritten'}: {found.reason}"
        return
    recorded = [each for each in found.functions if each.reason is None]
    kept = "kept in the cache" if found.state == CACHED else "not cached yet: rewritten at first import"
    yield f"  rewritten: {count_of(len(recorded), 'function')} of {len(found.functions)}; {kept}"
    if found.function is not None:
        yield from _function_lines(found, found.function)
        return
    if len(found.owners) > 1:
        yield f"  its functions belong to the policies {', '.join(found.owners)}, each to the first that includes it"
    for each in found.functions:
        if each.reason is not None:
            yield f"  not recorded: {each.qualname}, line {each.line}: {each.reason}"


def _function_lines(found: Examined, qualname: str) -> Iterator[str]:
    own = [each for each in found.functions if each.qualname.replace("<locals>.", "") == qualname]
    if not own:
        yield f"  {qualname}: no function of this name is defined in the module"
    for each in own:
        what = "recorded" if each.reason is None else f"not recorded: {each.reason}"
        yield f"  {each.qualname}, line {each.line}: {what}"


def _as_dict(found: Examined, origin: str) -> dict[str, Any]:
    described = {
        "name": found.name,
        "included": found.decision.included,
        "reason": found.decision.reason,
        "rule": found.decision.rule,
        "policy": origin,
        "owners": list(found.owners),
        "file": found.file,
        "rewritten": None if found.state is None else found.state in (REWRITTEN, CACHED),
        "cached": found.state == CACHED,
        "refusal": found.reason or None,
        "functions": [_function_dict(each) for each in found.functions],
    }
    return described if found.texts is None else {**described, "source": found.texts.rewritten}


def _function_dict(function: Function) -> dict[str, Any]:
    return {"function": function.qualname, "line": function.line, "recorded": function.reason is None} | (
        {"reason": function.reason} if function.reason is not None else {}
    )
