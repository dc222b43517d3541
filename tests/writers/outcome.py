"""What comes of reading a file that may be anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from glimpse.errors import ReadError


def read_or_refused(read: Callable[[str], Iterable[Any]], path: Path) -> list[Any] | None:
    """What is read, or None if it was refused, as it should be: by one line that names the file.

    Any other exception is the test's failure.
    """
    refused = None
    try:
        return list(read(str(path)))
    except ReadError as error:
        refused = str(error)
    assert str(path) in refused
    assert "\n" not in refused
    return None
