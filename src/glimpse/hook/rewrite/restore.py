"""The line of a frame that an exception has left, as it was: a change to the compiled handlers.

An ordinary ``except`` ends by raising again from its own place, so the dead frame's ``f_lineno`` would be the
handler's, which stands nowhere. The compiler has a form that gives the place of the original raise back (a ``with``
block uses it): the exception table's entry says "keep the last instruction", and the re-raise says where it was kept.
This module gives the injected handlers that form. Where the expected instructions are not found, a code object stays
as it was compiled: still correct, but for ``f_lineno`` of dead frames.

The table's format: CPython's ``Objects/exception_handling_notes.txt``.
"""

from __future__ import annotations

import opcode
from collections.abc import Iterator
from types import CodeType
from typing import Final, NamedTuple

from ...compat import HAS_EXCEPTION_TABLE, KEEPS_COLUMNS
from ..placeholder import hook_name
from .lines import without_guesses

__all__ = ["restore_positions"]

_OP: Final = opcode.opmap
_RERAISE: Final = _OP["RERAISE"]
_LOAD_CONST: Final = _OP["LOAD_CONST"]
_EXTENDED: Final = _OP["EXTENDED_ARG"]
_LEAVING: Final = ("raised", "thrown", "leave")
_LONGEST_HANDLER: Final = 40  # code units from a handler's start to its re-raise, caches included
_BEFORE_HOOK: Final = {_OP.get(name) for name in ("PUSH_EXC_INFO", "PUSH_NULL", "DUP_TOP", "EXTENDED_ARG")}
_NOT_IN_HANDLER: Final = {_OP.get(name) for name in ("RETURN_VALUE", "RETURN_CONST", "YIELD_VALUE")}
_GUESSES_ALL: Final = "RETURN_CONST" not in _OP  # else only returns of what is no constant
_KEPT_AT: Final = 2 if HAS_EXCEPTION_TABLE else 1


def restore_positions(code: CodeType) -> CodeType:
    """The same code, nested code included, whose injected handlers leave the frame's position as they found it."""
    consts = tuple(restore_positions(const) if isinstance(const, CodeType) else const for const in code.co_consts)
    handlers = dict(_handlers(code))
    if not handlers:
        same = all(new is old for new, old in zip(consts, code.co_consts, strict=True))
        return code if same else code.replace(co_consts=consts)
    bytecode = bytearray(code.co_code)
    for reraise in handlers.values():
        bytecode[reraise + 1] = _KEPT_AT
    if not HAS_EXCEPTION_TABLE:
        return code.replace(co_consts=consts, co_code=bytes(bytecode))
    table = b"".join(_written(_keeping(entry, handlers)) for entry in _entries(code.co_exceptiontable))
    return code.replace(
        co_consts=consts,
        co_code=bytes(bytecode),
        co_exceptiontable=table,
        co_stacksize=code.co_stacksize + 1,
        co_linetable=without_guesses(code.co_linetable, _apart(code)) if KEEPS_COLUMNS else code.co_linetable,
    )


def _handlers(code: CodeType) -> Iterator[tuple[int, int]]:
    """(start, offset of the re-raise) of each injected handler."""
    bytecode = code.co_code
    for offset, name in _hooks(code):
        if name.startswith(_LEAVING):
            start, reraise = _start(bytecode, offset), _reraise(bytecode, offset)
            if reraise is not None:
                yield start, reraise


def _apart(code: CodeType) -> Iterator[int]:
    """Where functions are called, in units of code, at whose place the compiler would have made no guess of its own."""
    for offset, name in _hooks(code):
        if not (_GUESSES_ALL and name.endswith("_here")):
            yield offset // 2


def _hooks(code: CodeType) -> Iterator[tuple[int, str]]:
    """(offset, name) of each injected function."""
    names = {index: hook_name(const) for index, const in enumerate(code.co_consts) if type(const) is frozenset}
    hooks = {index: name for index, name in names.items() if name}
    if not hooks:
        return
    bytecode = code.co_code
    operations, arguments = bytecode[::2], bytecode[1::2]
    place = operations.find(_LOAD_CONST)
    while place >= 0:
        number, before, shift = arguments[place], place - 1, 8
        while before >= 0 and operations[before] == _EXTENDED:
            number |= arguments[before] << shift
            before, shift = before - 1, shift + 8
        if number in hooks:
            yield 2 * place, hooks[number]
        place = operations.find(_LOAD_CONST, place + 1)


def _start(bytecode: bytes, offset: int) -> int:
    while offset >= 2 and bytecode[offset - 2] in _BEFORE_HOOK:
        offset -= 2
    return offset


def _reraise(bytecode: bytes, offset: int) -> int | None:
    for place in range(offset, min(offset + 2 * _LONGEST_HANDLER, len(bytecode)), 2):
        if bytecode[place] in _NOT_IN_HANDLER:
            return None
        if bytecode[place] == _RERAISE:
            return place if bytecode[place + 1] == 0 else None
    return None


class _Entry(NamedTuple):
    start: int
    length: int
    target: int
    depth: int
    keeps: bool


def _keeping(entry: _Entry, handlers: dict[int, int]) -> _Entry:
    if entry.target in handlers:
        return entry._replace(keeps=True)
    if any(start <= entry.start <= reraise for start, reraise in handlers.items()):
        return entry._replace(depth=entry.depth + 1)  # the kept instruction lies below what the handler pushed
    return entry


def _entries(table: bytes) -> Iterator[_Entry]:
    numbers = _numbers(table)
    for start in numbers:
        length, target, last = next(numbers), next(numbers), next(numbers)
        yield _Entry(start * 2, length * 2, target * 2, last >> 1, bool(last & 1))


def _numbers(table: bytes) -> Iterator[int]:
    data = iter(table)
    for byte in data:
        value = byte & 63
        while byte & 64:
            byte = next(data)
            value = value << 6 | byte & 63
        yield value


def _written(entry: _Entry) -> bytes:
    numbers = (entry.start // 2, entry.length // 2, entry.target // 2, entry.depth << 1 | entry.keeps)
    out = bytearray()
    for index, number in enumerate(numbers):
        groups = [number & 63]
        while number := number >> 6:
            groups.append(number & 63 | 64)
        groups.reverse()
        if not index:
            groups[0] |= 128  # the first byte of an entry is marked
        out += bytes(groups)
    return bytes(out)
