"""The libcst edits: calls of the probe's functions written into function bodies, in place, in a freshly parsed tree.

Speed decides the form: libcst's own visitors cost about as much as its parser, so the tree is walked by hand over
statement lists only, beside the plain syntax tree that has the answers (which functions, what kind, where it yields),
and nodes are changed in place: nobody else holds this tree. Expressions are visited in one case, a ``yield``.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import libcst as cst

from ...compat import LEAVES_CONSTANT_RETURNS_NOWHERE
from ...entry import Site
from . import analyse
from .heads import cut_head

__all__ = ["Edited", "Editor"]

_set: Final = object.__setattr__
_SPACE: Final = cst.SimpleWhitespace(" ")
_STAND_IN: Final = cst.SimpleStatementLine([cst.Pass()])
_PARENS: Final = {"lpar": [cst.LeftParen()], "rpar": [cst.RightParen()]}
_RERAISE: Final = cst.SimpleStatementSuite([cst.Raise()])
_JUMPS: Final = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_RAISES: Final = {"f": "raised", "g": "raised_gen", "c": "raised_coro", "a": "raised_coro"}


@dataclass(slots=True)
class Edited:
    """What became of one function: its qualified name, its line, and why it was left alone (``None``: it was not)."""

    qualname: str
    line: int
    reason: str | None


@dataclass(slots=True)
class _Function:
    """The function whose body is being edited."""

    site: Site
    key: cst.Arg
    number: int  # of the key, for where no string can stand
    kept: bool  # results wait in the probe until `finally` and `with` blocks have run
    full: bool  # False: only exceptions are recorded

    @property
    def kind(self) -> str:
        return self.site.kind


class Editor:
    """Edits one module's tree.

    :param prefix: what the injected names begin with; must not occur in the source.
    :param plan: which functions, and how; see ``Plan``.
    :param whole: False to leave ``pass`` where a simple statement stays as it is, which is all that ``Merger`` needs:
        half of the cost of writing the text and of parsing it again.
    """

    def __init__(self, plan: Any, prefix: str, may_yield: bool, whole: bool) -> None:
        self.plan, self.prefix, self.may_yield, self.whole = plan, prefix, may_yield, whole
        self.edited: list[Edited] = []
        self.keys: list[str] = []
        self._names: dict[str, cst.Name] = {}

    def module(self, tree: cst.Module, plain: ast.Module) -> None:
        """Edit every wanted function of the module."""
        _set(tree, "body", self._statements(tree.body, plain.body, "", None, in_class=False))

    # -- walking ----------------------------------------------------------------------------------------------

    def _statements(
        self, nodes: Sequence[Any], plain: list[ast.stmt], scope: str, fn: _Function | None, *, in_class: bool
    ) -> list[Any]:
        done: list[Any] = []
        position = 0
        for node in nodes:
            kind = type(node)
            if kind is cst.SimpleStatementLine:
                twins = plain[position : position + len(node.body)]
                position += len(node.body)
                if fn is not None and self._concerns(twins, fn):
                    node = self._line(node, twins, fn)
                elif not self.whole:
                    done += [_STAND_IN] * (len(twins) - 1)
                    node = _STAND_IN
            else:
                twin = plain[position]
                position += 1
                self._compound(node, twin, scope, fn, in_class)
                if fn is not None and self._wraps(twin, fn):
                    node = self._suspension_guard(node, fn)
            done.append(node)
            if isinstance(plain[position - 1], _JUMPS):
                fn = None  # what follows is never reached, and stays as it is
        return done

    def _compound(self, node: Any, twin: ast.stmt, scope: str, fn: _Function | None, in_class: bool) -> None:
        if not (self.whole or (fn is not None and fn.kind in "ga")):
            cut_head(node)
        if isinstance(twin, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._function(node, twin, scope, in_class)
        elif isinstance(twin, ast.ClassDef):
            self._block(node, twin.body, f"{scope}{twin.name}.", None, in_class=True)
        elif isinstance(twin, ast.Match):
            for case, plain_case in zip(node.cases, twin.cases, strict=True):
                self._block(case, plain_case.body, scope, fn, in_class=in_class)
        else:
            self._nested(node, twin, scope, fn, in_class)
        if fn is not None and self._wraps(twin, fn):
            self._swap_yields_in_head(node, fn)

    def _nested(self, node: Any, twin: Any, scope: str, fn: _Function | None, in_class: bool) -> None:
        self._block(node, twin.body, scope, fn, in_class=in_class)
        for handler, plain_handler in zip(getattr(node, "handlers", ()), getattr(twin, "handlers", ()), strict=True):
            self._block(handler, plain_handler.body, scope, fn, in_class=in_class)
        orelse = getattr(node, "orelse", None)
        if type(orelse) is cst.If:
            self._compound(orelse, twin.orelse[0], scope, fn, in_class)
        elif orelse is not None:
            self._block(orelse, twin.orelse, scope, fn, in_class=in_class)
        if getattr(node, "finalbody", None) is not None:
            self._block(node.finalbody, twin.finalbody, scope, fn, in_class=in_class)

    def _block(self, owner: Any, plain: list[ast.stmt], scope: str, fn: _Function | None, *, in_class: bool) -> None:
        suite = owner.body
        if type(suite) is cst.SimpleStatementSuite:
            if fn is None:
                return
            line = self._line(cst.SimpleStatementLine(suite.body), plain, fn)
            _set(owner, "body", cst.IndentedBlock([line]))
        else:
            _set(suite, "body", self._statements(suite.body, plain, scope, fn, in_class=in_class))

    # -- one function -----------------------------------------------------------------------------------------

    def _function(self, node: Any, twin: analyse.FunctionNode, scope: str, in_class: bool) -> None:
        qualname = scope + twin.name
        inner = f"{qualname}.<locals>."
        owner = self.plan.owner(qualname)
        fn = self._wanted(qualname, twin, in_class, owner) if owner is not None else None
        body = node.body
        if fn is None:
            self._block(node, twin.body, inner, None, in_class=False)
            return
        self.edited.append(Edited(qualname, twin.lineno, None))
        if type(body) is cst.SimpleStatementSuite:
            body = cst.IndentedBlock([cst.SimpleStatementLine(body.body)])
            _set(node, "body", body)
        lead, rest, plain_rest = _split_docstring(list(body.body), twin)
        rest = self._statements(rest, plain_rest, inner, fn, in_class=False)
        after: list[Any] = []
        if fn.full and rest:
            rest, after = self._ended_after(rest, plain_rest, fn)
        _set(body, "body", [*lead, *self._framed(fn, rest), *after])

    def _wanted(self, qualname: str, twin: analyse.FunctionNode, in_class: bool, owner: Any) -> _Function:
        names = [arg.arg for arg in ast.walk(twin.args) if isinstance(arg, ast.arg)]
        params = analyse.parameters(twin, method=in_class, hidden=[name for name in names if owner.hides(name)])
        kind = analyse.kind_of(twin, self.may_yield)
        site = Site(self.plan.module.replace(":", "_"), qualname, twin.lineno, kind, params, owner.policy)
        key = cst.Arg(cst.SimpleString(_quote(site.key)))
        full = owner.mode == "full"
        self.keys.append(site.key)
        return _Function(site, key, len(self.keys) - 1, full and analyse.has_guarded_return(twin.body), full)

    def _framed(self, fn: _Function, rest: list[Any]) -> list[Any]:
        """The function's statements between their entry and exits."""
        if not fn.full:
            return [self._try(rest, self.call("raised_only", fn))] if rest else []
        enter = self._statement(self.call(f"enter_{fn.kind}", fn, *self._arguments(fn)))
        if not rest:
            return [enter, self._implicit_end(fn)]
        handler = self.call(_RAISES[fn.kind], fn)
        if not fn.kept:
            return [enter, self._try(rest, handler)]
        leave = cst.Finally(cst.IndentedBlock([self._statement(self.call(f"leave_{fn.kind}", fn))]))
        return [enter, self._try(rest, handler, leave)]

    def _ended_after(self, nodes: list[Any], plain: list[ast.stmt], fn: _Function) -> tuple[list[Any], list[Any]]:
        """The statements with their ends, and an end that stands behind all of them, before the compiler's own."""
        if LEAVES_CONSTANT_RETURNS_NOWHERE and isinstance(nodes[-1], cst.TryStar) and not fn.kept:
            return nodes, [self._statement(self._short_end(fn))]
        return self._ended(nodes, plain, fn), []

    def _ended(self, nodes: list[Any], plain: list[ast.stmt], fn: _Function) -> list[Any]:
        """The statements with an end wherever they can run off theirs.

        One end for all ways would be simpler; but the compiler gives an instruction that can be reached in two ways no
        line, or that of one of them, and the program's own end had the line of the way that was taken.
        """
        last, node = plain[-1], nodes[-1]
        if isinstance(last, (ast.Return, ast.Raise)):
            return nodes
        if isinstance(last, ast.If) and type(node) is cst.If:
            self._end_if(node, last, fn)
            return nodes
        if isinstance(last, ast.Try) and type(node) is cst.Try and last.handlers and not last.finalbody:
            for handler, plain_handler in zip(node.handlers, last.handlers, strict=True):
                self._end_block(handler, plain_handler.body, fn)
            if last.orelse:
                self._end_block(node.orelse, last.orelse, fn)
            else:
                _set(node, "orelse", cst.Else(cst.IndentedBlock([self._implicit_end(fn)])))
            return nodes
        return [*nodes, self._implicit_end(fn, short=isinstance(node, cst.BaseCompoundStatement))]

    def _end_if(self, node: Any, plain: ast.If, fn: _Function) -> None:
        self._end_block(node, plain.body, fn)
        if type(node.orelse) is cst.If:
            inner = plain.orelse[0]
            assert isinstance(inner, ast.If)
            self._end_if(node.orelse, inner, fn)
        elif node.orelse is not None:
            self._end_block(node.orelse, plain.orelse, fn)
        else:
            _set(node, "orelse", cst.Else(cst.IndentedBlock([self._implicit_end(fn)])))

    def _end_block(self, owner: Any, plain: list[ast.stmt], fn: _Function) -> None:
        _set(owner.body, "body", self._ended(list(owner.body.body), plain, fn))

    def _implicit_end(self, fn: _Function, *, short: bool = False) -> cst.SimpleStatementLine:
        """The end without a ``return``, as a ``return``: the compiler gives each way to it the line it comes from.

        ``short``: so few instructions that the compiler copies them to the end of each way, as it does with its own.
        """
        if short and not fn.kept and fn.kind != "a":
            return cst.SimpleStatementLine([cst.Return(self._short_end(fn))])
        call = self.call("fall" if fn.kept else f"done_{fn.kind}", fn)
        if fn.kind == "a":
            return cst.SimpleStatementLine([cst.Expr(call), cst.Return()])
        if fn.kept and LEAVES_CONSTANT_RETURNS_NOWHERE:
            return self._statement(call)
        return cst.SimpleStatementLine([cst.Return(call)])

    def _short_end(self, fn: _Function) -> cst.Call:
        return cst.Call(self._name(f"done_{fn.kind}_here"))

    def _arguments(self, fn: _Function) -> list[cst.Arg]:
        return [cst.Arg(cst.Name("None" if param.hidden else param.name)) for param in fn.site.params]

    # -- statements -------------------------------------------------------------------------------------------

    def _line(self, line: Any, twins: Sequence[ast.stmt], fn: _Function) -> Any:
        small: list[Any] = []
        suspends = False
        for node, twin in zip(line.body, twins, strict=True):
            if self._wraps(twin, fn):
                suspends = True
                node = self._swap_yields(node, fn)
            if type(node) is cst.Return and fn.full:
                small += self._return(node, fn)
            else:
                small.append(node)
        _set(line, "body", small)
        return self._suspension_guard(line, fn) if suspends else line

    def _return(self, node: Any, fn: _Function) -> list[Any]:
        if fn.kind == "a":
            return [cst.Expr(self.call("fall" if fn.kept else "done_a", fn)), node]
        value = node.value
        if type(value) is cst.Tuple and not value.lpar:
            for name, parens in _PARENS.items():
                _set(value, name, parens)
        hook = "keep" if fn.kept else "end_new" if fn.site.name == "__new__" else f"end_{fn.kind}"
        _set(node, "value", self.call(hook, fn, cst.Arg(value if value is not None else cst.Name("None"))))
        if type(node.whitespace_after_return) is not cst.SimpleWhitespace or node.whitespace_after_return.empty:
            _set(node, "whitespace_after_return", _SPACE)
        return [node]

    def _concerns(self, twins: Sequence[ast.stmt], fn: _Function) -> bool:
        return any((type(twin) is ast.Return and fn.full) or self._wraps(twin, fn) for twin in twins)

    # -- suspension -------------------------------------------------------------------------------------------

    def _wraps(self, twin: ast.stmt, fn: _Function) -> bool:
        return fn.full and fn.kind in "ga" and analyse.yields_in(twin)

    def _suspension_guard(self, node: Any, fn: _Function) -> Any:
        leading = node.leading_lines
        _set(node, "leading_lines", ())
        guarded = self._try([node], self.call(f"thrown_{fn.kind}", fn))
        _set(guarded, "leading_lines", leading)
        return guarded

    def _swap_yields(self, node: Any, fn: _Function) -> Any:
        return node.visit(_YieldSwap(self, fn))

    def _swap_yields_in_head(self, node: Any, fn: _Function) -> None:
        swap = _YieldSwap(self, fn)
        for name in (
            "test",
            "iter",
            "target",
            "items",
            "subject",
            "decorators",
            "params",
            "bases",
            "keywords",
            "returns",
        ):
            part = getattr(node, name, None)
            if isinstance(part, cst.CSTNode):
                _set(node, name, part.visit(swap))
            elif isinstance(part, (list, tuple)):
                _set(node, name, [each.visit(swap) for each in part])
        orelse = getattr(node, "orelse", None)
        if type(orelse) is cst.If:
            self._swap_yields_in_head(orelse, fn)

    # -- nodes ------------------------------------------------------------------------------------------------

    def call(self, hook: str, fn: _Function, *args: cst.Arg) -> cst.Call:
        """A call of one of the probe's functions, with the function's key and these arguments."""
        return cst.Call(self._name(hook), [fn.key, *args])

    def call_by_number(self, hook: str, fn: _Function, *args: cst.Arg) -> cst.Call:
        """The same with the key's number: within an f-string, where before 3.12 its quotes cannot stand."""
        return cst.Call(self._name(hook), [cst.Arg(cst.Integer(str(fn.number))), *args])

    def _name(self, hook: str) -> cst.Name:
        return self._names.get(hook) or self._names.setdefault(hook, cst.Name(f"{self.prefix}{hook}__"))

    @staticmethod
    def _statement(call: cst.Call) -> cst.SimpleStatementLine:
        return cst.SimpleStatementLine([cst.Expr(call)])

    @staticmethod
    def _try(body: list[Any], handler: cst.Call, final: cst.Finally | None = None) -> cst.Try:
        return cst.Try(cst.IndentedBlock(body), [cst.ExceptHandler(_RERAISE, handler)], finalbody=final)


