"""Runs a source plain and instrumented, side by side, and says what can be told apart."""

from __future__ import annotations

import difflib
import inspect
import marshal
import sys
import traceback
import types
import warnings
from collections.abc import Callable
from typing import Any

from glimpse.hook.compact import compact, expand
from glimpse.hook.rewrite import Plan, instrument
from glimpse.probe import hooks
from tests.support.codecompare import compare

__all__ = ["TELLS_ALIKE", "both", "bound", "differences", "drive", "handling", "observe", "with_ends_of"]

TELLS_ALIKE = sys.version_info >= (3, 13)
"""Whether a trace function is told exactly the same of all programs; see ``with_ends_of`` and ``_told_once``."""

FILENAME = "<side by side>"
_STEPS = 40


def both(source: bytes | str, filename: str = FILENAME) -> tuple[types.CodeType, types.CodeType]:
    """The module's code as compiled and as rewritten, the latter not bound yet."""
    data = source.encode() if isinstance(source, str) else source
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(data, filename, "exec", dont_inherit=True), instrument(data, filename, Plan("side")).code


def bound(code: types.CodeType) -> types.CodeType:
    """Rewritten code as it is when it is imported from the cache: kept in parts, read, and put together."""
    kept = marshal.loads(marshal.dumps(compact(code)))
    return expand(kept, {name: hooks.slot(0).constant(name) for name in kept[1]})


def differences(
    source: bytes | str, observed: Callable[[dict[str, Any]], list[str]], *, exact: bool = True
) -> list[str]:
    """What is different between the two code objects, and between what ``observed`` makes of the two namespaces.

    :param exact: False to allow for what ``with_ends_of`` and ``_told_once`` say.
    """
    plain, traced = both(source)
    found = [str(difference) for difference in compare(plain, traced).differences]
    results: list[list[str]] = []
    for code in (plain, bound(traced)):
        namespace: dict[str, Any] = {"__name__": "side", "handling": handling, "drained": drained}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(code, namespace)
            results.append(observed(namespace))
    plain_result, traced_result = results
    if not exact:
        plain_result, traced_result = _told_once(plain_result), _told_once(traced_result)
        traced_result = with_ends_of(plain_result, traced_result)
    return found + list(difflib.unified_diff(plain_result, traced_result, "plain", "instrumented", n=2, lineterm=""))


def observe(function: Callable[..., Any], *args: Any) -> list[str]:
    """What a call does, to the line: its result or exception, and the lines that a trace function sees."""
    lines: list[str] = []

    def local(frame: types.FrameType, event: str, argument: object) -> Any:
        kind = argument[0].__name__ if event == "exception" and isinstance(argument, tuple) else ""
        lines.append(f"{event} {frame.f_code.co_name}:{frame.f_lineno} {kind}")
        return local

    def watch(frame: types.FrameType, event: str, argument: object) -> Any:
        return local(frame, event, argument) if frame.f_code.co_filename == FILENAME else None

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        outcome = drive(function(*args))
    except BaseException as error:
        outcome = [story(error)]
    finally:
        sys.settrace(before)
    return [*map(repr, outcome), *_without_closing(lines)]


def _told_once(lines: list[str]) -> list[str]:
    """Without a line that is told again while the same function is at it, on 3.10 and 3.12.

    These tell it once more where several ways meet: 3.10 at the end of a ``with`` of several managers, 3.12 after the
    call of a Python function. Whether they meet, or each has a copy of what follows, depends on the length of that.
    """
    if sys.version_info[:2] not in ((3, 10), (3, 12)):
        return lines
    kept: list[str] = []
    last: dict[str, str] = {}
    for line in lines:
        event, _, place = line.partition(" ")
        name = place.partition(":")[0]
        if event == "line" and last.get(name) == line:
            continue
        if event in ("line", "call", "return"):
            last[name] = line
        kept.append(line)
    return kept


