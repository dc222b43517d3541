"""What is told on stderr: each kind of trouble once."""

from __future__ import annotations

from glimpse.probe.telling import Teller


def test_each_kind_is_told_once_in_one_line() -> None:
    """However often it comes, and however long it is."""
    told: list[str] = []
    teller = Teller(told.append)
    for number in range(5):
        teller.tell("a", f"first\nof {number}")
        teller.tell("b", "x" * 10_000)
    assert told[0] == "first of 0"
    assert len(told) == 2
    assert len(told[1]) < 600


def test_there_is_an_end_to_kinds() -> None:
    """A writer that fails in a hundred ways is no flood either."""
    told: list[str] = []
    teller = Teller(told.append)
    for number in range(100):
        teller.tell(number, "again")
    assert len(told) == 20
