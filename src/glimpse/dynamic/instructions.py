"""Where in its code a frame stands when a trace function is called, and what that means."""

from __future__ import annotations

import opcode
from types import CodeType, FrameType
from typing import Final

from ..compat import HAS_RESUME

__all__ = ["Instructions"]

_OP: Final = opcode.opmap
_RESUME: Final = _OP.get("RESUME", -1)
_YIELD_FROM: Final = bytes([_OP.get("YIELD_FROM", 0)])  # 3.10: the frame stands before it
_RETURNS: Final = {_OP[name] for name in ("RETURN_VALUE", "RETURN_CONST", "RETURN_GENERATOR") if name in _OP}
_YIELDS: Final = {_OP[name] for name in ("YIELD_VALUE", "RESUME") if name in _OP}
_RAISES_AGAIN: Final = {_OP[name] for name in ("RERAISE", "PUSH_EXC_INFO", "CLEANUP_THROW") if name in _OP}
_LOCATION: Final = 3  # the bits of RESUME's argument that say after what


class Instructions:
    """The bytecode of one code object, asked about a frame that runs it."""

    def __init__(self, code: CodeType) -> None:
        self._bytes = code.co_code

    def begins(self, frame: FrameType) -> bool:
        """Whether the frame has run nothing yet, rather than going on after a suspension."""
        at = frame.f_lasti
        if not HAS_RESUME:
            return at < 0
        return self._bytes[at] == _RESUME and not self._bytes[at + 1] & _LOCATION

    def suspends(self, frame: FrameType) -> bool:
        """Whether a frame that is being left will go on later."""
        at = frame.f_lasti
        if at < 0:
            return False
        return self._bytes[at] in _YIELDS or (not HAS_RESUME and self._bytes.startswith(_YIELD_FROM, at + 2))

    def unwinds(self, frame: FrameType, fresh: bool) -> bool:
        """Whether an exception is leaving the frame, after one was seen in it.

        :param fresh: nothing has run since it was raised.
        """
        if self.suspends(frame):
            return fresh  # thrown in where it waited, or it waits again
        return self._bytes[frame.f_lasti] not in _RETURNS

    def raises_again(self, frame: FrameType) -> bool:
        """Whether the next instruction passes the exception on as it is, or only begins to handle it."""
        return self._bytes[frame.f_lasti] in _RAISES_AGAIN
