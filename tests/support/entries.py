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


def call_tree(entries: list[Entry]) -> list[str]:
    """The calls as indented names below their callers, ``name -> result`` or ``name !! Type``, processes in turn.

    Results are left out where they are objects, which show an address.
    """
    ends = {(e["pid"], e["call_id"]): e for e in entries if e["stage"] in _LAST}
    children: dict[tuple[int, int | None], list[Entry]] = {}
    for entry in entries:
        if entry["stage"] == "START":
            children.setdefault((entry["pid"], entry["parent_id"]), []).append(entry)
    lines = []
    waiting = [(0, root) for (_, parent), roots in children.items() if parent is None for root in roots][::-1]
    while waiting:
        level, entry = waiting.pop()
        call = (entry["pid"], entry["call_id"])
        lines.append("  " * level + entry["function"].rpartition(".")[2] + _brief(ends.get(call)))
        waiting += [(level + 1, child) for child in children.get(call, ())][::-1]
    return lines


def _brief(end: Entry | None) -> str:
    if end is not None and end["stage"] == "EXCEPTION":
        return f" !! {end['exception']['type']}"
    result = (end or {}).get("result", "None")
    return "" if result == "None" or " at 0x" in result else f" -> {result}"


def _outcome(end: Entry | None) -> str:
    if end is None:
        return " …"
    if end["stage"] == "EXCEPTION":
        return " !! {type}: {message}".format_map(end["exception"])
    return f" -> {end['result']}" if "result" in end else " -> closed"
