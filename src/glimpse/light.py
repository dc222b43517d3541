"""Stand-ins for ``contextlib``, ``dataclasses``, ``functools``, ``importlib`` and ``typing``, in modules of the start.

Importing those takes longer than a plain Python takes to start. Type checkers are shown the real ones::

    TYPE_CHECKING = False
    if TYPE_CHECKING:
        from dataclasses import dataclass as record
    else:
        from glimpse.light import record

A record is a dataclass to whoever asks: ``dataclasses.fields``, ``replace``, ``asdict`` and ``copy.replace`` take it.
"""

from __future__ import annotations

from _collections import _tuplegetter  # type: ignore[import-not-found] # which collections.namedtuple uses too
from _frozen_importlib import _gcd_import as import_module  # type: ignore[attr-defined]

from glimpse.precompiled import execute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "KW_ONLY",
    "Generic",
    "NamedTuple",
    "Protocol",
    "cache",
    "cached_property",
    "cast",
    "contextmanager",
    "field",
    "fields",
    "import_module",
    "on_demand",
    "overload",
    "record",
    "replace",
    "runtime_checkable",
]

KW_ONLY = "KW_ONLY"
"""Annotates ``_``, as in ``dataclasses``: the fields after it are keywords."""

_REQUIRED: Any = type("_Required", (), {"__repr__": lambda self: "<required>"})()
_set = object.__setattr__
_MOST_REMEMBERED = 4096


class Field:
    """One field of a record; see ``dataclasses.field``."""

    __slots__ = ("annotation", "default", "factory", "hashed", "keyword", "metadata", "name")

    def __init__(self, default: Any, factory: Any, hashed: bool, metadata: dict[str, Any]) -> None:
        self.name = self.annotation = ""
        self.default, self.factory, self.hashed, self.metadata = default, factory, hashed, metadata
        self.keyword = False


def field(*, default: Any = _REQUIRED, default_factory: Any = None, hash: bool = True, metadata: Any = None) -> Any:
    """A field with more to say than its default; see ``dataclasses.field``."""
    return Field(default, default_factory, hash, metadata or {})


def fields(cls: Any) -> tuple[Field, ...]:
    """The fields of a record's class, in their order."""
    found: tuple[Field, ...] = cls.__record_fields__
    return found


def replace(made: Any, /, **changes: Any) -> Any:
    """A record like this one but for these fields."""
    return type(made)(**{each.name: getattr(made, each.name) for each in fields(type(made))} | changes)


def record(*, frozen: bool = False, slots: bool = False, eq: bool = True, repr: bool = True) -> Callable[[Any], Any]:
    """Make a class's annotations its fields; see ``dataclasses.dataclass``."""

    def decorate(cls: Any) -> Any:
        found = tuple(_declared(cls))
        if slots:
            cls = _with_slots(cls, found)
        cls.__record_fields__ = found
        cls.__dataclass_fields__ = _DataclassFields()
        cls.__match_args__ = tuple(each.name for each in found if not each.keyword)  # type: ignore[misc]
        cls.__replace__ = replace
        cls.__init__ = _constructor(cls, found, frozen)
        if repr:
            _offer(cls, "__repr__", _repr)
        if eq:
            _offer(cls, "__eq__", _equal)
            cls.__hash__ = _hash if frozen else None
        if frozen:
            cls.__setattr__, cls.__delattr__ = _refuse_to_set, _refuse_to_delete
            if slots:
                cls.__getstate__, cls.__setstate__ = _state, _restore
        return cls

    return decorate


def _declared(cls: Any) -> Any:
    keyword = False
    for name, annotation in vars(cls).get("__annotations__", {}).items():
        if annotation == "KW_ONLY":
            keyword = True
            continue
        value = cls.__dict__.get(name, _REQUIRED)
        each = value if isinstance(value, Field) else Field(value, None, True, {})
        each.name, each.annotation, each.keyword = name, annotation, keyword
        if each.default is not _REQUIRED:
            setattr(cls, name, each.default)
        elif value is not _REQUIRED:
            delattr(cls, name)
        yield each


def _with_slots(cls: Any, found: tuple[Field, ...]) -> Any:
    names = [each.name for each in found]
    left = {name: value for name, value in vars(cls).items() if name not in (*names, "__dict__", "__weakref__")}
    return type(cls)(cls.__name__, cls.__bases__, {**left, "__slots__": tuple(names), "__qualname__": cls.__qualname__})


def _constructor(cls: Any, found: tuple[Field, ...], frozen: bool) -> Any:
    """``__init__``, compiled, for it to be fast and to have the signature that people are shown."""
    scope: dict[str, Any] = {"_set": _set, "_MADE": _REQUIRED}
    head, body = ["self"], []
    for each in found:
        name, value = each.name, each.name
        if each.keyword and "*" not in head:
            head.append("*")
        if each.factory is not None:
            scope[f"_f_{name}"] = each.factory
            head.append(f"{name}=_MADE")
            value = f"_f_{name}() if {name} is _MADE else {name}"
        elif each.default is not _REQUIRED:
            scope[f"_d_{name}"] = each.default
            head.append(f"{name}=_d_{name}")
        else:
            head.append(name)
        body.append(f" _set(self, {name!r}, {value})" if frozen else f" self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    execute(f"def __init__({', '.join(head)}):\n" + "\n".join(body), scope)
    made = scope["__init__"]
    made.__qualname__, made.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    made.__annotations__ = {each.name: each.annotation for each in found} | {"return": None}
    return made


def _offer(cls: Any, name: str, method: Any) -> None:
    if name not in vars(cls):
        setattr(cls, name, method)


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, each.name) for each in fields(type(self)))


