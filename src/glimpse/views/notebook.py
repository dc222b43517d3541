"""Traces as Python objects: for notebooks, scripts and tests that ask questions of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glimpse.entry import LogEntry
    from glimpse.traces.calls import Call
    from glimpse.traces.failures import Failure
    from glimpse.traces.tree import Fold, Node
    from glimpse.views.sources import Source

__all__ = ["Trace", "load"]

_SHOWN = 10


def load(*traces: str | os.PathLike[str]) -> Trace:
    """Open traces for reading: files of any format, ``mongodb://`` URIs; several are merged by time.

    Without any, the configured destination. Nothing is held in memory: each question reads them again.

    :raises ReadError: there is nothing to read there.
    """
    from glimpse.views.sources import open_sources

    names = [os.fspath(trace) for trace in traces]
    return Trace([source.name for source in open_sources(names)])


class Trace:
    """What a program did. Iterating gives the entries, as ``LogEntry``."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def __iter__(self) -> Iterator[LogEntry]:
        return self.entries()

    def entries(self) -> Iterator[LogEntry]:
        """Every entry, in the order in which it was written."""
        from glimpse.views.sources import entry_of, records_of

        return map(entry_of, records_of(self._sources()))

    def calls(self, where: Callable[[Call], bool] | None = None) -> Iterator[Call]:
        """Every call once it has ended, those without an end last; with ``where``, those for which it is true."""
        from glimpse.traces.calls import finished_calls
        from glimpse.views.sources import records_of

        calls = finished_calls(records_of(self._sources()))
        return calls if where is None else filter(where, calls)

    def tree(self, *, fold: bool = False) -> list[Node | Fold]:
        """The roots: each is a ``Node`` with a ``call``, and iterating it gives those below.

        With ``fold``, what repeats is folded into ``Fold`` objects, as ``glimpse tree`` does it.
        """
        from glimpse.traces.calls import call_events
        from glimpse.traces.tree import Folding, TreeBuilder
        from glimpse.views.sources import records_of

        builder = TreeBuilder(folding=Folding() if fold else None)
        return [tree for _, tree in builder.roots(call_events(records_of(self._sources())))]

    def top(self) -> list[dict[str, Any]]:
        """Statistics of each function, as ``glimpse top --json`` gives them."""
        from glimpse.traces.filters import Selection
        from glimpse.views.statistics import top_table

        return top_table(self._sources(), Selection()).rows()

    def errors(self) -> list[Failure]:
        """Exceptions by type and place, the most frequent first."""
        from glimpse.traces.filters import Selection
        from glimpse.views.statistics import failures_of

        return failures_of(self._sources(), Selection()).rows()

    def to_dataframe(self) -> Any:
        """A ``pandas.DataFrame`` with a row for each call. ``timestamp`` is in UTC, durations are milliseconds.

        :raises GlimpseError: pandas is not installed.
        """
        from glimpse.traces.records import epoch_us
        from glimpse.views.exports.csv import COLUMNS, row_of

        try:
            pd = import_module("pandas")
        except ImportError:
            from glimpse.errors import GlimpseError

            raise GlimpseError("to_dataframe needs pandas: pip install pandas") from None
        frame = pd.DataFrame(map(row_of, self.calls()), columns=list(COLUMNS))
        moments = frame["timestamp"].map(epoch_us)
        frame["timestamp"] = pd.to_datetime(moments, unit="us", utc=True, errors="coerce")
        for name in ("call_id", "parent_id", "depth", "yields", "pid", "line"):
            with suppress(OverflowError, TypeError):  # more than 64 bits
                frame[name] = frame[name].astype("Int64")
        for name in ("duration_ms", "self_ms", "active_ms"):
            frame[name] = frame[name].astype("float64")
        return frame

    def __repr__(self) -> str:
        return f"glimpse.load({', '.join(map(repr, self.names))})"

    def _repr_html_(self) -> str:
        """The functions with the most time of their own, for notebooks."""
        from html import escape

        from glimpse.views.text.style import clean, count_of, duration

        rows = self.top()
        calls, errors = sum(row["calls"] for row in rows), sum(row["errors"] for row in rows)
        names = ", ".join(escape(clean(name)) for name in self.names)
        counts = (count_of(calls, "call"), count_of(len(rows), "function"), count_of(errors, "error"))
        head = f"<b>{names}</b>: {counts[0]} of {counts[1]}, {counts[2]}"
        body = "".join(
            f"<tr><td>{escape(clean(row['function']))}</td><td>{row['calls']:,}</td><td>{row['errors']:,}</td>"
            f"<td>{duration(row['self_ms'])}</td>"
            f"<td>{duration(row['total_ms'])}</td><td>{duration(row['p95_ms'])}</td></tr>"
            for row in rows[:_SHOWN]
        )
        titles = "".join(f"<th>{title}</th>" for title in ("function", "calls", "errors", "self", "total", "p95"))
        return f"<div>{head}<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>"

    def _sources(self) -> list[Source]:
        from glimpse.views.sources import open_sources

        return open_sources(self.names)
