"""Reads what a traced program wrote without Glimpse, so that a mistake of a reader cannot hide one of a writer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Entry = dict[str, Any]

_LAST = ("END", "EXCEPTION")


def read_entries(path: Path) -> list[Entry]:
    """The entries of a JSONL file in their order; none if there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def assert_complete(entries: list[Entry]) -> None:
    """Each call has one START and then one END or EXCEPTION, and its parent started before (not for level ERROR)."""
    open_calls: dict[tuple[int, int], Entry] = {}
    seen: set[tuple[int, int]] = set()
    for entry in entries:
        call = (entry["pid"], entry["call_id"])
        if entry["stage"] == "START":
            assert call not in seen, f"started twice: {entry}"
            seen.add(call)
            open_calls[call] = entry
        else:
            assert call in open_calls, f"not open: {entry}"
            assert open_calls[call]["function"] == entry["function"], f"another function's call: {entry}"
            if entry["stage"] in _LAST:
                del open_calls[call]
        parent = entry["parent_id"]
        assert parent is None or (entry["pid"], parent) in seen, f"no such parent: {entry}"
    assert not open_calls, f"never ended: {list(open_calls.values())}"


def outline(entries: list[Entry]) -> list[str]:
    """The call tree as indented lines, ``args -> result`` or ``args !! Type: message``, in the order of the starts."""
    ends = {(e["pid"], e["call_id"]): e for e in entries if e["stage"] in _LAST}
    return [
        "  " * (entry["depth"] - 1) + entry["args"] + _outcome(ends.get((entry["pid"], entry["call_id"])))
        for entry in entries
        if entry["stage"] == "START"
    ]


def _outcome(end: Entry | None) -> str:
    if end is None:
        return " …"
    if end["stage"] == "EXCEPTION":
        return " !! {type}: {message}".format_map(end["exception"])
    return f" -> {end['result']}" if "result" in end else " -> closed"