def _repr(self: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(type(self)))
    return f"{type(self).__qualname__}({shown})"


def _equal(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(tuple(getattr(self, each.name) for each in fields(type(self)) if each.hashed))


def _refuse_to_set(self: Any, name: str, value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return list(_values(self))


def _restore(self: Any, state: list[Any]) -> None:
    for each, value in zip(fields(type(self)), state, strict=True):
        _set(self, each.name, value)


class _DataclassFields:
    """What ``dataclasses`` looks for, made when somebody does."""

    def __get__(self, instance: object, owner: Any) -> dict[str, Any]:
        import dataclasses

        given = [(each.name, each.annotation, _as_dataclass_field(each)) for each in fields(owner)]
        made: Any = dataclasses.make_dataclass(owner.__name__, given, eq=False, repr=False)
        owner.__dataclass_fields__ = made.__dataclass_fields__
        found: dict[str, Any] = made.__dataclass_fields__
        return found


def _as_dataclass_field(each: Field) -> Any:
    import dataclasses

    default = {"default": each.default} if each.default is not _REQUIRED else {}
    if each.factory is not None:
        default = {"default_factory": each.factory}
    return dataclasses.field(
        **default, hash=None if each.hashed else False, metadata=each.metadata, kw_only=each.keyword
    )


class cached_property:  # noqa: N801 - the name that it stands for
    """``functools.cached_property``."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: object, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: object = None) -> Any:
        if instance is None:
            return self
        found = instance.__dict__[self._name] = self._function(instance)
        return found


def cache(function: Callable[..., Any]) -> Any:
    """``functools.cache``, which here forgets everything when it has come to remember much."""
    known: dict[Any, Any] = {}

    def remembered(*arguments: Any) -> Any:
        try:
            return known[arguments]
        except KeyError:
            if len(known) >= _MOST_REMEMBERED:
                known.clear()
            found = known[arguments] = function(*arguments)
            return found

    remembered.cache_clear = known.clear  # type: ignore[attr-defined]
    return remembered


def contextmanager(function: Callable[..., Any]) -> Any:
    """``contextlib.contextmanager``, for ``with`` alone."""

    def manager(*arguments: Any, **keywords: Any) -> _Managed:
        return _Managed(function(*arguments, **keywords))

    manager.__doc__ = function.__doc__
    return manager


class _Managed:
    """Runs a generator up to its ``yield``, and from there on at the end."""

    def __init__(self, steps: Any) -> None:
        self._steps = steps

    def __enter__(self) -> Any:
        return next(self._steps)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if error is None:
            next(self._steps, None)
            return False
        try:
            self._steps.throw(error)
        except StopIteration as end:
            return end is not error
        except BaseException as raised:
            if raised is error or (type(error) is StopIteration and raised.__cause__ is error):
                return False
            raise
        raise RuntimeError("a context manager goes on after its end")


def on_demand(package: str, homes: dict[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """A package's ``__getattr__`` that imports names with the first look at them.

    :param homes: the names, by the module of the package that they are in.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def get(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module: Any = import_module(f"{package}.{home_of[name]}")
        return getattr(module, name)

    return get


class Protocol:
    """``typing.Protocol`` for classes that are nothing but a description."""


class _Checked(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return all(hasattr(type(instance), name) for name in vars(cls) if not name.startswith("_"))


def runtime_checkable(cls: Any) -> Any:
    """``typing.runtime_checkable``, by the class of what is asked about."""
    return _Checked(
        cls.__name__, (), {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    )


class Generic:
    """``typing.Generic``."""

    def __class_getitem__(cls, item: object) -> Any:
        return cls


def cast(kind: object, value: Any) -> Any:
    """``typing.cast``."""
    return value


def overload(function: Any) -> Any:
    """``typing.overload``."""
    return function


class _Named(tuple):  # type: ignore[type-arg]
    """What named tuples have in common."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({shown})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def _replace(self, /, **changes: Any) -> Any:
        return type(self)(**{**self._asdict(), **changes})

    __replace__ = _replace


class _NamedTupleMeta(type):
    def __new__(cls, name: str, bases: Any, namespace: dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, namespace)
        annotations = dict(namespace.get("__annotations__", {}))
        names = tuple(annotations)
        scope: dict[str, Any] = {"_new": tuple.__new__}
        execute(f"def __new__(_cls, {', '.join(names)}): return _new(_cls, ({', '.join(names)},))", scope)
        made = scope["__new__"]
        made.__qualname__, made.__module__ = f"{namespace['__qualname__']}.__new__", namespace["__module__"]
        made.__annotations__ = annotations
        made.__defaults__ = tuple(namespace[each] for each in names if each in namespace)
        places = {each: _tuplegetter(place, None) for place, each in enumerate(names)}
        own = {"__slots__": (), "__new__": made, "__match_args__": names, "_fields": names}
        return type(name, (_Named,), {**namespace, **places, **own})


class NamedTuple(metaclass=_NamedTupleMeta):
    """``typing.NamedTuple``."""
