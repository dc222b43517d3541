"""Classes of well-known libraries, recognised by the names of their bases' modules; none is imported for it."""

from __future__ import annotations

from itertools import chain
from types import GetSetDescriptorType

from . import classes
from .fields import attributes_renderer, held_renderer
from .hostile import GuardedCall
from .leaves import by_type
from .limits import shorten
from .walk import Path, Render, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Final

__all__ = ["is_shown_by_type", "recognise"]

_BY_TYPE: Final = frozenset({
    # Streams, processes, locks and the like of the standard library, and what holds the environment.
    "_asyncio", "_contextvars", "_io", "_socket", "_ssl", "asyncio.base_events", "asyncio.futures", "asyncio.queues",
    "asyncio.streams", "asyncio.tasks", "concurrent.futures", "itertools", "multiprocessing", "os._Environ",
    "selectors", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "weakref",
    # Proxies and mocks: touching them touches, or sets up, what is behind them.
    "celery.local", "django.conf", "django.utils.functional", "lazy_object_proxy", "mock", "peewee", "unittest.mock",
    "werkzeug.local", "wrapt", "zope.proxy",
    # Lazy queries and sessions: their text would ask a database or a cluster.
    "django.core.paginator", "django.db.models.fields.files", "django.db.models.manager", "django.db.models.query",
    "ibis", "mongoengine.queryset", "polars.lazyframe", "pyspark", "rest_framework.serializers", "sqlalchemy.engine",
    "sqlalchemy.ext.asyncio", "sqlalchemy.orm.dynamic", "sqlalchemy.orm.query", "sqlalchemy.orm.scoping",
    "sqlalchemy.orm.session", "sqlalchemy.orm.writeonly",
    # Long to show, and large.
    "torch.nn.modules.module",
})  # fmt: skip
_SHAPED: Final = frozenset({
    "cudf", "cupy", "dask", "h5py", "jax", "jaxlib", "modin", "numpy", "pandas", "polars", "pyarrow", "scipy",
    "tensorflow", "torch", "xarray",
})  # fmt: skip
_SCALARS: Final = frozenset({
    "numpy.bool", "numpy.bool_", "numpy.character", "numpy.datetime64", "numpy.number"
})  # fmt: skip
_MODELS: Final = frozenset({"pydantic.main.BaseModel", "pydantic.v1.main.BaseModel"})
_LONGEST_DTYPE = 80
_MOST_DTYPES = 6
_MOST_KINDS = 64


def recognise(walk: Walk, cls: type) -> Render | None:
    """The renderer of a class with a base from one of the known libraries; None for all others."""
    bases = [(classes.module_name(base), classes.dotted_name(base), base) for base in classes.mro(cls)]
    names = {dotted for _, dotted, _ in bases}
    name = classes.class_name(cls)
    if not _MODELS.isdisjoint(names):
        return _pydantic(walk, cls)
    if "sqlalchemy.engine.row.Row" in names:
        return attributes_renderer(walk, name, _row)
    mapped = classes.lookup(cls, "_sa_class_manager")
    if "django.db.models.base.Model" in names or mapped is not None:
        loaded = _loaded(tuple(dict.keys(mapped)) if classes.inherits(type(mapped), dict) else ())
        return held_renderer(walk, cls, name, loaded) if classes.has_plain_dict(cls) else by_type
    if any(_is_within(dotted, _BY_TYPE) for dotted in names) and not classes.inherits(cls, BaseException):
        return by_type
    for module, _, base in bases:
        if module.partition(".")[0] in _SHAPED:
            return None if not _SCALARS.isdisjoint(names) else _shaped(module.partition(".")[0], name, base)
    return None


def is_shown_by_type(cls: type) -> bool:
    """Whether the text of such objects might touch what they stand for, or is never made for another reason."""
    return not classes.inherits(cls, BaseException) and any(
        _is_within(classes.dotted_name(base), _BY_TYPE) or classes.module_name(base).partition(".")[0] in _SHAPED
        for base in classes.mro(cls)
    )


def _is_within(module: str, modules: frozenset[str]) -> bool:
    while module and module not in modules:
        module = module.rpartition(".")[0]
    return bool(module)


