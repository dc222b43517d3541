"""What the instructions of a method mean: which attributes are read, what is done to them, which functions called.

One judge looks through one method of one class, with all that the method calls. What depends on the values of an
instance is left open: it is in the ``Use`` tree of the root, to be asked of each instance.
"""

from __future__ import annotations

import builtins
from types import FunctionType, ModuleType

from .. import classes
from . import calls, gaps, tables
from .attributes import FUNCTIONS, PLACES, SHADOWED, STAYING
from .binding import bind, bind_code
from .flow import STEPS
from .frames import GENERATOR, Frame, Scope
from .nature import MISSING, find, is_c_method, is_named_plainly, is_plain_class, reads_plainly, wrapped
from .places import (
    ANY,
    CALL,
    CLASS_TEXT,
    COMPARING,
    CONTENTS,
    EMPTY,
    GIVING,
    INPLACE,
    PLAIN,
    TEXTS,
    TYPE,
    UNKNOWN,
    Arguments,
    Known,
    Made,
    Memory,
    Method,
    RefusedError,
    Root,
    Site,
    Super,
    TypeOf,
    Use,
    Values,
)  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any, Final

__all__ = ["NAMES", "Judge"]

NAMES: Final = frozenset({"__name__", "__qualname__", "__module__", "__doc__"})
_MOST_PASSES, _MOST_CALLS, _MOST_NAMES = 8, 12, 40
_FREE_OF_CONTENTS = GIVING | {INPLACE, "__len__", "__bool__", "__contains__", "__index__"}


