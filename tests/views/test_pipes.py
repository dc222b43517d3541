"""Traces that come through a pipe are read like files, whatever their format."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest

from glimpse.cli import main
from glimpse.errors import ReadError
from glimpse.views.sources import open_sources
from tests.traces.recording import shop
from tests.views.test_sources import PATHS, written


def trace(kind: str, folder: Path) -> bytes:
    """The bytes of a trace in a format."""
    return written(shop(5), kind, folder / "trace").read_bytes()


def pipe_in(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let standard input be a pipe with this content."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content))))


@pytest.mark.parametrize("kind", PATHS)
def test_standard_input(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The format is told by the content."""
    plain = [record["call_id"] for record in open_sources([str(shop(5).save(tmp_path / "t.jsonl"))])[0].records()]
    pipe_in(trace(kind, tmp_path), monkeypatch)
    assert [record["call_id"] for record in open_sources(["-"])[0].records()] == plain


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("kind", ["jsonl", "json"])
def test_named_pipe(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a shell makes of ``<(command)`` is read to its end, once."""
    content, pipe = trace(kind, tmp_path), tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    assert main(["top", str(pipe), "--sort", "function"]) == 0
    writer.join()
    assert "Mailer.send" in capsys.readouterr().out


def test_nothing_in_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty pipe is an empty trace, and no pipe at all one clear error."""
    pipe_in(b"", monkeypatch)
    assert list(open_sources(["-"])[0].records()) == []
    assert main(["top", os.devnull]) == 0
    assert capsys.readouterr().out.startswith("The trace has no finished calls")
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(ReadError, match="no standard input"):
        open_sources(["-"])
