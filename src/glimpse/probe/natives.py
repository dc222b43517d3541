"""The interpreter's own threads, also where gevent has put greenlets in their place (``monkey.patch_all``)."""

from __future__ import annotations

import _thread
import sys
from typing import Any, Final

__all__ = ["Local", "allocate_lock", "get_ident", "start_new_thread"]


def _original(name: str) -> Any:
    monkey: Any = sys.modules.get("gevent.monkey")
    return getattr(_thread, name) if monkey is None else monkey.get_original("_thread", name)


get_ident: Final = _original("get_ident")
allocate_lock: Final = _original("allocate_lock")
start_new_thread: Final = _original("start_new_thread")
Local: Final = _original("_local")