def _loaded(first: tuple[str, ...]) -> Callable[[Iterable[str]], Sequence[str]]:
    """What an instance has loaded already, in a known order: asking it for anything else would run a query."""

    def shown(names: Iterable[str]) -> Sequence[str]:
        held = dict.fromkeys(names)
        return [name for name in dict.fromkeys((*(name for name in first if name in held), *held)) if name[:1] != "_"]

    return shown


def _row(value: Any) -> Iterable[tuple[str, Any]]:
    data = object.__getattribute__(value, "_data")
    places = object.__getattribute__(value, "_key_to_index")
    return [(key, data[place]) for key, place in places.items() if type(key) is str and type(place) is int]


def _pydantic(walk: Walk, cls: type) -> Render | None:
    writers = (classes.lookup(cls, "__repr__"), classes.lookup(cls, "__repr_args__"))
    if not all(str(getattr(writer, "__module__", "")).startswith("pydantic") for writer in writers):
        return None
    found: list[Any] = [classes.lookup(cls, name) for name in _DECLARATIONS]
    declared = next((each for each in found if each and type(each) is dict), {})
    unseen = {name for name, field in declared.items() if not _is_shown(field)}

    def attributes(value: Any) -> Iterable[tuple[str, Any]]:
        held: Iterable[tuple[str, Any]] = classes.instance_dict(value).items()
        extra = _own(value, "__pydantic_extra__")
        if type(extra) is dict:
            held = chain(held, extra.items())
        return [(name, field) for name, field in held if name not in unseen]

    if not classes.has_plain_dict(cls):
        return None
    name = classes.class_name(cls)
    general = attributes_renderer(walk, name, attributes)
    of_declared = held_renderer(walk, cls, name, lambda names: [each for each in names if each not in unseen])

    def render(value: Any, room: int, path: Path) -> str:
        extra = _own(value, "__pydantic_extra__")
        return (general if type(extra) is dict and extra else of_declared)(value, room, path)

    return render


_DECLARATIONS = ("__pydantic_fields__", "model_fields", "__fields__")


def _is_shown(field: Any) -> bool:
    described = getattr(field, "field_info", field)
    return getattr(described, "repr", True) is not False


def _own(value: Any, name: str) -> Any:
    try:
        return object.__getattribute__(value, name)
    except AttributeError:
        return None


def _shaped(root: str, name: str, base: type) -> Render | None:
    shape, dtype = classes.lookup(base, "shape"), classes.lookup(base, "dtype")
    if shape is None:
        return None
    guarded = GuardedCall(lambda value: _described(value, shape, dtype), name)
    in_c = type(shape) is GetSetDescriptorType and type(dtype) is GetSetDescriptorType
    call: Callable[[Any], str] = guarded.silently if in_c else guarded

    def render(value: Any, room: int, _path: Path) -> str:
        return shorten(f"<{root}.{name} {call(value)}>", room)

    return render


def _described(value: Any, shape: Any, dtype: Any) -> str:
    sizes = shape.__get__(value)
    if not classes.inherits(type(sizes), tuple) or not all(type(size) is int for size in sizes):
        return f"object at {id(value):#x}"
    kinds = [dtype.__get__(value)] if hasattr(type(dtype), "__get__") else _column_kinds(value)
    text = _kind_text(kinds[0]) if len(kinds) == 1 else ", ".join(sorted(set(map(_kind_text, kinds[:_MOST_DTYPES]))))
    return f"shape={tuple(sizes)}{f' dtype={text}' if text else ''}"


def _kind_text(kind: Any) -> str:
    """The text of a dtype. Those of numpy without fields do not change; their text, made in Python, is kept."""
    known = _kind_texts.get(id(kind))
    if known is not None and known[0] is kind:
        return known[1]
    text = str(kind)[:_LONGEST_DTYPE]
    if classes.module_name(type(kind)).partition(".")[0] == "numpy" and "[" not in text:
        if len(_kind_texts) >= _MOST_KINDS:
            _kind_texts.clear()
        _kind_texts[id(kind)] = (kind, text)
    return text


_kind_texts: dict[int, tuple[Any, str]] = {}


def _column_kinds(value: Any) -> list[Any]:
    manager = getattr(value, "_mgr", None)
    if manager is not None:
        return [block.dtype for block in manager.blocks]
    kinds = getattr(value, "dtypes", ())
    return kinds if type(kinds) is list else []
