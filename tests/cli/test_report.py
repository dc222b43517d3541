"""``glimpse report``."""

from __future__ import annotations

import json
import os
import webbrowser
from pathlib import Path

import pytest

from glimpse.cli import main
from tests.support.process import run_python
from tests.support.reportpage import ReportPage
from tests.traces.recording import Recorder, shop


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trace in the working directory."""
    monkeypatch.chdir(tmp_path)
    return shop(50).save(tmp_path / "shop.jsonl")


def page_of(path: str = "report.html") -> ReportPage:
    """The report that was written."""
    return ReportPage(Path(path).read_text(encoding="utf-8"))


def test_one_file(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named report.html unless told otherwise, and called after the trace; one line says what is in it."""
    assert main(["report", trace.name]) == 0
    assert page_of().title == "shop.jsonl – Glimpse"
    line = capsys.readouterr().out
    assert line.startswith("report.html: 239 calls, 2 exceptions, ")
    assert line.endswith(" kB\n")
    assert sorted(os.listdir()) == ["report.html", "shop.jsonl"]


def test_an_older_report_is_replaced_and_nothing_else(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another file is overwritten only if asked for."""
    assert main(["report", trace.name, "--title", "first"]) == 0
    assert main(["report", trace.name, "--title", "second"]) == 0
    assert page_of().title.startswith("second")
    Path("notes.html").write_text("mine", encoding="utf-8")
    capsys.readouterr()
    assert main(["report", trace.name, "-o", "notes.html"]) == 2
    assert capsys.readouterr().err == "glimpse: notes.html: exists; --force overwrites it\n"
    assert Path("notes.html").read_text(encoding="utf-8") == "mine"
    assert main(["report", trace.name, "-o", "notes.html", "--force"]) == 0
    assert page_of("notes.html").facts["calls"] == 239


def test_json(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was written, for programs."""
    assert main(["report", trace.name, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts == {
        "path": "report.html", "bytes": Path("report.html").stat().st_size, "calls": 239, "exceptions": 2,
        "functions": 11, "one_by_one": 239, "bundles": 0, "texts": 239,
    }  # fmt: skip


def test_to_standard_output(trace: Path) -> None:
    """The page and nothing else, in UTF-8 whatever the terminal has."""
    arguments = ("-m", "glimpse", "report", trace, "-o", "-", "--title", "é")
    done = run_python(*arguments, cwd=trace.parent, env={"PYTHONIOENCODING": "ascii"})
    assert ReportPage(done.stdout).title == "é – Glimpse"
    assert os.listdir() == ["shop.jsonl"]


def test_filters(trace: Path) -> None:
    """As with every reader, and what is chosen by function brings what is below it."""
    assert main(["report", trace.name, "-k", "parse_item"]) == 0
    assert set(page_of().names()) == {"shop.load.parse_item", "shop.models.Order.total"}


def test_several_traces(trace: Path) -> None:
    """Merged by time, each process on its own."""
    other = Recorder(pid=99, service="payments", start_us=1_701_426_616_000_000)
    other.leaf("pay.charge", ms=5)
    other.save(Path("pay.jsonl"))
    assert main(["report", trace.name, "pay.jsonl"]) == 0
    facts = page_of().facts
    assert (facts["title"], facts["processes"], facts["services"]) == ("shop.jsonl, pay.jsonl", 2, ["payments", "shop"])


def test_few_calls_one_by_one(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line says how many were put together."""
    assert main(["report", trace.name, "--calls", "40"]) == 0
    facts = page_of().facts
    together = f"{facts['bundles']['calls']} short ones in {facts['bundles']['count']} bundles"
    assert together in capsys.readouterr().out
    assert facts["rows"] < 239


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--calls", "0"], "option --calls: bad value '0'; accepted: a whole number from 1"),
        (["--texts", "many"], "option --texts: bad value 'many'; accepted: a whole number from 0"),
        (["-o", "."], ".: is a folder; name a file"),
        (["-o", "no/where.html"], "no/where.html: cannot be written: No such file or directory"),
        (["--ouput", "x"], "unknown argument '--ouput'; did you mean --output? (see glimpse report --help)"),
    ],
)
def test_bad_input(trace: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One clear line, and nothing is written."""
    assert main(["report", trace.name, *arguments]) == 2
    assert capsys.readouterr().err == f"glimpse: {message}\n"
    assert os.listdir() == ["shop.jsonl"]


def test_a_trace_that_is_none(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message is that of every reader, and no half-written page stays behind."""
    Path("noise.bin").write_bytes(bytes(range(256)) * 40)
    assert main(["report", "noise.bin"]) == 2
    assert capsys.readouterr().err.startswith("glimpse: noise.bin: ")
    assert not Path("report.html").exists()
    assert not [name for name in os.listdir() if name.endswith(".part")]


def test_a_password_in_an_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is passed around; the title names a database without who may read it."""
    from glimpse.cli import report
    from glimpse.views.sources import Source

    assert report._title([Source("mongodb://ann:secret@db.example.com", "mongo")]) == "db.example.com"
    assert report._title([Source("mongodb://ann:secret@db.example.com/traces", "mongo")]) == "traces"


def test_open(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser is shown the file."""
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", shown.append)
    assert main(["report", trace.name, "--open"]) == 0
    assert shown == [(trace.parent / "report.html").resolve().as_uri()]