class _YieldSwap(cst.CSTTransformer):
    """Puts the probe around each ``yield``: the value passes it on the way out, the answer on the way in."""

    def __init__(self, editor: Editor, fn: _Function) -> None:
        super().__init__()
        self.editor, self.fn = editor, fn
        self._strings = 0

    def visit_FormattedString(self, node: cst.FormattedString) -> bool:
        self._strings += 1
        return True

    def leave_FormattedString(
        self, original_node: cst.FormattedString, updated_node: cst.FormattedString
    ) -> cst.BaseExpression:
        self._strings -= 1
        return updated_node

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> bool:
        return False

    def visit_SimpleStatementSuite(self, node: cst.SimpleStatementSuite) -> bool:
        return False

    def leave_Yield(self, original_node: cst.Yield, updated_node: cst.Yield) -> cst.BaseExpression:
        call, fn = self.editor.call_by_number if self._strings else self.editor.call, self.fn
        value: Any = updated_node.value
        if type(value) is cst.From:
            out = call(f"delegate_{fn.kind}", fn, cst.Arg(value.item))
            passed: Any = cst.From(out)
            back = f"delegated_{fn.kind}"
        else:
            if type(value) is cst.Tuple and not value.lpar:
                value = value.with_changes(**_PARENS)
            passed = call(f"yielded_{fn.kind}", fn, cst.Arg(value if value is not None else cst.Name("None")))
            back = f"resumed_{fn.kind}"
        inner = updated_node.with_changes(value=passed, whitespace_after_yield=_SPACE, **_PARENS)
        return call(back, fn, cst.Arg(inner))


def _split_docstring(nodes: list[Any], twin: analyse.FunctionNode) -> tuple[list[Any], list[Any], list[ast.stmt]]:
    """(docstring statement, the rest, the rest's twins): the docstring must stay first."""
    if ast.get_docstring(twin, clean=False) is None:
        return [], nodes, twin.body
    first = nodes[0]
    if len(first.body) == 1:
        return [first], nodes[1:], twin.body[1:]
    others = cst.SimpleStatementLine(first.body[1:])
    doc = cst.SimpleStatementLine([first.body[0].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)])
    return [doc], [others, *nodes[1:]], twin.body[1:]


def _quote(text: str) -> str:
    return '"' + text.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'
