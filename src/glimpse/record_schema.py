"""The JSON Schema of an entry: what each field means, when it is there, and what it looks like.

The dialect is JSON Schema 2020-12, https://json-schema.org/draft/2020-12.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from glimpse.entry import FIELDS, STAGES

__all__ = ["FIELD_NOTES", "FieldNote", "record_schema", "record_table"]

_ENDS: Final = ("END", "EXCEPTION")
_NUMBER_FROM_1: Final = {"type": "integer", "minimum": 1}
_MILLISECONDS: Final = {"type": "number", "minimum": 0}
_TEXT: Final = {"type": "string"}
_TRACE_ID: Final = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_SPAN_ID: Final = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
_EXCEPTION: Final = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "description": "qualified name of its class"},
        "message": {"type": "string", "description": "its text, secrets taken out"},
        "line": {"type": ["integer", "null"], "description": "line of the function that it left from"},
        "traceback": {"type": "string", "description": "as Python prints it; at the first call that it left only"},
    },
    "required": ["type", "message", "line"],
    "additionalProperties": False,
}


class FieldNote(NamedTuple):
    """A field of the record: its form as a JSON Schema, the stages that have it, and what it means."""

    form: dict[str, Any]
    stages: tuple[str, ...]
    meaning: str
    when: str = ""


FIELD_NOTES: Final[dict[str, FieldNote]] = {
    "entry_id": FieldNote(_NUMBER_FROM_1, STAGES, "1, 2, 3… in each process, in the order of emission"),
    "call_id": FieldNote(_NUMBER_FROM_1, STAGES, "the `entry_id` of the call's START; at level ERROR, its own"),
    "parent_id": FieldNote(
        {"type": ["integer", "null"], "minimum": 1}, STAGES, "`call_id` of the traced call around it, `null` for none"
    ),
    "depth": FieldNote(_NUMBER_FROM_1, STAGES, "1 for a call without a traced call around it"),
    "level": FieldNote(
        {"enum": ["DEBUG", "INFO", "ERROR"]},
        STAGES,
        "`INFO` for START and END, `ERROR` for EXCEPTION, `DEBUG` for SUSPEND and RESUME",
    ),
    "function": FieldNote(_TEXT, STAGES, "`module.Class.method`, with `<locals>` as in `__qualname__`"),
    "args": FieldNote(
        _TEXT, STAGES, "START and EXCEPTION: `get_user(user_id=123)`, every parameter by its name; else the bare name"
    ),
    "stage": FieldNote({"enum": list(STAGES)}, STAGES, "what happened to the call"),
    "timestamp": FieldNote(
        {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$"}, STAGES, "when, in UTC"
    ),
    "thread": FieldNote(_TEXT, STAGES, "name of the thread"),
    "pid": FieldNote({"type": "integer", "minimum": 0}, STAGES, "number of the process"),
    "task": FieldNote(_TEXT, STAGES, "name of the asyncio or trio task", "inside of a task"),
    "result": FieldNote(_TEXT, ("END",), "text of the value that was returned", "if the call returned"),
    "closed": FieldNote(
        {"const": True}, ("END",), "`true`: it was closed or collected half-way, or recording ended", "in that case"
    ),
    "exception": FieldNote(_EXCEPTION, ("EXCEPTION",), "`type`, `message`, `line` and, at the first call, `traceback`"),
    "duration_ms": FieldNote(_MILLISECONDS, _ENDS, "milliseconds from START on", "not at level ERROR"),
    "active_ms": FieldNote(
        _MILLISECONDS, _ENDS, "milliseconds in which it ran, suspensions left out", "of generators and coroutines"
    ),
    "yields": FieldNote({"type": "integer", "minimum": 0}, _ENDS, "how many values it yielded", "of generators"),
    "trace_id": FieldNote(_TRACE_ID, STAGES, "the W3C's id of the trace", "with `GLIMPSE_TRACE_ID`"),
    "span_id": FieldNote(_SPAN_ID, STAGES, "the W3C's id of the call", "with `GLIMPSE_TRACE_ID`"),
    "parent_span_id": FieldNote(
        _SPAN_ID, STAGES, "that of the call around it, also in another process", "with `GLIMPSE_TRACE_ID`"
    ),
    "service": FieldNote(_TEXT, STAGES, "name of the program", "if it is configured or an id is recorded"),
    "correlation_id": FieldNote(_TEXT, STAGES, "an id of the program's own", "if one is set"),
    "policy": FieldNote(_TEXT, STAGES, "name of the policy that includes the function", "if it has a name"),
    "file": FieldNote(_TEXT, STAGES, "the function's source file", "at level DEBUG"),
    "line": FieldNote({"type": "integer", "minimum": 0}, STAGES, "line of its `def`", "at level DEBUG"),
}
"""Every field of ``LogEntry`` in the order of output. ``when`` is empty for those that are always there."""

assert tuple(FIELD_NOTES) == FIELDS


def record_schema() -> dict[str, Any]:
    """The schema of one entry, as a JSON object: what a line of JSONL, an element of JSON or a document holds."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Glimpse entry",
        "description": "One traced event: the start, the end or a suspension of a call.",
        "type": "object",
        "properties": {name: {**note.form, "description": _plain(note)} for name, note in FIELD_NOTES.items()},
        "required": [name for name, note in FIELD_NOTES.items() if note.stages == STAGES and not note.when],
        "additionalProperties": False,
        "allOf": [_of_stage(stage) for stage in STAGES],
    }


def record_table() -> str:
    """The fields as a table in Markdown, for the docs."""
    rows = ["| field | in | meaning |", "|---|---|---|"]
    for name, note in FIELD_NOTES.items():
        stages = "all" if note.stages == STAGES else ", ".join(note.stages)
        rows.append(f"| `{name}` | {stages}{f', {note.when}' if note.when else ''} | {note.meaning} |")
    return "\n".join(rows)


def _of_stage(stage: str) -> dict[str, Any]:
    """Which fields an entry of this stage cannot have, and which it must have beside those of every entry."""
    foreign = {name: False for name, note in FIELD_NOTES.items() if stage not in note.stages}
    own = [name for name, note in FIELD_NOTES.items() if note.stages == (stage,) and not note.when]
    return {
        "if": {"properties": {"stage": {"const": stage}}},
        "then": {"properties": foreign, **({"required": own} if own else {})},
    }


def _plain(note: FieldNote) -> str:
    text = note.meaning.replace("`", "")
    return f"{text} ({note.when.replace('`', '')})" if note.when else text
