"""Real frameworks, traced from outside: the same answers and statements, and the whole tree of each request."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import Run, assert_complete, call_tree, plain_and_traced, read_entries, run_python, write_policy
from tests.support.entries import Entry
from tests.support.process import clean_environment

SITES = Path(__file__).parent.parent / "fixtures" / "frameworks"
WORKER = [
    *(sys.executable, "-m", "celery", "-A", "mailing.tasks", "worker", "-P", "prefork", "-c", "2", "-l", "ERROR"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
]
READY_S = 60


def visit(site: str, package: str, folder: Path, *arguments: str, **env: str) -> Run:
    """Run a site's program plain and traced: all that it prints is the same, on both streams."""
    home = Path(shutil.copytree(SITES / site, folder / site))
    return plain_and_traced("main.py", *arguments, policy=write_policy(home, package), cwd=home, env=env)


def apart(lines: list[str]) -> list[list[str]]:
    """The trees one by one."""
    roots = [place for place, line in enumerate(lines) if not line.startswith(" ")]
    return [lines[start:end] for start, end in zip(roots, [*roots[1:], None], strict=True)]


def test_django(tmp_path: Path) -> None:
    """Middleware, views, managers, properties, receivers; no statement is made because of Glimpse."""
    pytest.importorskip("django")
    run = visit("django_site", "library", tmp_path)
    assert run.stdout.count("SELECT") == 5
    assert call_tree([entry for entry in run.entries if entry["thread"] == "MainThread"])[3:] == [
        "__init__",
        "__call__",
        "  books",
        "    cheap",
        "      under",
        "    as_row -> {'title': 'Rocannon', 'label': 'Rocannon (9)'}",
        "      label -> 'Rocannon (9)'",
        "    as_row -> {'title': 'Tehanu', 'label': 'Tehanu (12)'}",
        "      label -> 'Tehanu (12)'",
        "__call__",
        "  book",
        "    __str__ -> 'Tehanu by Le Guin'",
        "__call__",
        "  book !! django.http.response.Http404",
        "__call__",
        "__call__",
        "  broken !! library.models.Book.DoesNotExist",
        "    cheap",
        "      under",
        "    price_of !! library.models.Book.DoesNotExist",
    ]
    # Django runs an asynchronous view of a synchronous server in a thread, where it begins a tree of its own.
    other = {entry["call_id"] for entry in run.entries if entry["function"] == "library.views.summary"}
    below = [entry for entry in run.entries if entry["function"] == "library.views.count_below"]
    assert {entry["parent_id"] for entry in below} == other


def test_flask_and_sqlalchemy(tmp_path: Path) -> None:
    """Hooks of a request, views, handlers of errors, a streamed answer; instances are shown without a statement."""
    pytest.importorskip("flask")
    pytest.importorskip("sqlalchemy")
    run = visit("flask_site", "store", tmp_path)
    assert run.stdout.count("SELECT") == 1
    assert [line for line in call_tree(run.entries) if "Response" not in line] == [
        "fill",
        "make_app",
        "open_session",
        "  cheaper -> [Item(id=1, name='tea', price=3, maker_id=1)]",
        "  show -> {'name': 'tea', 'price': 3}",
        "close_session",
        "open_session",
        "stream",
        "close_session",
        "lines",
        "open_session",
        "broken !! LookupError",
        "  price_of !! LookupError",
        "close_session",
    ]


def test_fastapi_and_sqlalchemy(tmp_path: Path) -> None:
    """Dependencies, validators, endpoints of both kinds, what runs after the answer: all below the middleware."""
    pytest.importorskip("fastapi")
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("httpx")
    run = visit("fastapi_site", "orders", tmp_path)
    assert apart(call_tree(run.entries)) == [
        ["make"],
        [
            "stamped",
            "  session",
            "  positive -> 2",
            "  create -> {'id': 1}",
            "    insert -> 1",
            "  notify",
        ],
        ["stamped", "  session !! fastapi.exceptions.RequestValidationError", "  positive !! ValueError"],
        [
            "stamped",
            "  tenant -> 'other'",
            "  both -> {'tenant': 'other', 'found': ['A', 'B']}",
            "    fetch -> 'A'",
            "      check -> 'A'",
            "    fetch -> 'B'",
            "      check -> 'B'",
        ],
        ["stamped", "  missing !! fastapi.exceptions.HTTPException"],
        ["stamped"],
    ]


