"""Exact positions: the plain tree of the original source, with only the injected nodes taken from the rewritten one.

libcst gives new text, in which everything has moved. Both texts are parsed and walked in lockstep over their
statements: every original node stays, with its own position to the column, and only what was injected is taken over.
A statement that does not meet its twin is a defect of the rewriting and raises, so nothing can be lost unseen.

An injected call before a statement stands where that statement's first instruction stands, so that line events and
tracebacks stay as they were; handlers and the call at an implicit end stand nowhere, as the compiler's own artificial
instructions do. The called function is a constant, so no name is added.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ...compat import LEAVES_MANAGERS_AT_THEIRS, TELLS_LINES_AFTER_CALLS
from ...errors import RewriteError
from ..placeholder import placeholder
from . import analyse

__all__ = ["Merger"]


_ARITIES: Final = 4  # enter functions specialised by number of arguments, in the probe
_BLOCKS: Final = ("body", "orelse", "finalbody")
_STAYING: Final = (
    ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Assert, ast.Delete, ast.Global, ast.Nonlocal, ast.Import,
    ast.ImportFrom, ast.Break, ast.Continue, ast.Raise, ast.Return,
    *([ast.TypeAlias] if hasattr(ast, "TypeAlias") else []),
)  # fmt: skip
_ENDS: Final = ("end_f", "end_g", "end_c", "end_new") if TELLS_LINES_AFTER_CALLS else ()
_BEFORE_RETURN: Final = ("done_a", "fall")  # in an async generator, whose `return` takes no value
_WHOLE_STATEMENTS: Final = ("enter_", "done_", "fall", "leave_")


class _Place(NamedTuple):
    lineno: int
    end_lineno: int
    col_offset: int
    end_col_offset: int


_NEGATED: Final = ast.USub()
_NOWHERE: Final = _Place(-1, -1, -1, -1)


def _place(node: Any) -> _Place:
    return _Place(node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)


class _Cursor:
    """The plain statements of one block, taken one after the other through any injected nesting."""

    def __init__(self, stmts: list[ast.stmt], owner: Any = None) -> None:
        self.stmts, self.position, self.owner = stmts, 0, owner

    def take(self) -> ast.stmt | None:
        if self.position == len(self.stmts):
            return None
        self.position += 1
        return self.stmts[self.position - 1]

    def left(self) -> list[ast.stmt]:
        return self.stmts[self.position :]

    def entry_place(self) -> _Place:
        first = analyse.first_line_owner(self.left())
        if first is not None and first is not analyse.NOWHERE:
            return _place(first)
        head = self.owner.decorator_list[0] if self.owner.decorator_list else self.owner
        return _Place(head.lineno, head.lineno, head.col_offset, head.col_offset)

    def after_with(self) -> _Place | None:
        """Where a ``with`` block that was just taken is left, also when it swallows an exception."""
        last = self.stmts[self.position - 1] if self.position else None
        if not isinstance(last, (ast.With, ast.AsyncWith)):
            return None
        return _place(last.items[0].context_expr if LEAVES_MANAGERS_AT_THEIRS else last)


class Merger:
    """Merges a rewritten tree into the plain one.

    :param prefix: what injected names begin with.
    :param keys: the keys of sites for which a number stands, where no string can.
    """

    def __init__(self, prefix: str, keys: Sequence[str] = ()) -> None:
        self.prefix, self.keys = prefix, keys

    def module(self, plain: ast.Module, rewritten: ast.Module) -> None:
        """Put the injected nodes of ``rewritten`` into ``plain``.

        :raises RewriteError: the two do not match statement by statement.
        """
        plain.body = self._whole(plain.body, rewritten.body)

    def _whole(self, plain: list[ast.stmt], rewritten: list[ast.stmt], owner: Any = None) -> list[ast.stmt]:
        cursor = _Cursor(plain, owner)
        merged = self._block(cursor, rewritten, False)
        if cursor.take() is not None:
            raise RewriteError("a statement was lost in rewriting")
        return merged

    def _block(self, cursor: _Cursor, rewritten: list[ast.stmt], yields: bool) -> list[ast.stmt]:
        merged: list[ast.stmt] = []
        ended = False
        for new in rewritten:
            hook = self._hook(new.value) if isinstance(new, (ast.Expr, ast.Return)) else None
            if hook is not None and hook.startswith(_WHOLE_STATEMENTS):
                merged.append(self._statement(hook, new, cursor))
                ended = isinstance(new, ast.Expr) and hook in _BEFORE_RETURN and not cursor.left()
            elif ended:
                merged.append(_at(ast.Return(), _place(merged[-1])))
            elif isinstance(new, ast.Try) and new.handlers and (guard := self._hook(new.handlers[0].type)):
                merged.append(self._guard(guard, new, cursor))
            else:
                merged.append(self._twin(cursor.take(), new, yields))
        return merged

    def _hook(self, node: ast.AST | None) -> str | None:
        """The injected function's name if the node is an injected call."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith(self.prefix):
            return node.func.id[len(self.prefix) : -2]
        return None

    # -- injected statements ----------------------------------------------------------------------------------

    def _statement(self, hook: str, new: Any, cursor: _Cursor) -> Any:
        place = _NOWHERE
        if hook.startswith("enter_"):
            place = cursor.entry_place()
        elif hook in _BEFORE_RETURN and cursor.left():
            place = _place(cursor.left()[0])
        elif hook.startswith("fall"):
            place = cursor.after_with() or _NOWHERE
        return _at(type(new)(self._call(hook, new.value, place, place)), place)

    def _guard(self, hook: str, new: ast.Try, cursor: _Cursor) -> Any:
        body = self._block(cursor, new.body, hook.startswith("thrown_"))
        matcher = self._call(hook, new.handlers[0].type, _NOWHERE, _NOWHERE)
        handler = _at(ast.ExceptHandler(matcher, None, [_at(ast.Raise(), _NOWHERE)]), _NOWHERE)
        final = self._block(cursor, new.finalbody, False)
        return _at(ast.Try(body, [handler], [], final), _NOWHERE)

    def _call(self, hook: str, new: Any, place: _Place, load: _Place, argument: ast.expr | None = None) -> Any:
        """An injected call; ``argument`` is the original expression that it carries, if it carries one."""
        if not new.args:
            return _at(ast.UnaryOp(_NEGATED, _at(_constant(placeholder(hook)), load)), place)
        key = new.args[0].value
        if isinstance(key, int):
            key = self.keys[key]
        key = _at(ast.Constant(key), load)
        if argument is not None:
            args: list[ast.expr] = [key, argument]
        else:
            args = [key, *(_spread(_copy(arg), load) for arg in new.args[1:])]
        if hook.startswith("enter_"):
            hook = _specialised(hook, new)
        return _at(ast.Call(_at(_constant(placeholder(hook)), load), args, []), place)

    # -- original statements ----------------------------------------------------------------------------------

    def _twin(self, plain: Any, new: Any, yields: bool) -> Any:
        if plain is None or type(plain) is not type(new):
            if type(new) is ast.Pass and isinstance(plain, _STAYING):
                return plain
            raise RewriteError(f"line {getattr(plain, 'lineno', '?')}: rewritten statement does not match its original")
        if yields:
            self._expressions(plain, new)
        elif isinstance(plain, ast.Return):
            self._return(plain, new)
        if isinstance(plain, ast.Match):
            self._inner(plain.cases, new.cases)
        elif hasattr(plain, "body"):
            self._inner([plain], [new])
            self._inner(getattr(plain, "handlers", ()), getattr(new, "handlers", ()))
        return plain

    def _inner(self, plain: Any, new: Any) -> None:
        for owner, twin in zip(plain, new, strict=True):
            for name in _BLOCKS:
                block, rewritten = getattr(owner, name, None), getattr(twin, name, None)
                if isinstance(rewritten, list) and (block or rewritten):
                    setattr(owner, name, self._whole(block or [], rewritten, owner))

    def _return(self, plain: ast.Return, new: Any) -> None:
        hook = self._hook(new.value)
        if hook is None:
            return
        place = _place(plain)
        value = plain.value or _at(ast.Constant(None), place)
        plain.value = self._carrying(hook, new.value, place, value)

    def _carrying(self, hook: str, new: Any, place: _Place, value: Any) -> Any:
        """A call that carries a value; one that is to come before others stands in each branch that may give it.

        So the branches meet where the program's own do, where ``finally``, ``with`` and ``for`` are left.
        """
        branches = _branches(value) if hook == "keep" or (hook in _ENDS and isinstance(value, ast.IfExp)) else []
        for owner, name, branch in branches:
            owner[name] = self._carrying(hook, new, _place(branch), branch)
            if type(branch) is not ast.Call and isinstance(owner[name], ast.Call):
                _untold(owner[name])
        if branches:
            return value
        return self._call(hook, new, place, _place(analyse.first_evaluated(value)), value)

    # -- expressions that suspend -----------------------------------------------------------------------------

    def _expressions(self, plain: Any, new: Any) -> None:
        """Walk the expressions of one statement, or of a compound one's head, to its suspensions."""
        for name, value in ast.iter_fields(plain):
            twin = getattr(new, name)
            if name in _BLOCKS and isinstance(value, list):
                continue
            if isinstance(value, list):
                twins = [
                    self._expression(a, b) if isinstance(a, ast.AST) else a for a, b in zip(value, twin, strict=True)
                ]
                setattr(plain, name, twins)
            elif isinstance(value, ast.AST):
                setattr(plain, name, self._expression(value, twin))
            elif name == "value" and isinstance(plain, ast.Return) and self._hook(twin):
                self._return(plain, new)

    def _expression(self, plain: Any, new: Any) -> Any:
        hook = self._hook(new)
        if hook is None:
            if type(plain) is not type(new):
                raise RewriteError(f"line {getattr(plain, 'lineno', '?')}: rewritten expression does not match")
            self._expressions(plain, new)
            for _, _, branch in _branches(plain):
                if isinstance(branch, _Suspension):
                    _untold(branch)
            return plain
        place = _place(plain)
        load = _place(analyse.first_evaluated(plain))
        if not hook.startswith(("resumed_", "delegated_")):
            return self._carrying(hook, new, place, self._expression(plain, new.args[1]))
        inner = new.args[1]
        out = self._hook(inner.value)
        assert out is not None
        value = plain.value if plain.value is not None else _at(ast.Constant(None), place)
        if plain.value is not None:
            value = self._expression(plain.value, inner.value.args[1])
        plain.value = self._call(out, inner.value, place, load, value)
        call = self._call(hook, new, place, load, plain)
        call.__class__ = _Suspension
        return call


