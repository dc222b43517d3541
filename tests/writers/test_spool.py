"""The spool: records wait on disk, are sent in order, and are adopted when their process is gone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from glimpse.writers.spool import Spool
from tests.writers.places import descriptor_of, small_disk


def records(*numbers: int) -> list[dict[str, Any]]:
    """Records with these ids."""
    return [{"_id": number, "text": "ä\ud800"} for number in numbers]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the spool's files are."""
    return tmp_path / "spool"


def test_sent_in_order_and_deleted(folder: Path) -> None:
    """What waits is sent once, oldest first, and its file is deleted."""
    spool = Spool(str(folder / "x"), "a1")
    spool.put(records(1, 2))
    spool.put(records(3))
    assert spool.waiting == 3
    sent: list[dict[str, Any]] = []
    spool.send(sent.extend)
    spool.send(sent.extend)
    assert sent == records(1, 2, 3)
    assert spool.waiting == 0
    assert list(folder.iterdir()) == []


def test_nothing_is_sent_twice_after_a_failure(folder: Path) -> None:
    """After a failure in the middle, sending goes on after the batches that were taken."""
    spool = Spool(str(folder / "x"), "a1")
    spool.put(records(*range(2500)))
    sent: list[dict[str, Any]] = []

    def send(batch: list[dict[str, Any]]) -> None:
        if len(sent) >= 2000:
            raise ConnectionError
        sent.extend(batch)

    with pytest.raises(ConnectionError):
        spool.send(send)
    assert len(sent) == 2000
    spool.put(records(9999))
    spool.send(sent.extend)
    assert [record["_id"] for record in sent] == [*range(2500), 9999]


def test_a_descriptor_that_is_the_programs_by_now(folder: Path) -> None:
    """Where the program has closed the file and opened another under its number, what waits is sent all the same."""
    spool = Spool(str(folder / "x"), "a1")
    sent: list[dict[str, Any]] = []
    own = folder.parent / "own"
    for then in (lambda: spool.put(records(2)), lambda: None):
        spool.put(records(1))
        number = descriptor_of(Path(spool.path))
        with own.open("wb") as file:
            os.dup2(file.fileno(), number)
        then()
        spool.send(sent.extend)
        os.write(number, b"the program's")
        os.close(number)
        assert own.read_bytes() == b"the program's"
        assert not list(folder.iterdir())
    assert sent == records(1, 2, 1)


def test_adopts_what_others_left(folder: Path) -> None:
    """The file of a process that is gone is sent by whoever comes next, that of a living one is left alone."""
    gone, alive = Spool(str(folder / "x"), "aa"), Spool(str(folder / "x"), "bb")
    gone.put(records(1))
    gone.release()
    alive.put(records(2))
    sent: list[dict[str, Any]] = []
    Spool(str(folder / "x"), "cc").send(sent.extend)
    assert sent == records(1)
    assert [file.name for file in folder.iterdir()] == ["x.bb"]
    alive.send(sent.extend)
    assert sent == records(1, 2)


def test_damaged_records_are_passed_over(folder: Path) -> None:
    """A line that a kill cut short is not sent."""
    folder.mkdir()
    (folder / "x.aa").write_bytes(b'{"_id": 1}\n[]\n{"no id": 2}\n{"_id": 3}\n{"_id": 4, "te')
    sent: list[dict[str, Any]] = []
    Spool(str(folder / "x"), "bb").send(sent.extend)
    assert sent == [{"_id": 1}, {"_id": 3}]


def test_disk_full(tmp_path: Path) -> None:
    """Records that there is no room for are refused as a whole."""
    with small_disk(tmp_path, 64 * 1024) as disk:
        spool = Spool(str(disk / "x"), "aa")
        spool.put(records(1))
        with pytest.raises(OSError, match="No space"):
            spool.put(records(*range(2, 5000)))
        sent: list[dict[str, Any]] = []
        spool.send(sent.extend)
        assert sent == records(1)


def test_private(folder: Path) -> None:
    """Nobody else may read what waits."""
    spool = Spool(str(folder / "x"), "aa")
    spool.put(records(1))
    assert [file.stat().st_mode & 0o777 for file in folder.iterdir()] == [0o600]
    spool.release()