TASKS = [
    "failing !! ZeroDivisionError",
    "  zero -> 0",
    "send -> 20",
    "  compose -> 'a@example.com: hello'",
    "  deliver -> 20",
    "send -> 6",
    "  compose -> 'b: you'",
    "  deliver -> 6",
    "unsteady !! celery.exceptions.Retry",
    "unsteady -> 5",
]


def trees(entries: list[Entry]) -> list[str]:
    """The call trees in the order of their names: which worker runs a task first is chance."""
    return [line for tree in sorted(apart(call_tree(entries))) for line in tree]


def test_celery_in_the_same_process(tmp_path: Path) -> None:
    """Tasks that are called eagerly are functions like others."""
    pytest.importorskip("celery")
    assert trees(visit("celery_site", "mailing", tmp_path, EAGER="1").entries) == TASKS


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the worker's processes are forked")
def test_celery_worker(tmp_path: Path) -> None:
    """A worker that forks: each of its processes records what it runs, and nothing is lost when it is told to end."""
    pytest.importorskip("celery")
    home = Path(shutil.copytree(SITES / "celery_site", tmp_path / "site"))
    env = clean_environment({"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(write_policy(home, "mailing"))})
    with (home / "worker.log").open("w", encoding="utf-8") as log:
        worker = subprocess.Popen(WORKER, cwd=home, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        asked = run_python("main.py", cwd=home)
        await_calls(home / "glimpse.jsonl", len(TASKS))
        worker.send_signal(signal.SIGTERM)
        worker.wait(READY_S)
    finally:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait(READY_S)
    assert asked.stdout.splitlines() == ["20", "5", "ZeroDivisionError integer division or modulo by zero", "6"]
    entries = read_entries(home / "glimpse.jsonl")
    assert_complete(entries)
    assert trees(entries) == TASKS
    assert all(entry["pid"] != worker.pid for entry in entries)


def await_calls(path: Path, number: int) -> None:
    """Return when so many calls have ended: its processes end by ``os._exit``, a second after their last task."""
    deadline = time.monotonic() + READY_S
    while sum(entry["stage"] in ("END", "EXCEPTION") for entry in read_entries(path)) < number:
        assert time.monotonic() < deadline, path.read_text(encoding="utf-8")
        time.sleep(0.05)


def test_asyncio_service(tmp_path: Path) -> None:
    """Each request's calls are below its task, also of a request that is given up."""
    run = visit("asyncio_service", "echo", tmp_path)
    tree = call_tree(run.entries)
    assert tree[:4] == [
        "main -> ['GOOD MORNING', 'too late', 'BYE']",
        "  ask -> 'GOOD MORNING'",
        "  ask -> 'too late'",
        "  ask -> 'BYE'",
    ]
    given_up = "    answer !! TimeoutError\n      parts\n      shout -> 'PLEASE'\n      shout -> 'WAIT'\n"
    given_up += "      forever !! asyncio.exceptions.CancelledError"
    served = "\n".join(tree[4:]).replace("asyncio.exceptions.TimeoutError", "TimeoutError")  # its name before 3.11
    assert sorted(part.rstrip() for part in served.split("  serve_one\n") if part) == [
        given_up,
        "    answer -> 'BYE'\n      parts\n      shout -> 'BYE'",
        "    answer -> 'GOOD MORNING'\n      parts\n      shout -> 'GOOD'\n      shout -> 'MORNING'",
    ]
    tasks = {entry["task"] for entry in run.entries if entry["function"].endswith("shout")}
    assert len(tasks) == 3


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (["add", "a", "b", "c"], ["  add -> 1", "  add -> 2", "  add !! click.exceptions.ClickException"]),
        (["add", ""], ["not_empty !! click.exceptions.BadParameter"]),
        (["add", "--help"], ["cli", "  __init__"]),
    ],
)
def test_click(tmp_path: Path, arguments: list[str], last: list[str]) -> None:
    """Commands, callbacks and objects of a command line; help and errors are its own."""
    pytest.importorskip("click")
    run = visit("click_cli", "notes", tmp_path, *arguments)
    assert call_tree(run.entries)[-len(last) :] == last
