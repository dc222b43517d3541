"""Does what a page tells its reader to type: commands in a shell, and servers that are asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import metadata
from pathlib import Path

from tests.support.process import clean_environment
from tests.support.serving import free_port

SCRIPTS = Path(sys.executable).parent
READY_S = 60


def environment(folder: Path, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of one who has Glimpse's active, and works in the folder."""
    path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
    return clean_environment({"PATH": path, "PYTHONPATH": str(folder), **(env or {})})


def run(script: str, folder: Path, code: int = 0, env: Mapping[str, str] | None = None) -> str:
    """What a script prints; where it says ``pip install``, what it names is looked at instead."""
    done = subprocess.run(
        ["sh", "-ec", pip() + script],
        cwd=folder,
        env=environment(folder, env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def pip() -> str:
    """A shell function that stands for pip: it installs nothing, and takes this package and its extras only."""
    extras = metadata("glimpse").get_all("Provides-Extra") or []
    names = "|".join(["glimpse", *(rf"glimpse\[{extra}\]" for extra in extras)])
    return f'pip() {{ shift; for name; do case $name in {names}) ;; *) echo "pip: $name"; return 1;; esac; done; }}\n'


@contextmanager
def serving(script: str, folder: Path) -> Iterator[int]:
    """The server that a script starts, on a port that nobody else has; it is told to end with the block."""
    port = free_port()
    places = {"GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{port}", "FLASK_RUN_PORT": str(port), "UVICORN_PORT": str(port)}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            ["sh", "-ec", script.replace("runserver", f"runserver {port}")],
            cwd=folder,
            env=environment(folder, places),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield port
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(READY_S)
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait(READY_S)


def await_that(condition: Callable[[], object], folder: Path) -> None:
    """Return when the condition holds."""
    deadline = time.monotonic() + READY_S
    while not condition():
        assert time.monotonic() < deadline, (folder / "server.log").read_text(encoding="utf-8")
        time.sleep(0.05)
