"""What an entry costs until it is written, beside the obvious ways by hand: ``python benchmarks/writers.py``.

CPU µs an entry, the least of several rounds in which all take turns. Each alternative gets the same entries in the
same batches: ``logging`` to a file, ``json.dumps`` a line, ``executemany`` of a row an entry, ``insert_many``. The
rows marked with ``*`` are the faster ways in that the probe uses; they begin with events, so assembly is in them.

MongoDB is the server of ``GLIMPSE_TEST_MONGO_URI``, or one made for tests, in a process of its own. ``--quick`` only
checks that everything runs.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glimpse.assembly import Assembler, LineAssembler, Origin
from glimpse.entry import FIELDS, LogEntry
from glimpse.writers import BaseWriter
from glimpse.writers.journal.writer import JournalWriter
from glimpse.writers.json_array import JsonWriter
from glimpse.writers.jsonl import JsonlWriter
from glimpse.writers.mongo.writer import MongoWriter
from glimpse.writers.sqlite.writer import SqliteWriter

BATCH = 2048
KEY = "shop.orders:total:12:f:items,country:"
META = {"pid": 4242, "base": 1_700_000_000_000_000_000}
Work = Callable[[Path], None]

SERVER = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from tests.writers.mongo_server import MongoServer
print(MongoServer().start().uri, flush=True)
threading.Event().wait()
"""


def events(count: int) -> list[list[tuple[Any, ...]]]:
    """Batches of events that make that many entries: calls one after the other."""
    stream: list[tuple[Any, ...]] = []
    for number in range(count // 2):
        t = 1_000_000 + number * 2_500
        stream.append((1, KEY, t, 1, None, number, "NO"))
        stream.append((2, KEY, t + 1_200, 1, number * 2))
    return [[(18, 1, "MainThread")], *(stream[at : at + BATCH] for at in range(0, count, BATCH))]


def by_batches(writer: BaseWriter, batches: list[list[LogEntry]]) -> None:
    """As any writer can be fed."""
    for batch in batches:
        writer.write_batch(batch)
    writer.close()


def by_lines(folder: Path, chunks: list[list[tuple[Any, ...]]]) -> None:
    """As the probe feeds JSON lines."""
    writer, assembler = JsonlWriter(str(folder / "lines")), LineAssembler(origin())
    for chunk in chunks:
        writer.write_lines(assembler.lines(chunk)[0])
    writer.close()


def by_rows(folder: Path, chunks: list[list[tuple[Any, ...]]]) -> None:
    """As the probe feeds SQLite."""
    writer = SqliteWriter(str(folder / "rows"))
    assembler = writer.row_assembler(origin())
    for chunk in chunks:
        rows = assembler.rows(chunk)
        if rows is not None:
            writer.write_rows(rows)
    writer.close()


def by_events(folder: Path, chunks: list[list[tuple[Any, ...]]]) -> None:
    """As the probe feeds the journal."""
    writer = JournalWriter(str(folder / "events"))
    for chunk in chunks:
        writer.write_events(chunk, META)
    writer.close()


def logging_by_hand(folder: Path, batches: list[list[LogEntry]]) -> None:
    """One log record an entry."""
    handler = logging.FileHandler(folder / "log")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.Logger("benchmark")
    logger.addHandler(handler)
    for batch in batches:
        for entry in batch:
            logger.info("%s %s %s %s %s", entry.stage, entry.function, entry.args, entry.result, entry.duration_ms)
    handler.close()


def json_by_hand(folder: Path, batches: list[list[LogEntry]]) -> None:
    """``json.dumps`` and one ``write`` an entry."""
    with open(folder / "json", "w") as file:
        for batch in batches:
            for entry in batch:
                file.write(json.dumps(entry.to_dict()) + "\n")
            file.flush()


def executemany_by_hand(folder: Path, batches: list[list[LogEntry]]) -> None:
    """One row an entry."""
    connection = sqlite3.connect(folder / "hand.db")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"CREATE TABLE entries ({', '.join(FIELDS)})")
    insert = f"INSERT INTO entries VALUES ({', '.join('?' * len(FIELDS))})"
    for batch in batches:
        connection.executemany(insert, [tuple(getattr(entry, name) for name in FIELDS) for entry in batch])
        connection.commit()
    connection.close()


def insert_many_by_hand(uri: str, batches: list[list[LogEntry]]) -> None:
    """``insert_many`` of what ``to_dict`` gives."""
    from pymongo import MongoClient

    with MongoClient(uri) as client:
        collection = client[f"hand_{time.monotonic_ns()}"]["entries"]
        for batch in batches:
            collection.insert_many([entry.to_dict() for entry in batch])


def origin() -> Origin:
    """The process that the entries are said to come from."""
    return Origin(META["pid"], META["base"], service="shop")


@contextmanager
def mongo_uri() -> Iterator[str]:
    """A server."""
    given = os.environ.get("GLIMPSE_TEST_MONGO_URI")
    if given is not None:
        yield given
        return
    command = [sys.executable, "-c", SERVER, str(Path(__file__).parents[1])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def contestants(chunks: list[list[tuple[Any, ...]]], uri: str) -> dict[str, Work]:
    """Everything that is measured, by the name that is printed."""
    assembler = Assembler(origin())
    records = filter(None, map(assembler.feed, chunks))
    batches = [[LogEntry(**record) for record in batch] for batch in records]
    names = iter(range(10**6))
    return {
        "logging to a file": lambda folder: logging_by_hand(folder, batches),
        "json.dumps and write": lambda folder: json_by_hand(folder, batches),
        "jsonl": lambda folder: by_batches(JsonlWriter(str(folder / "a")), batches),
        "json": lambda folder: by_batches(JsonWriter(str(folder / "a")), batches),
        "jsonl *": lambda folder: by_lines(folder, chunks),
        "journal *": lambda folder: by_events(folder, chunks),
        "executemany": lambda folder: executemany_by_hand(folder, batches),
        "sqlite": lambda folder: by_batches(SqliteWriter(str(folder / "a")), batches),
        "sqlite *": lambda folder: by_rows(folder, chunks),
        "insert_many": lambda folder: insert_many_by_hand(uri, batches),
        "mongo": lambda folder: by_batches(
            MongoWriter(f"{uri}/trace_{next(names)}", spool_path=str(folder / "spool")), batches
        ),
    }


def measure(count: int, rounds: int) -> None:
    """Print a table."""
    chunks = events(count)
    with mongo_uri() as uri:
        works = contestants(chunks, uri)
        best = dict.fromkeys(works, float("inf"))
        gc.collect()
        gc.freeze()  # the prepared entries would otherwise be gone through again and again
        for _ in range(rounds):
            for name, work in works.items():
                with tempfile.TemporaryDirectory() as folder:
                    before = time.process_time()
                    work(Path(folder))
                    best[name] = min(best[name], time.process_time() - before)
    print(f"{'':24}CPU µs an entry")
    for name, seconds in best.items():
        print(f"{name:24}{seconds / count * 1e6:8.2f}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="only check that everything runs")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    measure(4096 if options.quick else 102_400, 1 if options.quick else options.rounds)


if __name__ == "__main__":
    main()
