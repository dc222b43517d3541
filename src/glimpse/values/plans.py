"""Classes that declare their fields: dataclasses, attrs, named tuples, msgspec; and what ``repr`` shows of them."""

from __future__ import annotations

from types import FunctionType, MethodType

from . import classes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple
else:
    from glimpse.light import NamedTuple

__all__ = ["Plan", "plan_of"]


class Plan(NamedTuple):
    """What is shown of the instances of a class."""

    name: str
    fields: tuple[str, ...]
    generated: bool  # the class's own repr would show the same
    indexed: bool = False  # the fields are a tuple's items


def plan_of(cls: type) -> Plan | None:
    """The fields that the class declares to its library, or None if it declares none."""
    shown: Any = classes.lookup(cls, "__repr__")
    for recognise in (_dataclass, _attrs, _named_tuple, _struct):
        plan = recognise(cls, shown)
        if plan is not None:
            return plan
    return None


def _dataclass(cls: type, shown: Any) -> Plan | None:
    declared = _declared(cls, "__dataclass_fields__")
    if type(declared) is not dict:
        return None
    fields = [field for field in declared.values() if field.repr and field._field_type.name == "_FIELD"]
    wrapped: Any = shown.__dict__.get("__wrapped__") if type(shown) is FunctionType else None
    generated = type(wrapped) is FunctionType and wrapped.__code__.co_filename == "<string>"
    return Plan(classes.qualified_name(cls), tuple(field.name for field in fields), generated)


def _attrs(cls: type, shown: Any) -> Plan | None:
    declared = _declared(cls, "__attrs_attrs__")
    if declared is None or not classes.inherits(type(declared), tuple):
        return None
    generated = type(shown) is FunctionType and shown.__code__.co_filename.startswith("<attrs generated")
    names = tuple(field.name for field in declared if field.repr)
    own_texts = any(field.repr not in (True, False) and not _only_shortens(field.repr) for field in declared)
    return Plan(classes.qualified_name(cls).rsplit(">.", 1)[-1], names, generated and not own_texts)


def _only_shortens(shown: Any) -> bool:
    """Whether it is the ``repr`` of ``reprlib``, which takes ten times as long and says no more."""
    return type(shown) is MethodType and classes.dotted_name(type(shown.__self__)) == "reprlib.Repr"


def _named_tuple(cls: type, shown: Any) -> Plan | None:
    names = classes.lookup(cls, "_fields")
    if type(names) is not tuple or not classes.inherits(cls, tuple) or not all(type(name) is str for name in names):
        return None
    generated = type(shown) is FunctionType and shown.__globals__.get("__name__") == "collections"
    return Plan(classes.class_name(cls), names, generated, indexed=True)


def _struct(cls: type, shown: Any) -> Plan | None:
    names = classes.lookup(cls, "__struct_fields__")
    if type(names) is not tuple or not any(classes.module_name(base) == "msgspec" for base in classes.mro(cls)):
        return None
    return Plan(classes.class_name(cls), names, generated=type(shown) is not FunctionType)


def _declared(cls: type, name: str) -> Any:
    """The declaration of the class whose ``__repr__`` is inherited: what a base generated shows the base's fields."""
    own = classes.namespace(classes.owner(cls, "__repr__"))
    return own[name] if name in own else classes.lookup(cls, name)
