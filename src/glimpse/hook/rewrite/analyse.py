"""Facts about functions, read off the plain syntax tree: kind, parameters, where they yield and return."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from ...compat import FORMATS_AS_F_STRINGS, INLINES_COMPREHENSIONS
from ...entry import Param

__all__ = [
    "FunctionNode",
    "blocks",
    "children",
    "first_evaluated",
    "first_line_owner",
    "has_guarded_return",
    "kind_of",
    "parameters",
    "yields_in",
]

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_CLASS_FIRST: Final = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
_SUSPENDING: Final = (ast.Yield, ast.YieldFrom)
_MAKE_NO_GENERATOR: Final = {
    *("dict", "enumerate", "filter", "frozenset", "items", "keys", "len", "list", "map", "range", "reversed", "set"),
    *("sorted", "split", "splitlines", "str", "tuple", "values", "zip"),
}
"""What a loop is often over. To wait with the end costs a fifth of a small call, so not for these."""


def parameters(node: FunctionNode, *, method: bool, hidden: Iterable[str]) -> tuple[Param, ...]:
    """The parameters in the order of their binding; the first of a method is its receiver."""
    spec = node.args
    named = [(arg.arg, "") for arg in (*spec.posonlyargs, *spec.args)]
    receiver = method and bool(named) and not _is_static(node)
    if spec.vararg:
        named.append((spec.vararg.arg, "*"))
    named += [(arg.arg, "") for arg in spec.kwonlyargs]
    if spec.kwarg:
        named.append((spec.kwarg.arg, "**"))
    hide = frozenset(hidden)
    return tuple(
        Param(name, prefix, name in hide, receiver and not index) for index, (name, prefix) in enumerate(named)
    )


def _is_static(node: FunctionNode) -> bool:
    if node.name in _CLASS_FIRST:
        return False
    return any(isinstance(deco, ast.Name) and deco.id == "staticmethod" for deco in node.decorator_list)


def kind_of(node: FunctionNode, may_yield: bool) -> str:
    """``f``, ``g``, ``c`` or ``a``: plain function, generator, coroutine, async generator."""
    is_async = isinstance(node, ast.AsyncFunctionDef)
    if may_yield and any(True for stmt in node.body for _ in _suspensions(stmt)):
        return "a" if is_async else "g"
    return "c" if is_async else "f"


def _suspensions(node: ast.AST) -> Iterator[ast.AST]:
    """The ``yield`` and ``yield from`` expressions that suspend the function around ``node``."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, _SUSPENDING):
            yield current
        if isinstance(current, _SCOPES):
            stack.extend(_evaluated_outside(current))
        else:
            stack.extend(ast.iter_child_nodes(current))


def _evaluated_outside(scope: ast.AST) -> Iterator[ast.AST]:
    """The parts of a nested scope that its surroundings evaluate: decorators, defaults, bases."""
    if isinstance(scope, ast.ClassDef):
        yield from (*scope.decorator_list, *scope.bases, *scope.keywords)
        return
    assert isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
    yield from scope.args.defaults
    yield from (default for default in scope.args.kw_defaults if default is not None)
    if not isinstance(scope, ast.Lambda):
        yield from scope.decorator_list
        yield from (arg.annotation for arg in ast.walk(scope.args) if isinstance(arg, ast.arg) and arg.annotation)
        if scope.returns:
            yield scope.returns


def yields_in(stmt: ast.stmt) -> bool:
    """Whether this statement itself, or the head of a compound one, suspends its function."""
    inner = {id(child) for block in blocks(stmt) for child in block}
    heads = [stmt] if isinstance(stmt, _SCOPES) or not inner else _head(stmt, inner)
    return any(True for head in heads for _ in _suspensions(head))


def _head(node: ast.AST, inner: set[int]) -> list[ast.AST]:
    found: list[ast.AST] = []
    for child in ast.iter_child_nodes(node):
        if id(child) in inner:
            continue
        found += _head(child, inner) if isinstance(child, (ast.excepthandler, ast.match_case)) else [child]
    return found


def blocks(stmt: ast.stmt) -> list[list[ast.stmt]]:
    """The statement lists directly inside a compound statement, in the order of the source."""
    if isinstance(stmt, ast.Match):
        return [case.body for case in stmt.cases]
    found = [stmt.body] if hasattr(stmt, "body") else []
    found.extend(handler.body for handler in getattr(stmt, "handlers", ()))
    for name in ("orelse", "finalbody"):
        block = getattr(stmt, name, None)
        if block:
            found.append(block)
    return found