class _Suspension(ast.Call):
    """A call where a ``yield`` stood. Of another class for pytest, which shows calls in assertions part by part."""

    __slots__ = ()


def _branches(node: ast.expr) -> list[tuple[Any, Any, ast.expr]]:
    """The expressions of which one gives the value, each with what holds it and under which name or number.

    None where there is but one way, or where the compiler, which decides by constants at once, leaves out some.
    """
    if isinstance(node, ast.IfExp):
        return [(vars(node), "body", node.body), (vars(node), "orelse", node.orelse)]
    if isinstance(node, ast.BoolOp) and not any(isinstance(value, ast.Constant) for value in node.values[:-1]):
        return [(node.values, number, value) for number, value in enumerate(node.values)]
    return []


def _untold(call: ast.Call) -> None:
    """Have the function called with unpacked arguments where a plain call would have its line told once more."""
    if TELLS_LINES_AFTER_CALLS:
        place = _place(call)
        arguments = _at(ast.List(call.args, ast.Load()), place)  # no tuple, which may be made a constant
        call.args = [_at(ast.Starred(arguments, ast.Load()), place)]


def _specialised(hook: str, new: Any) -> str:
    """The probe's function for this number of arguments; the first may be a receiver, shown as its class."""
    if hook != "enter_f":
        return hook
    count = len(new.args) - 1
    first = new.args[0].value.split(":")[4].partition(",")[0]
    if first == "@self":
        return f"enter_self{count - 1 if count - 1 <= _ARITIES else ''}"
    if first.startswith("@"):
        return "enter_self"
    return f"enter{count if count <= _ARITIES else ''}"


def _spread(node: Any, place: _Place) -> Any:
    for each in ast.walk(node):
        if "lineno" in each._attributes:
            _at(each, place)
    return node


def _copy(node: Any) -> Any:
    return ast.Name(node.id, ast.Load()) if isinstance(node, ast.Name) else ast.Constant(node.value)


def _at(node: Any, place: _Place) -> Any:
    node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = place
    return node


def _constant(value: Any) -> Any:
    return ast.Constant(value)
