"""Every filter in every command that takes filters, on every format, against what the entries themselves tell."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glimpse.cli import main
from tests.traces.recording import Recorder
from tests.views.test_sources import written

Entry = dict[str, Any]
Capture = pytest.CaptureFixture[str]


class Made:
    """A call as the entries have it."""

    def __init__(self, start: Entry, end: Entry | None, above: Made | None) -> None:
        self.start, self.end, self.above = start, end, above
        self.failed = end is not None and end["stage"] == "EXCEPTION"
        self.ms = end["duration_ms"] if end is not None else None

    def __getattr__(self, name: str) -> Any:
        return self.start.get(name)


Test = Callable[[Made], bool]
ABOUT: dict[str, tuple[list[str], Test]] = {
    "function": (["-k", "parse_item"], lambda call: call.function == "app.parse.parse_item"),
    "wildcard": (["--function", "app.*.load"], lambda call: call.function == "app.data.load"),
    "argument": (["--args", "n=3"], lambda call: "n=3" in call.args),
}
"""Filters that choose calls with all that is below them."""
WHERE: dict[str, tuple[list[str], Test]] = {
    "nothing": ([], lambda call: True),
    "thread": (["--thread", "work*"], lambda call: call.thread == "worker-1"),
    "task": (["--task", "Task-?"], lambda call: call.task == "Task-7"),
    "process": (["--pid", "4712"], lambda call: call.pid == 4712),
    "service": (["--service", "shop"], lambda call: call.service == "shop"),
    "no such thread": (["--thread", "x"], lambda call: False),
    "since": (["--since", "2023-12-01 10:30:15.160"], lambda call: call.timestamp >= "2023-12-01 10:30:15.160000"),
    "until": (["--until", "10:30:15.2"], lambda call: call.timestamp[11:] <= "10:30:15.200000"),
    "trace": (["--trace", f"{4712:032x}"], lambda call: call.trace_id == f"{4712:032x}"),
}
HOW: dict[str, tuple[list[str], Test]] = {
    "duration": (["--min-duration", "5ms"], lambda call: call.ms is None or call.ms >= 5),
    "error": (["--error"], lambda call: call.failed),
    "depth": (["--depth", "2"], lambda call: call.depth <= 2),
}
FILTERS = {**ABOUT, **WHERE, **HOW, "several": ([*WHERE["thread"][0], *HOW["duration"][0]], lambda call: True)}
FORMATS = ("jsonl", "json", "journal", "sqlite")
EACH = [
    (name, kind)
    for name in FILTERS
    for kind in FORMATS
    if kind in {"jsonl", "sqlite"} or name in {"argument", "since", "several"} or os.environ.get("GLIMPSE_SWEEP")
]
"""json and journal are read as jsonl is; with GLIMPSE_SWEEP=1, every filter is tried on them too."""


def program() -> list[Entry]:
    """Two processes that share an entry order: threads, tasks, failures, nesting; one call never ends."""
    found: list[Entry] = []
    for pid, service in ((4711, "shop"), (4712, "billing")):
        recorder = Recorder(pid, ids=True, service=service, start_us=1_701_426_615_123_456 + pid % 2 * 70_000)
        main_call = recorder.start("app.main", "argv=[]")
        for number in range(5):
            where = {"thread": "worker-1"} if number % 2 else {"task": "Task-7"} if number == 4 else {}
            with recorder.call("app.data.load", f"n={number}", "[1]", 3, parent=main_call, **where):
                recorder.leaf("app.parse.parse_item", f"text='x', n={number}", ms=number * 3, **where)
                failing = recorder.start("app.parse.check", f"n={number}", **where)
                recorder.spend(1)
                (recorder.fail(failing, ValueError(number)) if number % 2 else recorder.end(failing))
        if pid == 4711:
            recorder.end(main_call)
        found += recorder.entries
    return sorted(found, key=lambda entry: str(entry["timestamp"]))


ENTRIES = program()


def calls() -> list[Made]:
    """The calls of the program, as the entries tell them."""
    ends = {(e["pid"], e["call_id"]): e for e in ENTRIES if e["stage"] != "START"}
    made: dict[tuple[int, int | None], Made] = {}
    for entry in ENTRIES:
        if entry["stage"] == "START":
            key = entry["pid"], entry["call_id"]
            made[key] = Made(entry, ends.get(key), made.get((entry["pid"], entry["parent_id"])))
    return list(made.values())


CALLS = calls()


def chosen(name: str, *, below: bool = False) -> list[Made]:
    """The calls that a filter chooses; ``below``: with what is below those that are chosen by function or argument."""
    if name == "several":
        return [call for call in CALLS if WHERE["thread"][1](call) and HOW["duration"][1](call)]
    test = FILTERS[name][1]

    def wanted(call: Made | None) -> bool:
        return call is not None and (test(call) or (below and name in ABOUT and wanted(call.above)))

    return [call for call in CALLS if wanted(call)]


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The program's trace in each format."""
    recorder, folder = Recorder(), tmp_path_factory.mktemp("traces")
    recorder.entries = ENTRIES
    return {kind: str(written(recorder, kind, folder / f"t.{kind}")) for kind in FORMATS}


