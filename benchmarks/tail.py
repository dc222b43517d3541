"""What it costs to see the end of a large trace: ``python benchmarks/tail.py [--entries N] [--journal N]``.

Makes the trace of ``reading_sqlite.py`` as a database and, of fewer calls, as a journal and an array, as a recording
process would write them. Prints the processor seconds of each ``glimpse tail`` as a whole process, and its peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from reading_sqlite import events, print_costs, write

from glimpse.writers.journal.writer import JournalWriter
from glimpse.writers.registry import built_in_writer

COMMANDS = ("tail", "tail -n 10000", "tail --error", "tail --function weekly", "tail --min-duration 2ms")
META = {"pid": 4711, "base": 1_700_000_000_000_000_000}


def write_journal(path: Path, entries: int) -> None:
    """Write the events as they are recorded."""
    writer = JournalWriter(str(path))
    for chunk in events(entries):
        writer.write_events(chunk, META)
    writer.close()


def write_array(path: Path, journal: Path) -> None:
    """Write the entries of a journal as a JSON array, one a line."""
    with path.open("w", encoding="utf-8") as file:
        separator = "[\n"
        for entry in built_in_writer("journal").read(str(journal)):
            file.write(separator + json.dumps(entry.to_dict()))
            separator = ",\n"
        file.write("\n]\n")


def main() -> None:
    """Make the traces and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the database")
    parser.add_argument("--journal", type=int, default=200_000, help="entries of the journal; the array has a tenth")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database, journal, small, array = (Path(folder) / name for name in ("t.db", "t.journal", "s.journal", "t.json"))
        write(database, options.entries)
        write_journal(journal, options.journal)
        write_journal(small, options.journal // 10)
        write_array(array, small)
        sizes = {database: options.entries, journal: options.journal, array: options.journal // 10}
        for path, entries in sizes.items():
            print(f"{path.suffix[1:]}: {entries:,} entries, {os.path.getsize(path) / 1e6:,.0f} MB")
            print_costs(COMMANDS, path)


if __name__ == "__main__":
    main()