def with_ends_of(plain: list[str], traced: list[str]) -> list[str]:
    """The second with the returns of the first, as far as they differ in what ``docs/invisible.md`` does not promise.

    Where control reaches the end of a function in several ways, the compiler gives the return that is not written the
    line of one of them, or none, and not always the same one for code of another length. So a return may be told at
    another line, and one line event before it may be there, missing or another one; but no line may be told that is
    not told in the plain program too.
    """
    told = set(plain)
    done: list[str] = []
    here = there = 0
    while here < len(plain) and there < len(traced):
        one, other = _end(plain, here), _end(traced, there)
        if (
            plain[here] != traced[there]
            and one
            and other
            and told.issuperset(other[:-1])
            and _name(one) == _name(other)
        ):
            done += one
            here, there = here + len(one), there + len(other)
        else:
            done.append(traced[there])
            here, there = here + 1, there + 1
    return [*done, *traced[there:]]


def _end(lines: list[str], place: int) -> list[str]:
    """The return that is told here, with the line event before it; nothing if there is none."""
    length = 2 if lines[place].startswith("line ") else 1
    end = lines[place : place + length]
    return end if end[-1].startswith("return ") and _name(end[:1]) == _name(end) else []


def _name(end: list[str]) -> str:
    return end[-1].split()[1].partition(":")[0]


def _without_closing(lines: list[str]) -> list[str]:
    """Without generators that are closed and run no line: 3.13 does not resume those that no ``try`` surrounds."""
    kept: list[str] = []
    for line in lines:
        kept.append(line)
        place = line.split()[1]
        if kept[-3:] == [f"call {place} ", f"exception {place} GeneratorExit", f"return {place} "]:
            del kept[-3:]
    return kept


def drive(made: Any) -> list[Any]:
    """Exhaust whatever a call gave, sending, throwing and closing on the way; what came out."""
    if inspect.isasyncgen(made):
        return _drive_async(made)
    if not (inspect.isgenerator(made) or inspect.iscoroutine(made)):
        return [repr(made)]
    steps: list[Any] = [None, "sent", KeyError("thrown"), *[None] * _STEPS]
    out: list[Any] = []
    for step in steps:
        try:
            out.append(made.throw(step) if isinstance(step, Exception) else made.send(step))
        except BaseException as error:
            out.append(story(error))
            break
    made.close()
    return [repr(each) for each in out]


def _drive_async(made: Any) -> list[Any]:
    out: list[Any] = []
    for step in [
        made.asend(None),
        made.asend("sent"),
        made.athrow(KeyError("thrown")),
        *(made.asend(None) for _ in "abc"),
    ]:
        out += [drained(step)]
    return [*out, drained(made.aclose())]


def drained(awaitable: Any) -> Any:
    """What an awaitable or an async generator gives in the end, whatever it waits for."""
    if inspect.isasyncgen(awaitable):
        return [drained(awaitable.__anext__()) for _ in range(3)] + [drained(awaitable.aclose())]
    try:
        for _ in range(_STEPS):
            awaitable.send(None)
    except StopIteration as stop:
        return repr(stop.value)
    except BaseException as error:
        return story(error)
    awaitable.close()
    return "unfinished"


def story(error: BaseException | None, depth: int = 0) -> Any:
    """An exception with everything that it carries: arguments, traceback, cause and context."""
    if error is None or depth > 4:
        return None
    rows = [(row.name, row.lineno, getattr(row, "colno", 0), getattr(row, "end_colno", 0)) for row in _ours(error)]
    lines = [
        frame.f_lineno for frame, _ in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == FILENAME
    ]
    chain = story(error.__cause__, depth + 1), story(error.__context__, depth + 1), error.__suppress_context__
    members = [story(member, depth + 1) for member in getattr(error, "exceptions", ())]
    return type(error).__name__, repr(error.args), rows, lines, chain, members


def _ours(error: BaseException) -> list[traceback.FrameSummary]:
    return [row for row in traceback.extract_tb(error.__traceback__) if row.filename == FILENAME]


def handling() -> str | None:
    """The name of the exception that is being handled where this is called."""
    kind = sys.exc_info()[0]
    return kind.__name__ if kind else None
