"""How many classes with a ``__repr__`` of their own have their text made, and why the others do not.

    python benchmarks/own_texts.py sqlalchemy django rich

Looks through the classes of the standard library and of the packages that are named, as far as they can be imported.
Beside what passes it counts what would pass if values were not followed through the code: methods of nothing but
instructions and built-in functions that are harmless whatever they are used on. ``--quick`` only sees that it runs.
"""

from __future__ import annotations

import argparse
import contextlib
import dis
import gc
import importlib
import io
import pkgutil
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from types import FunctionType

from glimpse.values.effects import refusal

LEFT_OUT = {"antigravity", "this", "idlelib", "turtledemo", "turtle", "test", "tkinter", "lib2to3"}
MOST_MODULES = 60
HARMLESS = (
    "LOAD_", "FORMAT_", "BUILD_", "RETURN_", "CALL", "PRECALL", "CONVERT_VALUE", "COPY", "RESUME", "PUSH_NULL",
    "KW_NAMES",
)  # fmt: skip
FUNCTIONS = {"repr", "str", "type", "len", "format", "id", "hex", "bool", "int"}


def import_all(names: Iterable[str]) -> None:
    """Import modules and what is right below them; those that cannot be are left out."""
    for name in names:
        with contextlib.suppress(BaseException), contextlib.redirect_stdout(io.StringIO()):
            module = importlib.import_module(name)
            for _, below, _ in [*pkgutil.iter_modules(getattr(module, "__path__", []))][:MOST_MODULES]:
                if below not in ("__main__", "test", "tests"):
                    with contextlib.suppress(BaseException):
                        importlib.import_module(f"{name}.{below}")


def methods() -> Iterator[tuple[type, FunctionType]]:
    """The classes that define a ``__repr__`` in Python, with it."""
    for cls in [each for each in gc.get_objects() if issubclass(type(each), type)]:
        shown = type.__dict__["__dict__"].__get__(cls).get("__repr__")
        if type(shown) is FunctionType and not str(cls.__module__).startswith("glimpse"):
            yield cls, shown


def is_simple(cls: type, shown: FunctionType) -> bool:
    """Whether it would pass if values were not followed."""
    for each in dis.get_instructions(shown):
        if not each.opname.startswith(HARMLESS) and each.opname != "BINARY_OP":
            return False
        if each.opname == "LOAD_GLOBAL" and each.argval not in FUNCTIONS:
            return False
        if each.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            called = each.opname == "LOAD_METHOD" or (sys.version_info >= (3, 12) and bool((each.arg or 0) & 1))
            if (called and each.argval != "format") or isinstance(getattr(cls, each.argval, None), property):
                return False
    return True


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description="How many classes have their own text made.")
    parser.add_argument("--quick", action="store_true", help="a few modules: only see that it runs")
    parser.add_argument("packages", nargs="*", help="to look through, besides the standard library")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    library = ["fractions", "asyncio"] if options.quick else sorted(sys.stdlib_module_names - LEFT_OUT)
    import_all([name for name in library if not name.startswith("_")] + options.packages)
    found = [(cls, shown, refusal(cls, "__repr__")) for cls, shown in methods()]
    made = [(cls, shown) for cls, shown, why in found if not why]
    simple = sum(is_simple(cls, shown) for cls, shown in made)
    print(f"{len(found)} classes; {len(made)} have their text made; {simple} would without following values")
    for why, count in Counter(why for _, _, why in found if why).most_common(10):
        print(f"{count:6} {why}")


if __name__ == "__main__":
    main()