class Judge:
    """Looks through one method.

    :ivar constants: the objects of the program that the method uses, with what it does to them.
    :ivar reports: whether code that it runs reports its calls to a tracer.
    """

    def __init__(self, cls: type) -> None:
        self.root = Root(cls)
        self.contents = Memory()
        self.steps = 0
        self.reports = False
        self.constants: dict[int, tuple[Use, Any]] = {}
        self._results = Memory()
        self._rests: dict[tuple[int, int], Site] = {}
        self._frames: dict[Any, tuple[Frame, Memory]] = {}
        self._active: set[Any] = set()
        self._done: set[Any] = set()

    def look_through(self, function: FunctionType, others: Values) -> Values:
        """What the method may give.

        :param others: what its arguments may be, besides the object itself.
        :raises RefusedError: it may do something that can be noticed.
        """
        for _ in range(_MOST_PASSES):
            self._done.clear()
            for memory in self._memories():
                memory.grew = False
            found = self.run(function, Arguments([frozenset({self.root})], {}, others))
            grew = [memory.grew for memory in self._memories()] + [frame.grew for frame, _ in self._frames.values()]
            if not any(grew):
                return found
        raise RefusedError("is long")

    def _memories(self) -> list[Memory]:
        return [self.contents, self._results, *(variables for _, variables in self._frames.values())]

    # -- functions ----------------------------------------------------------------------------------------------------

    def run(self, function: FunctionType, arguments: Arguments) -> Values:
        """What a function may give for these arguments."""
        outer, function = function, wrapped(function)
        self.reports |= function is not outer  # a wrapper of ours, or what may stand inside of one
        bound = bind(self, function, arguments)
        if bound is None:
            return EMPTY  # a call that fails
        scope = Scope(lambda name: self._global(function, name), lambda name: self._cell(function, name))
        return self.enter(function.__code__, scope, id(function), bound)

    def run_made(self, made: Made, arguments: Arguments) -> Values:
        """The same for a function that the method makes itself."""
        bound = bind_code(self, made.code, arguments, lambda _name: made.defaults)
        if bound is None:
            return EMPTY
        return self.enter(made.code, Scope(made.outer.scope.names, made.outer.free), id(made), bound)

    def enter(self, code: CodeType, scope: Scope, function: int, bound: dict[str, Values]) -> Values:
        """Look through a function's code, once for each way in which it is called."""
        self.reports |= any(type(const) is FunctionType for const in code.co_consts)  # no compiler puts them there
        key = (function, id(code), tuple(bound.values()))
        if key not in self._active and key not in self._done:
            if len(self._active) >= _MOST_CALLS:
                raise RefusedError("calls many functions")
            self._active.add(key)
            if key not in self._frames:
                variables = Memory()
                self._frames[key] = Frame(self, code, scope, variables, STEPS), variables
            frame, variables = self._frames[key]
            for name, values in bound.items():
                variables.add(name, values)
            frame.run()
            self._active.discard(key)
            self._done.add(key)
            results = frozenset({frame.yielded}) if code.co_flags & GENERATOR else frame.results
            self._results.add(key, results)
        return self._results.read(key)

    def rest_of(self, code: CodeType, flag: int) -> Site:
        """What a function's ``*args`` or ``**kwargs`` is."""
        return self._rests.setdefault((id(code), flag), Site())

    def _global(self, function: FunctionType, name: str) -> Values:
        if name in function.__globals__:
            return self.constant(function.__globals__[name])
        if name in vars(builtins):
            return self.constant(vars(builtins)[name])
        return EMPTY  # a NameError

    def _cell(self, function: FunctionType, name: str) -> Values:
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
        try:
            return self.constant(cells[name].cell_contents)
        except (KeyError, ValueError):  # an empty cell
            return EMPTY

    def constant(self, value: Any) -> Values:
        """An object that is there already."""
        kind = type(value)
        if id(kind) in STAYING or classes.inherits(kind, type):
            return frozenset({Known(value)})
        if id(kind) in tables.PLAIN_IDS:
            return PLAIN
        if kind is tuple and len(value) <= _MOST_NAMES:
            return frozenset({Known(value)})
        use, _ = self.constants.setdefault(id(value), (Use("a global"), value))
        return frozenset({use})

    # -- operations ---------------------------------------------------------------------------------------------------

    def do(self, op: str, values: Values, inside: frozenset[Site] = frozenset()) -> None:
        """An operation is carried out on a value."""
        for value in values - PLAIN:
            kind = type(value)
            if kind is Use:
                value.ops.add(op)
            elif kind is Root:
                self._do_to_root(value, op)
            elif kind is Site:
                if op not in _FREE_OF_CONTENTS and value not in inside:
                    self.do("__repr__" if op in TEXTS else op, self.contents.read(value), inside | {value})
            elif kind is Known:
                self._do_to_known(value.value, op)
            elif kind is TypeOf:
                value.use.ops.add(CLASS_TEXT if op in TEXTS else TYPE)
            elif not (_is_plain(value) or (op in ("__bool__", "__len__") and kind in (Method, Made))):
                raise RefusedError(f"does {op} to what is not known")

    def _do_to_root(self, root: Root, op: str) -> None:
        if op in (ANY, CALL):
            raise RefusedError("hands the object itself on")
        method = find(root.cls, op)
        if type(method) is FunctionType:
            given = self.run(method, Arguments([frozenset({root})], {}, PLAIN if op in TEXTS else UNKNOWN))
            if op in COMPARING:
                self.do("__bool__", given)
        else:
            root.ops.add(op)

    def _do_to_known(self, value: Any, op: str) -> None:
        kind = type(value)
        if kind is tuple:
            if op not in _FREE_OF_CONTENTS:
                for item in value:
                    self.do("__repr__" if op in TEXTS else op, self.constant(item))
        elif classes.inherits(kind, type):
            if op == ANY or (op in TEXTS and not is_plain_class(value)):
                raise RefusedError("uses a class with a metaclass")
        elif kind is not str and op == ANY:
            raise RefusedError("hands a function on")

    def operate(self, left: Values, right: Values, sign: str, site: Site) -> Values:
        """``left sign right``; right is empty for operators with one side."""
        if sign == "%" and left and all(type(value) is Known and type(value.value) is str for value in left):
            for value in left:
                gaps.percent(self, value.value, right)
            return PLAIN
        both = left | right
        if all(value in PLAIN or (type(value) is Known and type(value.value) is str) for value in both):
            return PLAIN
        if sign.endswith("="):
            self.do(INPLACE, left)
        if right and all(type(value) is Site or type(value) is Known or value in PLAIN for value in both):
            found = self.elements(both)
            for value in (site, *(each for each in left if type(each) is Site)):
                self.contents.add(value, found)
            return frozenset({site}) | PLAIN
        self.do(ANY, both)
        return PLAIN

    def elements(self, values: Values) -> Values:
        """What iterating over a value gives, and what is in it."""
        found: set[Any] = set()
        for value in values:
            kind = type(value)
            if kind is Use:
                found.add(value)
            elif kind is Site:
                found |= self.contents.read(value)
            elif kind is Root:
                found |= self._elements_of_root(value)
            elif kind is Known and type(value.value) is tuple:
                for item in value.value:
                    found |= self.constant(item)
            elif _is_plain(value) or (kind is Known and type(value.value) is str):
                found |= PLAIN
            else:
                raise RefusedError("goes through what is not known")
        return frozenset(found)

    def item(self, container: Values, keys: list[Values]) -> Values:
        """What ``container[key]`` may give."""
        found: set[Any] = set()
        for value in container:
            if type(value) is Root and type(find(value.cls, "__getitem__")) is FunctionType:
                getter = find(value.cls, "__getitem__")
                found |= self.run(getter, Arguments([frozenset({value}), EMPTY.union(*keys)], {}))
            else:
                self.do("__getitem__", frozenset({value}))
                found |= self.elements(frozenset({value})) | {value}
        return frozenset(found)

    def go_through(self, values: Values, *, mapping: bool = False) -> Values:
        """What is in a container that is gone through, or copied as a mapping is."""
        for op in ("__iter__", "keys", "__getitem__") if mapping else ("__iter__",):
            self.do(op, values)
        return self.elements(values)

    def _elements_of_root(self, root: Root) -> Values:
        method = find(root.cls, "__iter__")
        if type(method) is FunctionType:
            return self.elements(self.run(method, Arguments([frozenset({root})], {})) - {root})
        return frozenset({root.member(CONTENTS)})

    # -- attributes ---------------------------------------------------------------------------------------------------

    def attribute(self, values: Values, name: str) -> Values:
        """What reading an attribute may give."""
        found: set[Any] = set()
        for value in values:
            kind = type(value)
            if kind is Use:
                found |= {TypeOf(value)} if name == "__class__" else {value.member(name)}
            elif kind is Root:
                found |= self._of_root(value, name)
            elif kind is Known:
                found |= self._of_known(value, name)
            elif kind is Super:
                found |= self._of_super(value, name)
            elif kind is Site or value in PLAIN:
                found.add(Method(value, name))
            elif kind is TypeOf and name in NAMES:
                value.use.ops.add(TYPE)
                found |= PLAIN
            elif _is_plain(value) or ((kind is Made or kind is Method) and name in NAMES):
                found |= PLAIN
            else:
                raise RefusedError(f"reads {name} of what is not known")
        return frozenset(found)

    def super_attribute(self, after: Values, receiver: Values, name: str) -> Values:
        """What ``super().name`` gives."""
        return self.attribute(calls.super_of(after, receiver), name)

    def _of_root(self, root: Root, name: str) -> Values:
        cls = root.cls
        assert cls is not None
        if not reads_plainly(cls):
            raise RefusedError("reads attributes of its own kind")
        if name == "__class__":
            return frozenset({Known(cls)})
        return self._bound(root, name, find(cls, name))

    def _bound(self, root: Root, name: str, attribute: Any) -> Values:
        """What the class has under the name, read from the object."""
        kind = type(attribute)
        if attribute is MISSING or id(kind) in PLACES:
            return frozenset({root.member(name)})
        if classes.lookup(kind, "__get__") is property.__dict__["__get__"]:
            getter = property.__dict__["fget"].__get__(attribute)
            if type(getter) is not FunctionType:
                raise RefusedError(f"reads the property {name}")
            return self.run(getter, Arguments([frozenset({root})], {}))
        if id(kind) in SHADOWED:
            root.unshadowed.add(name)
            return self._bound_once(root, name, attribute)
        if classes.lookup(kind, "__set__") is not None and classes.module_name(kind) not in ("enum", "types"):
            raise RefusedError(f"reads {name}, which runs code")
        return frozenset({root.member(name)})

    def _bound_once(self, root: Root, name: str, attribute: Any) -> Values:
        """For what the object has only as long as it has no attribute of its own with that name."""
        kind = type(attribute)
        if kind is FunctionType:
            return frozenset({Method(root, attribute)})
        if is_c_method(attribute):
            return frozenset({Method(root, name)})
        if kind is classmethod:
            return self._of_class_method(root.cls, attribute)
        return self.constant(attribute.__func__ if kind is staticmethod else attribute)

    def _of_class_method(self, cls: Any, attribute: classmethod[Any, Any, Any]) -> Values:
        function = attribute.__func__
        if type(function) is not FunctionType:
            raise RefusedError("calls an object")
        return frozenset({Method(Known(cls), function)})

    def _of_super(self, value: Super, name: str) -> Values:
        cls = value.receiver.cls
        order = list(classes.mro(cls))
        while order and order.pop(0) is not value.after.value:
            continue
        for base in order:
            if name in classes.namespace(base):
                attribute = classes.namespace(base)[name]
                if is_c_method(attribute):
                    return frozenset({Method(value.receiver, Known(attribute))})
                if type(attribute) is not FunctionType and type(attribute) is not property:
                    raise RefusedError(f"reads {name} of super()")
                return self._bound(value.receiver, name, attribute)
        return EMPTY

    def _of_known(self, value: Known, name: str) -> Values:
        held = value.value
        kind = type(held)
        if kind is ModuleType:
            found = classes.instance_dict(held).get(name, MISSING)
            if found is MISSING:
                raise RefusedError(f"reads {name} of a module")
            return self.constant(found)
        if classes.inherits(kind, type):
            return self._of_class(held, name)
        if kind is not str and kind is not tuple and name not in NAMES:
            raise RefusedError(f"reads {name} of a function")
        return frozenset({Method(value, name)}) if kind is str or kind is tuple else PLAIN

    def _of_class(self, cls: type, name: str) -> Values:
        if name in NAMES and is_named_plainly(cls):
            return PLAIN
        if not is_plain_class(cls):
            members = classes.namespace(cls).get("_member_map_")
            if type(members) is dict and name in members:
                return self.constant(members[name])
            raise RefusedError("uses a class with a metaclass")
        attribute = find(cls, name)
        kind = type(attribute)
        if kind is staticmethod:
            return self.constant(attribute.__func__)
        if kind is classmethod:
            return self._of_class_method(cls, attribute)
        if attribute is MISSING or (id(kind) not in FUNCTIONS and classes.lookup(kind, "__get__") is not None):
            raise RefusedError(f"reads {name} of a class")
        return self.constant(attribute)

    def call(self, callees: Values, arguments: Arguments, site: Site) -> Values:
        """What a call may give."""
        return calls.call(self, callees, arguments, site)


def _is_plain(value: Any) -> bool:
    """Whether it is plain, or an attribute of something plain."""
    return value in PLAIN or (type(value) is Method and value.receiver in PLAIN)
