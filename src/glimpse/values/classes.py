"""What a class is, asked without running any code of the class or of its metaclass."""

from __future__ import annotations

from types import FunctionType, GetSetDescriptorType, MemberDescriptorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

__all__ = [
    "class_name",
    "dotted_name",
    "has_plain_dict",
    "inherits",
    "instance_dict",
    "lookup",
    "may_run_code",
    "module_name",
    "mro",
    "namespace",
    "owner",
    "qualified_name",
    "slot_names",
]

_mro = type.__dict__["__mro__"].__get__
_namespace = type.__dict__["__dict__"].__get__
_name = type.__dict__["__name__"].__get__
_qualname = type.__dict__["__qualname__"].__get__
_module = type.__dict__["__module__"].__get__
_attribute = object.__getattribute__


def mro(cls: type) -> tuple[type, ...]:
    """The class and its bases, in the order of look-up."""
    found: tuple[type, ...] = _mro(cls)
    return found


def namespace(cls: type) -> Mapping[str, Any]:
    """What the class itself defines."""
    found: Mapping[str, Any] = _namespace(cls)
    return found


def inherits(cls: type, base: type) -> bool:
    """Whether the class is the base or a subclass of it, not asking their metaclasses."""
    for ancestor in _mro(cls):  # noqa: SIM110 (half the cost of a generator)
        if ancestor is base:
            return True
    return False


def lookup(cls: type, name: str) -> Any:
    """What the class or the first of its bases that has the name defines, unbound; None if nobody does."""
    for base in _mro(cls):
        if name in _namespace(base):
            return _namespace(base)[name]
    return None


def owner(cls: type, name: str) -> type:
    """The class or the first of its bases that defines the name; ``object`` if nobody does."""
    for base in _mro(cls):
        if name in _namespace(base):
            found: type = base
            return found
    return object


def class_name(cls: type) -> str:
    """The class's bare name."""
    name: str = _name(cls)
    return name


def qualified_name(cls: type) -> str:
    """The class's ``__qualname__``."""
    name: str = _qualname(cls)
    return name


def module_name(cls: type) -> str:
    """The name of the module that defines the class; empty if it is not a text."""
    name = _module(cls)
    return name if type(name) is str else ""


def dotted_name(cls: type) -> str:
    """``module.qualname``, and the bare name of a built-in class."""
    module = module_name(cls)
    return qualified_name(cls) if module in ("", "builtins") else f"{module}.{qualified_name(cls)}"


def has_plain_dict(cls: type) -> bool:
    """Whether its instances have the ordinary ``__dict__``, not a property that runs code."""
    return type(lookup(cls, "__dict__")) is GetSetDescriptorType


def instance_dict(value: object) -> dict[str, Any]:
    """The instance's own attributes. Only for classes with ``has_plain_dict``."""
    found: dict[str, Any] = _attribute(value, "__dict__")
    return found


def may_run_code(attribute: object) -> bool:
    """Whether reading an instance's attribute runs code because of what the class has under the name: a property."""
    kind = type(attribute)
    if kind is MemberDescriptorType or kind is GetSetDescriptorType or kind is FunctionType:
        return False
    return lookup(kind, "__get__") is not None


def slot_names(cls: type) -> Iterator[str]:
    """The names of ``__slots__`` of the class and its bases that it has nothing else in the place of."""
    for base in _mro(cls):
        for name, attribute in _namespace(base).items():
            if type(attribute) is MemberDescriptorType and lookup(cls, name) is attribute:
                yield name