def run(capsys: Capture, *arguments: str) -> str:
    """What a command prints; it must succeed and say nothing else."""
    assert main(list(arguments)) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


def ids(found: list[Made]) -> list[tuple[int, int]]:
    """Which calls these are."""
    return sorted((call.pid, call.call_id) for call in found)


@pytest.mark.once
@pytest.mark.parametrize(("name", "kind"), EACH)
def test_tables(capsys: Capture, traces: dict[str, str], name: str, kind: str) -> None:
    """``top``, ``errors`` and ``diff`` count the calls that are chosen."""
    wanted, options = chosen(name), FILTERS[name][0]
    top = json.loads(run(capsys, "top", "--json", *options, traces[kind]))
    assert sum(row["calls"] for row in top) == sum(call.end is not None for call in wanted)
    assert sum(row["errors"] for row in top) == sum(call.failed for call in wanted)
    total = sum(row["total_ms"] for row in top)
    assert total == pytest.approx(sum(call.ms or 0 for call in wanted))
    errors = json.loads(run(capsys, "errors", "--json", *options, traces[kind]))
    assert sum(row["count"] for row in errors) == sum(call.failed for call in wanted)
    diff = json.loads(run(capsys, "diff", "--json", *options, traces[kind], traces["jsonl"]))
    assert diff["before"]["calls"] == diff["after"]["calls"] == sum(call.end is not None for call in wanted)
    assert diff["changes"] == []


@pytest.mark.once
@pytest.mark.parametrize(("name", "kind"), EACH)
def test_calls(capsys: Capture, traces: dict[str, str], name: str, kind: str) -> None:
    """``tree`` shows the calls that are chosen, and those around them; exports have these and those below."""
    options, wanted = FILTERS[name][0], chosen(name, below=True)
    rows = csv.DictReader(io.StringIO(run(capsys, "export", "--to", "csv", *options, traces[kind])))
    assert sorted((int(row["pid"]), int(row["call_id"])) for row in rows) == ids(wanted)
    tree = json.loads(run(capsys, "tree", "--json", "--all", *options, traces[kind]))
    shown = {(row["pid"], row["call_id"]) for row in tree}
    around = {(above.pid, above.call_id) for call in wanted for above in path(call) if name in HOW or name == "several"}
    assert set(ids(wanted)) <= shown <= set(ids(wanted)) | around


def path(call: Made) -> list[Made]:
    """The calls around one."""
    return [] if call.above is None else [call.above, *path(call.above)]


@pytest.mark.once
@pytest.mark.parametrize(("name", "kind"), list(zip(FILTERS, FORMATS * 4, strict=False)))
def test_pages_and_other_exports(capsys: Capture, traces: dict[str, str], tmp_path: Path, name: str, kind: str) -> None:
    """A report counts them, and each format of export has as many."""
    options, wanted = FILTERS[name][0], chosen(name, below=True)
    page = json.loads(run(capsys, "report", "--json", "-o", str(tmp_path / "r.html"), *options, traces[kind]))
    assert page["calls"] == len(wanted)
    lines = run(capsys, "export", "--to", "otlp", *options, traces[kind]).splitlines()
    parts = [part for line in lines for each in json.loads(line)["resourceSpans"] for part in each["scopeSpans"]]
    assert sum(len(part["spans"]) for part in parts) == len(wanted)
    for to in "chrome", "speedscope", "folded":
        text = run(capsys, "export", "--to", to, *options, traces[kind])
        assert all(call.function.split(".")[-1] in text for call in wanted if call.end is not None)


