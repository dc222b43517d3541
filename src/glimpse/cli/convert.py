"""``glimpse convert``: a trace in another format."""

from __future__ import annotations

import gzip
import os
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from glimpse.cli.files import replacing
from glimpse.cli.reading import report_damage
from glimpse.entry import LogEntry
from glimpse.errors import GlimpseError, bad_value
from glimpse.views.sources import Source, entry_of, open_sources, records_of, writer_class

EXAMPLES: Final = """\
examples:
  glimpse convert glimpse.journal glimpse.jsonl
  glimpse convert glimpse.jsonl glimpse.db
  glimpse convert big.jsonl small.jsonl.gz
  glimpse convert a.jsonl b.jsonl both.db        merged by time
"""

ENDINGS: Final = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".db": "sqlite", ".sqlite": "sqlite",
    ".sqlite3": "sqlite", ".journal": "journal",
}  # fmt: skip
BATCH: Final = 2_000
_PATHS: Final = {"sqlite": "db_path"}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("traces", nargs="+", metavar="IN", help="traces to read; several are merged by time")
    parser.add_argument(
        "target", metavar="OUT", help=f"the file to write: {', '.join(ENDINGS)}, or one of them with .gz"
    )
    parser.add_argument("--to", metavar="FORMAT", help="its format, if the name does not say")
    parser.add_argument("--force", action="store_true", help="overwrite the file if it exists")


def execute(options: Namespace) -> int:
    """Rewrite the trace."""
    kind = options.to or format_of(options.target)
    if kind not in ENDINGS.values():
        raise GlimpseError(bad_value("--to", kind, sorted(set(ENDINGS.values()))))
    rewrite(open_sources(options.traces), options.target, kind, force=options.force)
    return 0


def format_of(path: str) -> str:
    """The format that a file's name says.

    :raises GlimpseError: it says none.
    """
    name = path.lower().removesuffix(".gz")
    for ending, kind in ENDINGS.items():
        if name.endswith(ending):
            return kind
    raise GlimpseError(
        f"{path}: the name does not say which format; end it in {', '.join(ENDINGS)}, or add --to FORMAT"
    )


def rewrite(sources: Sequence[Source], target: str, kind: str, *, force: bool = False) -> None:
    """Write the entries of the sources to a file, whole or not at all.

    :raises GlimpseError: a source cannot be read, or the file not written.
    """
    packed = target.lower().endswith(".gz")
    if packed and kind not in {"jsonl", "json"}:
        raise GlimpseError(f"{target}: {kind} cannot be packed")
    with replacing(target, force=force) as part:
        writer = _writer(kind, part)
        try:
            for batch in _batches(map(entry_of, records_of(sources, align=False))):
                writer.write_batch(batch)
            writer.flush()
        finally:
            writer.close()
        if packed:
            _pack(part)
    report_damage(sources)


def _writer(kind: str, path: str) -> Any:
    return writer_class(kind)(**{_PATHS.get(kind, "log_path"): path})


def _batches(entries: Iterable[LogEntry]) -> Iterator[list[LogEntry]]:
    iterator = iter(entries)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _pack(path: str) -> None:
    packed = f"{path}.gz"
    with open(path, "rb") as plain, gzip.open(packed, "wb") as stream:
        shutil.copyfileobj(plain, stream)
    os.replace(packed, path)
