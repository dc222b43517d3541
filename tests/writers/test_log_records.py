"""Entries as records of logging."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from glimpse import Config, Tracer, TracingPolicy
from glimpse.writers.log_records import LoggingWriter
from tests.support import run_python, write_files
from tests.writers import entries as made

PAGE = (Path(__file__).parents[2] / "docs" / "logging.md").read_text(encoding="utf-8")


class Kept(logging.Handler):
    """Keeps the records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def kept() -> Iterator[Kept]:
    """A handler of a logger that passes everything."""
    handler, logger = Kept(), logging.getLogger("kept")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield handler
    logger.removeHandler(handler)


def test_a_record_says_what_the_entry_says(kept: Kept) -> None:
    """Level, time, thread, process, call, and a message of one line."""
    writer = LoggingWriter("kept")
    entry = made.exception(7, 3, function="shop.Cart.pay", args="pay(n=1)")
    entry.exception = {"type": "ValueError", "message": "no\nsuch\x1b[31m voucher", "line": 3}
    writer.write_batch([made.start(3, function="shop.Cart.pay", args="pay(n=1)"), entry])
    start, failed = kept.records
    assert start.getMessage() == "START shop.Cart.pay(n=1)"
    assert failed.getMessage().startswith("EXCEPTION shop.Cart.pay(n=1) raised ValueError: no\\nsuch\\x1b[31m voucher")
    assert (start.levelname, failed.levelname) == ("INFO", "ERROR")
    assert (start.funcName, start.threadName, start.process) == ("pay", entry.thread, entry.pid)
    assert failed.glimpse_call == f"{entry.pid}:3"  # type: ignore[attr-defined]
    assert failed.glimpse == entry.to_dict()  # type: ignore[attr-defined]
    formatter = logging.Formatter("%(asctime)s", "%Y-%m-%d %H:%M:%S")
    formatter.converter = __import__("time").gmtime
    assert f"{formatter.format(start)}.{int(start.msecs):03d}" == made.start(3).timestamp[:-3]


def test_levels_of_the_logger_count(kept: Kept) -> None:
    """What the logger does not want costs no record."""
    logging.getLogger("kept").setLevel(logging.ERROR)
    LoggingWriter("kept").write_batch([made.start(1), made.end(2, 1)])
    assert kept.records == []


def test_handlers_that_are_traced_leave_no_entries(tmp_path: Path) -> None:
    """Calls of a traced formatter, because of an entry, are no entries; those because of the program's lines are."""
    files = {
        "app.py": """
            import logging

            class Formatter(logging.Formatter):
                def format(self, record):
                    return "formatted " + record.getMessage()

            def work():
                logging.getLogger("app").warning("line")
            """,
        "main.py": """
            import logging
            from glimpse import Config, Tracer, TracingPolicy

            tracer = Tracer(Config(dest="logging"), TracingPolicy(["app"])).install()
            import app

            handler = logging.StreamHandler()
            handler.setFormatter(app.Formatter())
            logging.basicConfig(level="INFO", handlers=[handler])
            for _ in range(300):
                app.work()
            tracer.close()
            """,
    }
    lines = run_python("main.py", cwd=write_files(tmp_path, files)).stderr.splitlines()
    assert len(lines) == 300 * (1 + 2 + 2)
    assert sum("START app.Formatter.format" in line for line in lines) == 300
    assert all(line.startswith("formatted ") for line in lines)


def test_the_page(tmp_path: Path) -> None:
    """The example prints what the page shows, but for the time."""
    code, output = (
        re.findall(rf"<!-- example: {name} stream -->\n```\w+\n(.*?)```", PAGE, flags=re.DOTALL)[0]
        for name in ("python", "output")
    )
    shop = "def price(item):\n    return {'tea': 3.5}[item]\n"
    run = run_python("main.py", cwd=write_files(tmp_path, {"shop.py": shop, "main.py": code}))
    assert re.sub(r"[\d.]+ ms", "ms", run.stderr) == re.sub(r"[\d.]+ ms", "ms", output)
    assert Config(dest="logging").overflow == "drop"
    assert ("| `logger` | `glimpse` | the logger's name |") in PAGE


def test_an_unknown_parameter_is_refused() -> None:
    """As of any destination."""
    with pytest.raises(Exception, match="loger"):
        Tracer(Config(dest="logging", params={"loger": "x"}), TracingPolicy(["nothing"])).install()