BAD = (
    ("--since", "nonsense"), ("--since", "25:00"), ("--since", "10:61"), ("--until", "2023-13-01"), ("--since", ""),
    ("--min-duration", "-5"), ("--min-duration", "nan"), ("--min-duration", "5 parsecs"), ("--depth", "0"),
    ("--depth", "x"), ("--pid", "x"), ("--function", ""), ("--function", "app.[a-"), ("--thread", " "),
    ("--service", "["), ("--args", ""), ("--task", ""), ("--trace", ""),
)  # fmt: skip


@pytest.mark.parametrize("command", ["top", "tree", "errors", "tail", "report", "export --to csv", "diff t.jsonl"])
def test_bad_values(capsys: Capture, command: str) -> None:
    """One clear line each, that names the option, the value and what is accepted; before anything is read."""
    for option, value in BAD:
        assert main([*command.split(), option, value, "missing.jsonl"]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err.count("\n") == 1
        assert shown.err.startswith(f"glimpse: option {option}: bad ")
        assert repr(value) in shown.err
        assert "accepted: " in shown.err


def test_a_time_that_ends_before_it_begins(capsys: Capture) -> None:
    """Chooses nothing, so it is an error, for dates as for times of day."""
    for since, until in (("2023-12-02", "2023-12-01"), ("10:30", "9:00")):
        assert main(["top", "--since", since, "--until", until, "missing.jsonl"]) == 2
        assert f"option --until: bad value '{until}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("show 1", "--min-duration=5"),
        ("convert --error a.jsonl b.jsonl", "--error"),
        ("export --to sqlite -o x.db --pid 1 t.jsonl", "filters"),
    ],
)
def test_what_takes_no_filters(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, option: str
) -> None:
    """Says so, and never leaves one out in silence."""
    monkeypatch.chdir(tmp_path)
    Recorder().save(tmp_path / "t.jsonl")
    arguments = command.split() if option in command or option == "filters" else [*command.split(), option]
    assert main(arguments) == 2
    assert option in capsys.readouterr().err


def documented() -> dict[str, list[str]]:
    """The keys of each output, as the page about the record has them."""
    page = (Path(__file__).parents[2] / "docs" / "record.md").read_text(encoding="utf-8")
    table = page[page.index("## What `--json` prints") :].split("\n\n")[2].splitlines()[2:]
    found = {}
    for line in table:
        name, keys = line.strip("| ").split(" | ")
        found[name] = [key for key in keys.replace("those of ", "").split("`") if key.isidentifier()]
    return found


def test_keys_of_json(capsys: Capture, traces: dict[str, str], tmp_path: Path) -> None:
    """What each command prints as JSON has the keys that are documented."""

    def printed(*arguments: str) -> Any:
        return json.loads(run(capsys, *arguments[:1], "--json", *arguments[1:]))

    trace = traces["jsonl"]
    tree = printed("tree", "--keep", "1", trace)
    diff = printed("diff", trace, trace, "--fail-on", "new-errors")
    changes = printed("diff", trace, empty(tmp_path))["changes"]
    shown = {
        "top: a list of functions": printed("top", trace)[0],
        "tree: a list of calls, each before those below it": next(row for row in tree if "folded" not in row),
        "tree, calls that are folded": next(row for row in tree if "folded" in row),
        "show: a list of calls": printed("show", "4711:1", trace)[0],
        "errors: a list of kinds": printed("errors", trace)[0],
        "diff": diff,
        "diff, its before and after": diff["before"],
        "diff, each of its changes": changes[0],
        "report: what was written": printed("report", "-o", str(tmp_path / "r.html"), trace),
    }
    wanted = documented()
    of_tree = list(shown["tree: a list of calls, each before those below it"])
    assert {name.replace("`", "") for name in wanted} == shown.keys()
    for name, keys in wanted.items():
        plain = [*of_tree, *keys[1:]] if keys[0] == "tree" else keys
        assert list(shown[name.replace("`", "")]) == plain, name


def empty(folder: Path) -> str:
    """A trace of one other call."""
    recorder = Recorder()
    recorder.leaf("app.other")
    return str(recorder.save(folder / "other.jsonl"))
