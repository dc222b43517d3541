"""What comes of reading a file that may be anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from glimpse.errors import ReadError


def read_or_refused(read: Callable[[str], Iterable[Any]], path: Path) -> list[Any] | None:
    """What is read, or None if it was refused, as it should be: by one line that names the file.

    Any other exception is the test's failure.
    """
    try:
        return list(read(str(path)))
    except ReadError as error:
        return _one_line(str(error), path)


def refusal(read: Callable[[str], Iterable[Any]], path: Path) -> str:
    """The one line, naming the file, by which reading it is refused."""
    with pytest.raises(ReadError) as caught:
        list(read(str(path)))
    _one_line(str(caught.value), path)
    return str(caught.value)


def _one_line(message: str, path: Path) -> None:
    assert str(path) in message
    assert "\n" not in message
