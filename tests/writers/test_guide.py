"""The pages about writers tell the truth."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from glimpse.config import Config
from glimpse.writers import writer_class
from glimpse.writers.sqlite.writer import SqliteWriter
from tests.support.pages import example
from tests.writers import entries as made

DOCS = Path(__file__).parents[2] / "docs"
WRITERS = (DOCS / "writers.md").read_text(encoding="utf-8")
OWN = (DOCS / "writing-a-writer.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("dest", ["jsonl", "json", "sqlite", "journal", "mongo", "otlp"])
def test_options(dest: str) -> None:
    """The table of each writer has its options, with their defaults and meanings."""
    section = WRITERS.partition(f"\n## {dest}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", section, flags=re.MULTILINE)
    expected = [
        (option.name, "none" if option.default is None else f"`{option.default}`", option.meaning)
        for option in writer_class(dest).options
    ]
    assert rows == expected


def test_questions_in_sql(tmp_path: Path) -> None:
    """Each SQL example can be asked, and has an answer."""
    writer = SqliteWriter(str(tmp_path / "x.db"))
    failed = made.exception(4, 3, parent_id=1, depth=2)
    writer.write_batch([made.start(1), made.start(3, parent_id=1, depth=2), failed, made.end(5, 1)])
    writer.close()
    connection = sqlite3.connect(tmp_path / "x.db")
    for question in example("docs/writers.md", "sql").strip().split(";\n"):
        assert connection.execute(question).fetchall(), question
    connection.close()


def test_smallest_writer() -> None:
    """The first example runs as it stands, and its writer prints what it gets."""
    code = (
        example("docs/writing-a-writer.md", "python smallest")
        + "\nimport sys\nsys.path.insert(0, sys.argv[1])\nfrom tests.writers import entries as made\n"
    )
    code += "Console().write_batch(made.calls(1))\n"
    root = str(DOCS.parent)
    done = subprocess.run([sys.executable, "-c", code, root], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["START shop.orders.total None", "END shop.orders.total 0.001"]


def test_options_of_a_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example with options gets them as the text says."""
    monkeypatch.setattr("glimpse.config.destinations._registered", {"pager": ("url", "timeout")})
    names: dict[str, type] = {}
    exec(example("docs/writing-a-writer.md", "python options"), names)
    writer = names["Pager"].from_config(Config(dest="pager", params={"timeout": "2min"}), "pager")  # type: ignore[attr-defined]
    assert (writer.url, writer.timeout) == ("http://localhost:8080", 120.0)


def test_methods() -> None:
    """The table of methods names methods that there are."""
    from glimpse.writers import BaseWriter

    named = re.findall(r"^\| `(\w+)(?:\(.*?\))?` \| [^|]* \| [^|]* \|$", OWN, flags=re.MULTILINE)
    assert set(named) == {name for name in vars(BaseWriter) if not name.startswith("_")} - {"options", "from_config"}
