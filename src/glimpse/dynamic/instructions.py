"""Where in its code a frame stands when a trace function is called, and what that means."""

from __future__ import annotations

import opcode
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Final

from ..compat import HAS_EXCEPTION_TABLE, HAS_RESUME, TRACES_OPCODES_AT_ONCE

__all__ = ["Instructions"]

_OP: Final = opcode.opmap
_RESUME: Final = _OP.get("RESUME", -1)
_YIELD_FROM: Final = bytes([_OP.get("YIELD_FROM", 0)])  # 3.10: the frame stands before it
_RETURNS: Final = {_OP[name] for name in ("RETURN_VALUE", "RETURN_CONST", "RETURN_GENERATOR") if name in _OP}
_YIELDS: Final = {_OP[name] for name in ("YIELD_VALUE", "RESUME") if name in _OP}
_CLEARING: Final = (
    *("COPY", "SWAP", "POP_EXCEPT", "POP_TOP", "RERAISE", "CALL_INTRINSIC_1", "LOAD_CONST"),
    *("STORE_FAST", "DELETE_FAST", "STORE_DEREF", "DELETE_DEREF", "STORE_GLOBAL", "DELETE_GLOBAL"),
)
_CLEARS_UP: Final = {_OP[name] for name in _CLEARING if name in _OP}
_CACHE: Final = _OP.get("CACHE", 0)
_ENDED_BY: Final[dict[int, type[BaseException]]] = {_OP["END_ASYNC_FOR"]: StopAsyncIteration}
if "CLEANUP_THROW" in _OP:
    _ENDED_BY[_OP["CLEANUP_THROW"]] = StopIteration
_SEES_ALL: Final = HAS_EXCEPTION_TABLE and TRACES_OPCODES_AT_ONCE
_BEGINS: Final = _OP.get("PUSH_EXC_INFO", -1)
_RERAISE: Final = _OP["RERAISE"]
_RAISE: Final = _OP["RAISE_VARARGS"]
_LOCATION: Final = 3  # the bits of RESUME's argument that say after what


class Instructions:
    """The bytecode of one code object, asked about a frame that runs it."""

    def __init__(self, code: CodeType) -> None:
        self._bytes = code.co_code
        self._clearing = set(_clearing(self._bytes)) if HAS_EXCEPTION_TABLE else set[int]()
        self.beginning = next((at for at in range(0, len(self._bytes), 2) if self._is_beginning(at)), 0)
        """The offset of the first instruction that a call runs: before it, a generator is only made."""

    def begins(self, frame: FrameType) -> bool:
        """Whether the frame has run nothing yet, rather than going on after a suspension."""
        return frame.f_lasti == self.beginning if HAS_RESUME else frame.f_lasti < 0

    def _is_beginning(self, at: int) -> bool:
        return self._bytes[at] == _RESUME and not self._bytes[at + 1] & _LOCATION

    def suspends(self, frame: FrameType) -> bool:
        """Whether a frame that is being left will go on later."""
        at = frame.f_lasti
        if at < 0:
            return False
        return self._bytes[at] in _YIELDS or (not HAS_RESUME and self._bytes.startswith(_YIELD_FROM, at + 2))

    def stands_first(self, frame: FrameType) -> bool:
        """Whether the frame is about to run its first instruction."""
        return frame.f_lasti == 0

    def unwinds(self, frame: FrameType, *, flying: bool) -> bool:
        """Whether an exception is leaving the frame, after one was seen in it.

        :param flying: nothing handles that one.
        """
        if self.suspends(frame):
            return flying  # thrown in where it waited, or it waits again
        return self._bytes[frame.f_lasti] not in _RETURNS

    # -- instructions about to run after an exception; where only lines are told, those that lines begin with ----

    def still_flies(self, frame: FrameType, exc: BaseException, *, flying: bool) -> bool:
        """Whether the exception is on its way: what the compiler has cleared up meanwhile does not handle it.

        :param flying: whether it was before.
        """
        at = frame.f_lasti
        operation = self._bytes[at]
        if operation in _ENDED_BY:
            return flying and not isinstance(exc, _ENDED_BY[operation])
        return at in self._clearing or (flying and _SEES_ALL and operation in _CLEARS_UP)

    def begins_handling(self, frame: FrameType) -> bool:
        """Whether the interpreter only now takes note of what is handled."""
        return self._bytes[frame.f_lasti] == _BEGINS

    def raises_again(self, frame: FrameType) -> bool:
        """Whether the instruction raises what is being handled."""
        at = frame.f_lasti
        return self._bytes[at] == _RERAISE or (self._bytes[at] == _RAISE and not self._bytes[at + 1])


def _clearing(bytecode: bytes) -> Iterator[int]:
    """The offsets from which control runs straight into a re-raise, and meanwhile only the compiler's clearing up."""
    leads = False
    for at in range(len(bytecode) - 2, -1, -2):
        operation = bytecode[at]
        if operation != _CACHE:
            leads = operation == _RERAISE or (leads and operation in _CLEARS_UP)
        if leads:
            yield at
