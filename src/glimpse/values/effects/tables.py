"""Built-ins of which it is known what they do, and do not do, with what they are given."""

from __future__ import annotations

import _thread
import collections
import itertools
import operator
import os.path
import reprlib
import sys
import time
import types

from .places import ANY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "CHOOSING",
    "COLLECTING",
    "HASHING",
    "INERT",
    "OPS_OF_CALL",
    "PLAIN_IDS",
    "PLAIN_NAMES",
    "READING",
    "note_imported",
]

_PLAIN = (str, int, float, bool, complex, bytes, type(None), type(...), type(NotImplemented), range)
PLAIN_IDS: Final = set(map(id, _PLAIN))
"""Classes by their id: whatever is done to an instance of exactly this class changes nothing."""

PLAIN_NAMES: Final = frozenset({
    "datetime.date", "datetime.timedelta", "datetime.timezone", "decimal.Decimal", "re.Pattern",
    "fractions.Fraction", "ipaddress.IPv4Address", "ipaddress.IPv6Address", "ipaddress.IPv4Network",
    "ipaddress.IPv6Network", "uuid.UUID", "zoneinfo.ZoneInfo",
    *(
        f"{module}.{name}"
        for module in ("pathlib", "pathlib._local")
        for name in ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")
    ),
})  # fmt: skip
"""The same, of modules that need not be imported for it."""

_INERT = (
    types.FunctionType, types.BuiltinFunctionType, types.CodeType, types.FrameType, types.CellType,
    types.GetSetDescriptorType, types.MemberDescriptorType, types.WrapperDescriptorType, types.MethodDescriptorType,
    types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, object,
)  # fmt: skip
INERT: Final = frozenset(map(id, _INERT))
"""Classes whose instances can be shown, compared and asked for their names, but neither called nor gone through."""

READING: Final = frozenset({
    "as_posix", "as_tuple", "bit_length", "capitalize", "casefold", "center", "copy", "count", "date", "decode",
    "difference", "encode", "endswith", "expandtabs", "find", "format", "fromkeys", "get", "hex", "index",
    "intersection", "isalnum", "isalpha", "isdigit", "isdisjoint", "isidentifier", "isoformat", "issubset",
    "issuperset", "items", "join", "keys", "ljust", "lower", "lstrip", "most_common", "partition", "replace", "rfind",
    "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strftime", "strip", "swapcase",
    "symmetric_difference", "title", "tobytes", "tolist", "total_seconds", "translate", "union", "upper", "values",
    "zfill",
})  # fmt: skip
"""Methods that change no built-in container."""

_OPS = (
    ((repr, ascii, reprlib.repr), ("__repr__",)),
    ((str,), ("__str__",)),
    ((format,), ("__format__",)),
    ((len,), ("__len__",)),
    ((bool, operator.truth), ("__bool__", "__len__")),
    ((hash,), ("__hash__",)),
    ((any, all), ("__iter__", "__bool__", "__len__")),
    ((id, callable, object, sys.intern, _thread.get_ident, time.time, time.monotonic, os.getpid), ()),
    (
        (
            abs, bin, bytes, chr, complex, divmod, float, hex, int, oct, ord, pow, range, round, slice, sum,
            time.strftime, time.gmtime, time.localtime, os.fspath, os.path.basename, os.path.dirname, os.path.join,
            os.path.normpath, os.path.split, os.path.splitext,
        ),
        (ANY,),
    ),
)  # fmt: skip
OPS_OF_CALL: Final = {id(each): ops for functions, ops in _OPS for each in functions}
"""By the id of a function: what it does with each of its arguments. What it gives is plain."""

_LATER: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "datetime": (("date", "timedelta", "timezone"), ("date", "timedelta")),
    "decimal": (("Decimal",), ("Decimal",)),
    "math": ((), ("ceil", "floor", "isclose", "isfinite", "isinf", "isnan", "log10", "sqrt")),
    "re": (("Pattern",), ("escape",)),
    "textwrap": ((), ("dedent", "indent", "shorten")),
}
"""Plain classes, and functions that do anything with their arguments, of modules that need not be imported for it."""


def note_imported() -> None:
    """Know of the modules that the program has imported since. To be called before code is looked at."""
    for name in [each for each in _LATER if each in sys.modules]:
        module = sys.modules[name]
        if not getattr(getattr(module, "__spec__", None), "_initializing", False):
            classes, functions = _LATER.pop(name)
            PLAIN_IDS.update(id(getattr(module, each)) for each in classes)
            OPS_OF_CALL.update((id(getattr(module, each)), (ANY,)) for each in functions)


_HASHING = (set, frozenset, dict, collections.OrderedDict, collections.Counter)
_COLLECTING = (
    *_HASHING, list, tuple, sorted, reversed, iter, enumerate, zip, collections.deque, itertools.chain,
    itertools.islice, itertools.zip_longest,
)  # fmt: skip
COLLECTING: Final = frozenset(map(id, _COLLECTING))
"""What gives a new container, or iterator, of what is in its arguments."""

HASHING: Final = frozenset(map(id, _HASHING))
CHOOSING: Final = frozenset(map(id, (min, max, next)))
"""What gives one of the items."""
