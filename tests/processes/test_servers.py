"""Servers that run in several processes, and pools: each process is traced, and what it served is complete."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support import assert_complete, read_entries, run_python, write_files
from tests.support.entries import Entry
from tests.support.process import clean_environment
from tests.support.serving import free_port, get

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="these servers are not for this system"),
]

READY_S = 60
APPS = {
    "shop.py": """
import os

def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [answer(environ["PATH_INFO"]).encode()]

async def asgi(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": answer(scope["path"]).encode()})

def answer(path):
    return f"{path} {os.getpid()}"
"""
}
ON = {"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "shop"}


@contextmanager
def serving(folder: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server, traced by its environment alone, that is told to end when the block does."""
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env=clean_environment({**ON, "GLIMPSE_FLUSH_ON_SIGTERM": "1"}),  # uvicorn ends by it, unhandled
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield server
        server.send_signal(signal.SIGTERM)
        server.wait(READY_S)
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(READY_S)


def ask_until(port: int, folder: Path, processes: int) -> dict[str, str]:
    """Ask until so many processes have answered: path to process. Which one answers is the system's choice."""
    answered: dict[str, str] = {}
    deadline = time.monotonic() + READY_S
    while len(set(answered.values())) < processes:
        assert time.monotonic() < deadline, (folder / "server.log").read_text(encoding="utf-8")
        path = f"/{len(answered)}"
        answer = get(port, path)
        if answer is None:
            time.sleep(0.05)
        else:
            answered[path] = answer.split()[1]
    return answered


def recorded(folder: Path) -> list[Entry]:
    """The entries of a server that has ended; each START has its end."""
    entries = read_entries(folder / "glimpse.jsonl")
    assert_complete(entries)
    return entries


def paths_by_process(entries: list[Entry]) -> dict[str, str]:
    """Which path each recorded request asked for, and the process that says it answered."""
    starts = [entry for entry in entries if entry["stage"] == "START" and entry["function"] == "shop.answer"]
    return {str(entry["args"]).split("'")[1]: str(entry["pid"]) for entry in starts}


@pytest.mark.integrations
@pytest.mark.parametrize("preload", [[], ["--preload"]])
def test_gunicorn(preload: list[str], tmp_path: Path) -> None:
    """Workers that are forked before or after the application is loaded record what they serve."""
    if not find_spec("gunicorn"):
        pytest.skip("gunicorn is not installed")
    write_files(tmp_path, APPS)
    port = free_port()
    with serving(tmp_path, "gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", *preload, "shop:wsgi"):
        answered = ask_until(port, tmp_path, 2)
    assert paths_by_process(recorded(tmp_path)) == answered


@pytest.mark.integrations
def test_uvicorn_workers(tmp_path: Path) -> None:
    """Workers that are spawned are traced by the environment that they inherit."""
    if not find_spec("uvicorn"):
        pytest.skip("uvicorn is not installed")
    write_files(tmp_path, APPS)
    port = free_port()
    with serving(tmp_path, "uvicorn", "--workers", "2", "--port", str(port), "shop:asgi"):
        answered = ask_until(port, tmp_path, 2)
    assert paths_by_process(recorded(tmp_path)) == answered


@pytest.mark.integrations
def test_uvicorn_reload(tmp_path: Path) -> None:
    """After a change to the source, a new process runs and records the new code."""
    if not find_spec("uvicorn"):
        pytest.skip("uvicorn is not installed")
    write_files(tmp_path, APPS)
    port = free_port()
    with serving(tmp_path, "uvicorn", "--reload", "--reload-delay", "0.1", "--port", str(port), "shop:asgi"):
        ask_until(port, tmp_path, 1)
        write_files(
            tmp_path,
            {"shop.py": APPS["shop.py"].replace("(path):", "(path, new=1):").replace("getpid()}", "getpid()} new")},
        )
        deadline = time.monotonic() + READY_S
        while not (get(port, "/new") or "").endswith("new"):
            assert time.monotonic() < deadline, (tmp_path / "server.log").read_text(encoding="utf-8")
            time.sleep(0.1)
    shown = {str(entry["args"]) for entry in recorded(tmp_path) if entry["stage"] == "START"}
    assert "answer(path='/new', new=1)" in shown
    assert "answer(path='/0')" in shown


POOL = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
import shop

if __name__ == "__main__":
    how, method = sys.argv[1:]
    context = multiprocessing.get_context(method)
    if how == "executor":
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            done = list(pool.map(shop.answer, "abcdefgh"))
    else:
        with context.Pool(2) as pool:
            done = pool.map(shop.answer, "abcdefgh")
            if how == "closed":
                pool.close()
                pool.join()
    print(*(each.split()[0] for each in done))
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("how", ["executor", "closed"])
def test_pools(how: str, method: str, tmp_path: Path) -> None:
    """What the workers of a pool that ends by itself ran is recorded, each call once, however they were started."""
    write_files(tmp_path, {**APPS, "app.py": POOL})
    run = run_python("-W", "ignore", "app.py", how, method, cwd=tmp_path, env=ON)
    assert run.stdout == "a b c d e f g h\n"
    assert run.stderr == ""
    assert_complete(run.entries)
    assert sorted(paths_by_process(run.entries)) == list("abcdefgh")


def test_pool_that_is_terminated(tmp_path: Path) -> None:
    """A pool as a context manager kills its workers: at most the last flush interval is lost, the file is good."""
    write_files(tmp_path, {**APPS, "app.py": POOL})
    run = run_python(
        "-W", "ignore", "app.py", "killed", "fork", cwd=tmp_path, env={**ON, "GLIMPSE_FLUSH_INTERVAL": "5ms"}
    )
    assert run.stdout == "a b c d e f g h\n"
    assert run.stderr == ""
    assert set(paths_by_process(run.entries)) <= set("abcdefgh")
