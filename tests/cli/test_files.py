"""Files that are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from glimpse.cli.files import replacing
from glimpse.errors import GlimpseError


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    """Until then there is none, and afterwards nothing else."""
    target = tmp_path / "out"
    with replacing(str(target), force=False) as part:
        Path(part).write_text("all")
        assert not target.exists()
    assert target.read_text() == "all"
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    """The old file stays, the new one goes."""
    target = tmp_path / "out"
    target.write_text("old")

    def interrupted() -> None:
        with replacing(str(target), force=True) as part:
            Path(part).write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """An existing file, a folder, a folder that is not there."""
    target = tmp_path / "out"
    target.write_text("old")
    for path, message in ((target, "--force"), (tmp_path, "folder"), (tmp_path / "no" / "out", "cannot be written")):
        with pytest.raises(GlimpseError, match=message), replacing(str(path), force=False):
            raise AssertionError("not reached")


def test_standard_output_is_no_file() -> None:
    """A dash is not taken for a file's name."""
    with pytest.raises(GlimpseError, match="name a file"), replacing("-", force=True):
        pass
