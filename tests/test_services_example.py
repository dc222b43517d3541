"""The example in ``fixtures/services``: a request's way through a client, two services and a worker, as one tree."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from glimpse.cli import main
from tests.support.pages import ROOT, example
from tests.support.process import clean_environment

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

from tests.writers.otlp_receiver import Receiver

RUN = ROOT / "fixtures" / "services" / "run.py"

WHOLE = [
    (1, "client", "__main__.buy"),
    (2, "client", "__main__.post"),
    (3, "front", "__main__.order"),
    (4, "front", "__main__.reserve"),
    (5, "stock", "__main__.take"),
    (6, "stock", "__main__.available"),
    (4, "front", "__main__.have_packed"),
    (5, "worker", "worker.pack"),
    (6, "worker", "worker.label"),
]


@pytest.mark.once
def test_one_tree_across_four_processes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One command runs them, one shows the tree: names, parents, processes, services, ids; and a collector gets it."""
    with Receiver() as receiver:
        env = clean_environment(
            {
                "GLIMPSE_DEST": "jsonl,otlp",
                "GLIMPSE_OTLP_ENDPOINT": receiver.endpoint,
                "GLIMPSE_OTLP_SPOOL_PATH": str(tmp_path / "spool"),
            }
        )
        words = shlex.split(example("docs/distributed.md", "services").splitlines()[0])
        assert [words[0], ROOT / words[1]] == ["python", RUN]
        command = [sys.executable, str(RUN), str(tmp_path)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "TEA x 2\n", "")
        sent = {span.span_id.hex(): (span.name, span.parent_span_id.hex() or None) for span in receiver.spans()}
    files = sorted(map(str, tmp_path.glob("*.jsonl")))
    assert main(["tree", "--json", *files]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["level"], row["service"], row["function"]) for row in rows] == WHOLE
    assert len({row["trace_id"] for row in rows}) == 1
    processes = {row["service"]: row["pid"] for row in rows}
    assert len(set(processes.values())) == 4
    assert all(row["pid"] == processes[row["service"]] for row in rows)
    spans = [row["span_id"] for row in rows]
    by_level = {}
    for row, span in zip(rows, spans, strict=True):
        by_level[row["level"]] = span
        assert row["parent_span_id"] == by_level.get(row["level"] - 1)
    assert sent == {row["span_id"]: (row["function"], row["parent_span_id"]) for row in rows}
    entries = [json.loads(line) for file in files for line in Path(file).read_text().splitlines()]
    assert {entry["correlation_id"] for entry in entries} == {"order-7"}
    assert main(["tree", *files]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert f"[stock pid {processes['stock']}] take(item='tea', count=2) → 10" in told.out
    assert calls_of(told.out) == calls_of(example("docs/distributed.md", "tree of services"))


def calls_of(tree: str) -> list[tuple[str, str]]:
    """The service that is named at each call of a printed tree, and the function."""
    return re.findall(r"(?m)^[ \d.]+ [mµ]?s +[│├└ ]*(?:\[(\w+) pid \d+\] )?(?:\[Task-\d+\] )?([\w.]+)\(", tree)
