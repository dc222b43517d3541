"""JSON of what is recorded: by orjson, or, until that is loaded, by what Python has built in.

orjson asks for ``dataclasses``, ``uuid`` and ``json``, which ask for thirty other modules. Loading them takes twice as
long as Python's start: a program that records little, and has none of them, does without. Its lines are the same, for
a tenth more per call where arguments are numbers, and less where they are not.

orjson is loaded where the program imports something included, if it costs next to nothing by then; else by the thread
that writes what has waited, in whatever lasts longer than the flush interval or records more than a full buffer. It is
never loaded in a traced call. That ``sys.modules`` may grow by what other threads do is what Python's documentation has
for programs that go through it; all the same the thread leaves it alone as long as anybody holds it, as who goes
through it does.
"""

from __future__ import annotations

import sys
from _frozen_importlib import _module_locks  # type: ignore[attr-defined] # one for each module that is being imported
from _json import encode_basestring, encode_basestring_ascii, make_encoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final

__all__ = ["JSON", "ascii_json"]

_NEEDED: Final = frozenset({"dataclasses", "json", "uuid"})
_OF_INTEGERS: Final = b"-0123456789,"
_LARGE: Final = 10**18
_ESCAPED: Final = bytes(range(0x20)) + b'"\\'


class _Json:
    """How values are encoded: ``dumps`` and ``integers`` are replaced by those of orjson when it is loaded.

    ``dumps``: compact JSON in UTF-8 of a string, or of lists and dictionaries of strings and finite numbers. Raises
    TypeError for what UTF-8 or JSON cannot hold.
    ``integers``: the texts of integers, all at once; None if one is something else, or large.
    """

    def __init__(self) -> None:
        self.dumps: Callable[[Any], bytes] = _dumps
        self.integers: Callable[[Sequence[Any]], list[str] | None] = _integers
        self.is_built_in = True
        self._references = sys.maxsize

    def load(self) -> None:
        """Use orjson from now on, whatever it costs to load."""
        if not self.is_built_in:
            return
        for needed in (
            *_NEEDED,
            "datetime",
        ):  # orjson takes it that they can be had, and crashes where the process may not read them
            __import__(needed)
        import orjson

        dumps = orjson.dumps

        def integers(values: Sequence[Any]) -> list[str] | None:
            try:
                data = dumps(values)[1:-1]
            except TypeError:  # of more than 64 bits
                return None
            return None if data.translate(None, _OF_INTEGERS) else data.decode().split(",")

        self.dumps, self.integers, self.is_built_in = dumps, integers, False

    def load_if_cheap(self) -> None:
        """Use orjson if what it needs is there. To be called where the program imports something."""
        self._references = min(self._references, sys.getrefcount(sys.modules))
        if self.is_built_in and ("orjson" in sys.modules or sys.modules.keys() >= _NEEDED):
            self._try()

    def load_in_thread(self) -> None:
        """Use orjson unless somebody goes through ``sys.modules`` or imports. To be called by a thread of ours.

        Who imports may hold the interpreter's lock on finding modules and then want what is being imported here.
        """
        if not self.is_built_in or "gevent.monkey" in sys.modules or _module_locks:
            return
        if sys.getrefcount(sys.modules) <= self._references:
            self._try()

    def _try(self) -> None:
        try:
            self.load()
        except Exception:  # the program has something else by one of those names: it does without
            self.is_built_in = False


def _dumps(value: Any) -> bytes:
    try:
        if type(value) is str:
            data = value.encode()
            is_plain = len(data.translate(None, _ESCAPED)) == len(data)  # five times as fast as looking by escaping
            return b'"%b"' % data if is_plain else encode_basestring(value).encode()
        return "".join(_encoded(value, 0)).encode()
    except ValueError as error:  # lone surrogates, numbers that are not finite
        raise TypeError(str(error)) from None


def _refused(value: object) -> Any:
    raise TypeError(f"no JSON for {type(value).__name__}")


_encoded: Final = make_encoder(None, _refused, encode_basestring, None, ":", ",", False, False, False)


_encoded_ascii: Final = make_encoder(None, repr, encode_basestring_ascii, None, ":", ",", False, False, True)


def ascii_json(value: Any) -> bytes:
    """JSON in ASCII, of lone surrogates and large integers too; of what JSON has no type for, its ``repr``."""
    return "".join(_encoded_ascii(value, 0)).encode()


def _integers(values: Sequence[Any]) -> list[str] | None:
    if set(map(type, values)) != {int} or max(values) > _LARGE or min(values) < -_LARGE:
        return None
    return list(map(repr, values))


JSON: Final = _Json()
