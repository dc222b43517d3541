"""``calls`` and ``entries``: what people see of the tables, which are in the form that is cheapest to write."""

from __future__ import annotations

from typing import Final

from glimpse.entry import FIELDS

__all__ = ["DEPTH_BITS", "DETAILS", "PROCESS_BITS", "SITE", "SPANS", "VIEWS", "WHERE_BITS"]

PROCESS_BITS: Final = 40
"""A call's id in the tables is ``process << PROCESS_BITS | call_id``: in order, and found without an index."""

DEPTH_BITS: Final = 14
WHERE_BITS: Final = 28
"""``spans.place`` is ``site << WHERE_BITS + DEPTH_BITS | thread << DEPTH_BITS | depth``."""

SPANS: Final = ("id", "ended", "up", "place", "args", "start", "duration", "result")

DETAILS: Final = (
    "id", "exception", "closed", "active_ms", "yields", "trace_id", "span_id", "parent_span_id", "correlation_id",
    "end_in_notes",
)  # fmt: skip

SITE: Final = f"CAST(place >> {DEPTH_BITS + WHERE_BITS} AS INTEGER)"
"""The cast gives the expression a column's type, without which no index on it serves a join."""
_THREAD: Final = f"place >> {DEPTH_BITS} & {(1 << WHERE_BITS) - 1}"
_CALL_ID: Final = (1 << PROCESS_BITS) - 1

_ROWS: Final = "spans"
_PACKED: Final = f"""(SELECT packs.id >> {PROCESS_BITS} << {PROCESS_BITS} | json_extract(value, '$[0]') AS id,
    {", ".join(f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate((*SPANS, *DETAILS[1:])) if at)}
    FROM packs, json_each(packs.calls)) AS spans"""
"""The calls of packs as if they were rows of ``spans``, with their details."""

_DETAILS: Final = "LEFT JOIN details ON details.id = spans.id"
_JOINS: Final = f"""{_DETAILS}
LEFT JOIN processes ON processes.id = spans.id >> {PROCESS_BITS}
LEFT JOIN sites ON sites.process = spans.id >> {PROCESS_BITS} AND sites.number = {SITE.replace("place", "spans.place")}
LEFT JOIN threads ON threads.process = spans.id >> {PROCESS_BITS}
    AND threads.number = {_THREAD.replace("place", "spans.place")}"""


def _stamp(nanoseconds: str) -> str:
    whole = f"strftime('%Y-%m-%d %H:%M:%S', ({nanoseconds}) / 1000000000, 'unixepoch')"
    return f"{whole} || printf('.%06d', ({nanoseconds}) / 1000 % 1000000)"


_NUMBER: Final = f"spans.id & {_CALL_ID}"
_PARENT: Final = f"({_NUMBER}) - spans.up AS parent_id"
_DEPTH: Final = f"spans.place & {(1 << DEPTH_BITS) - 1} AS depth"
_NAME: Final = "substr(sites.function, length(rtrim(sites.function, replace(sites.function, '.', ''))) + 1)"
_START: Final = "processes.start_ns + spans.start"
_ENDED_AS: Final = "CASE WHEN details.exception IS NULL THEN {} ELSE {} END"
_WHERE: Final = "threads.name AS thread, processes.pid, threads.task"
_IDS: Final = """details.trace_id, details.span_id, details.parent_span_id, processes.service, details.correlation_id,
    sites.policy, sites.file, sites.line"""
_OF_NOTE: Final = ", ".join(f"json_extract(entry, '$.{name}')" for name in FIELDS)


def _calls(spans: str) -> str:
    return f"""SELECT
    {_NUMBER} AS call_id, {_PARENT}, {_DEPTH}, sites.function, spans.args,
    CASE WHEN spans.ended IS NULL THEN 'START' ELSE {_ENDED_AS.format("'END'", "'EXCEPTION'")} END AS stage,
    {_stamp(_START)} AS start, spans.duration / 1e6 AS duration_ms, spans.result, details.exception,
    {_WHERE}, details.closed, details.active_ms, details.yields, {_IDS}
FROM {spans} {_JOINS}"""


def _entries(spans: str) -> str:
    return f"""SELECT
    {_NUMBER} AS entry_id, {_NUMBER} AS call_id, {_PARENT}, {_DEPTH}, 'INFO' AS level,
    sites.function, spans.args, 'START' AS stage, {_stamp(_START)} AS timestamp, {_WHERE},
    NULL AS result, NULL AS closed, NULL AS exception, NULL AS duration_ms, NULL AS active_ms, NULL AS yields, {_IDS}
FROM {spans} {_JOINS} WHERE spans.args IS NOT NULL AND spans.ended IS NOT 0
UNION ALL SELECT
    ({_NUMBER}) + spans.ended, {_NUMBER}, {_PARENT}, {_DEPTH}, {_ENDED_AS.format("'INFO'", "'ERROR'")},
    sites.function, {_ENDED_AS.format(_NAME, "spans.args")}, {_ENDED_AS.format("'END'", "'EXCEPTION'")},
    {_stamp(f"{_START} + coalesce(spans.duration, 0)")}, {_WHERE}, spans.result, details.closed, details.exception,
    spans.duration / 1e6, details.active_ms, details.yields, {_IDS}
FROM {spans} {_JOINS} WHERE spans.ended IS NOT NULL AND details.end_in_notes IS NULL"""


def _packed(sql: str) -> str:
    """Asks packs, which have the details with the call, in the place of ``spans``."""
    return sql.replace(f" {_DETAILS}", "").replace("details.", "spans.")


VIEWS: Final = f"""
CREATE VIEW calls AS {_calls(_ROWS)}
UNION ALL {_packed(_calls(_PACKED))};
CREATE VIEW entries AS {_entries(_ROWS)}
UNION ALL {_packed(_entries(_PACKED))}
UNION ALL SELECT {_OF_NOTE} FROM notes;
"""