def children(stmts: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement of a function's own body, nested blocks included, nested scopes left alone."""
    for stmt in stmts:
        yield stmt
        if not isinstance(stmt, _SCOPES):
            for block in blocks(stmt):
                yield from children(block)


def has_guarded_return(stmts: list[ast.stmt], guarded: bool = False) -> bool:
    """Whether code runs after the value of some ``return`` is computed.

    That of a ``finally`` or a ``with`` that it leaves, or of a generator that only its ``for`` loop holds.
    """
    for stmt in stmts:
        if isinstance(stmt, ast.Return):
            if guarded:
                return True
        elif not isinstance(stmt, _SCOPES):
            last = getattr(stmt, "finalbody", None) or getattr(stmt, "orelse", None) or []
            within = guarded or _guards(stmt)
            for block in blocks(stmt):
                if has_guarded_return(block, guarded if block is last else within):
                    return True
    return False


def _guards(stmt: ast.stmt) -> bool:
    """Whether leaving the blocks of this statement, its last one aside, runs code."""
    if isinstance(stmt, (ast.For, ast.AsyncFor)):
        return any(_may_make_generator(node) for node in ast.walk(stmt.iter))
    return isinstance(stmt, (ast.With, ast.AsyncWith)) or bool(getattr(stmt, "finalbody", None))


def _may_make_generator(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        called = node.func
        name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
        return name not in _MAKE_NO_GENERATOR
    return isinstance(node, ast.GeneratorExp)


def first_line_owner(stmts: list[ast.stmt]) -> ast.AST | None:
    """The node at which the first instruction of a block stands; None if its statements make none."""
    for stmt in stmts:
        if isinstance(stmt, (ast.Global, ast.Nonlocal)) or (isinstance(stmt, ast.AnnAssign) and stmt.value is None):
            continue
        decorators = getattr(stmt, "decorator_list", None)
        return decorators[0] if decorators else first_evaluated(stmt)
    return None


def first_evaluated(node: ast.AST) -> ast.AST:
    """The part of a statement or expression that runs first, as far as it may stand on another line."""
    while True:
        head = _FIRST.get(type(node))
        child: Any = head(node) if callable(head) else getattr(node, head, None) if head else None
        if child is None:
            return node
        node = child


def _first_item(node: Any) -> ast.AST | None:
    """A display's first item, unless the display is made at its own place, as one constant or piece by piece."""
    items = node.elts
    if not items or len(items) > _MOST_ON_STACK or isinstance(items[0], ast.Starred):
        return None
    if all(map(_is_constant, items)) and (isinstance(node, ast.Tuple) or len(items) > 2):
        return None
    first: ast.AST = items[0]
    return first


def _first_of_dict(node: Any) -> ast.AST | None:
    if not node.keys or node.keys[0] is None:
        return None
    together = node.keys[: _MOST_ON_STACK // 2]
    if len(together) > 1 and all(key is not None and _is_constant(key) for key in together):
        value: ast.AST = node.values[0]
        return value
    key: ast.AST = node.keys[0]
    return key


def _is_constant(node: ast.AST) -> bool:
    """Whether the compiler makes a constant of it: a constant, or numbers and tuples that it folds into one."""
    if isinstance(node, ast.Tuple):
        return all(map(_is_constant, node.elts))
    if isinstance(node, ast.UnaryOp):
        return _is_constant(node.operand)
    if isinstance(node, ast.BinOp):
        return _is_constant(node.left) and _is_constant(node.right)
    return isinstance(node, ast.Constant)


def _first_iterable(node: Any) -> ast.AST | None:
    """A comprehension is part of the function from 3.12 on; before, a function of its own is made first."""
    return _first_of_iterable(node.generators[0]) if INLINES_COMPREHENSIONS else None


def _first_of_format(node: Any) -> ast.AST:
    """The compiler makes ``"%s" % (a, b)`` an f-string, whose text stands at no place."""
    text, values = node.left.value, node.right.elts
    pieces = _CONVERSION.split(text.replace("%%", ""))
    fits = len(pieces) == len(values) + 1 > 1 and not any("%" in piece for piece in pieces)
    first: ast.AST = values[0] if fits else node.left
    return NOWHERE if fits and (pieces[0] or text.startswith("%%")) else first


def _may_be_format(node: ast.BinOp) -> bool:
    return (
        FORMATS_AS_F_STRINGS
        and isinstance(node.op, ast.Mod)
        and isinstance(node.left, ast.Constant)
        and isinstance(node.left.value, str)
        and isinstance(node.right, ast.Tuple)
        and not any(isinstance(value, ast.Starred) for value in node.right.elts)
    )


def _first_of_iterable(node: Any) -> ast.AST:
    """A loop goes over one constant if all items of a list or set are constants."""
    items = getattr(node.iter, "elts", ())
    if items and isinstance(node.iter, (ast.List, ast.Set)) and all(map(_is_constant, items)):
        return ast.copy_location(ast.Pass(), node.iter)
    iterable: ast.AST = node.iter
    return iterable


def _first_manager(node: Any) -> ast.AST:
    manager: ast.AST = node.items[0].context_expr
    return manager


NOWHERE: Final = ast.Pass(lineno=-1, end_lineno=-1, col_offset=-1, end_col_offset=-1)
"""Stands for code of no place of its own, which is at that of the code before it."""
_CONVERSION: Final = re.compile(r"%[-+ #0]*(?:\d{1,3})?(?:\.\d{0,3})?[sra]")
_MOST_ON_STACK: Final = 30  # items of a display that the compiler puts on the stack before it makes the display


_FIRST: Final[dict[type, str | Callable[[Any], ast.AST | None]]] = {
    ast.Expr: "value",
    ast.Assign: "value",
    ast.Return: "value",
    ast.Await: "value",
    ast.BinOp: lambda node: _first_of_format(node) if _may_be_format(node) else node.left,
    ast.BoolOp: lambda node: node.values[0],
    ast.Compare: "left",
    ast.IfExp: "test",
    ast.Attribute: "value",
    ast.Subscript: "value",
    ast.UnaryOp: "operand",
    ast.Call: "func",
    ast.Tuple: _first_item,
    ast.List: _first_item,
    ast.Set: _first_item,
    ast.Dict: _first_of_dict,
    ast.ListComp: _first_iterable,
    ast.SetComp: _first_iterable,
    ast.DictComp: _first_iterable,
    ast.Starred: "value",
    ast.If: "test",
    ast.For: _first_of_iterable,
    ast.AsyncFor: "iter",
    ast.While: "test",
    ast.Match: "subject",
    ast.With: _first_manager,
    ast.AsyncWith: _first_manager,
    ast.Raise: "exc",
    ast.Assert: "test",
    ast.AugAssign: "target",
    ast.AnnAssign: "value",
    ast.Yield: "value",
    ast.YieldFrom: "value",
    ast.NamedExpr: "value",
}
