"""Every example, table and link of the README is what happens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from glimpse import Config, TracingPolicy
from tests.support import Run, assert_complete, read_entries, run_python, write_files, write_policy
from tests.support.pages import comparable
from tests.support.process import clean_environment

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")
SCRIPTS = Path(sys.executable).parent


class Example(NamedTuple):
    """A fenced block and the marker above it."""

    marker: str
    language: str
    body: str


EXAMPLES = [Example(*match) for match in re.findall(r"<!-- ([^\n]+) -->\n```(\w+)\n(.*?)```", TEXT, flags=re.DOTALL)]
SHOP = next(example.body for example in EXAMPLES if example.marker == "example: file shop.py")
APP = "import shop\nprint(shop.checkout(['tea', 'cup'], voucher='SPRING'))\n"


def marked(marker: str) -> list[str]:
    """The bodies of the examples with this marker."""
    return [example.body for example in EXAMPLES if example.marker == marker]


def test_every_block_is_marked() -> None:
    """No block escapes the tests of this file."""
    assert len(EXAMPLES) == len(re.findall(r"^```\w+$", TEXT, flags=re.MULTILINE))
    kinds = {"example: python", "example: sh", "example: sh with app.py", "example: jq", "example: policy"}
    other = {"command: demo", "command: test", "example: file shop.py", "example: output glimpse tree"}
    assert {example.marker for example in EXAMPLES} == kinds | other


@pytest.mark.parametrize("code", marked("example: python"))
def test_python_examples(tmp_path: Path, code: str) -> None:
    """Each runs as it stands, prints something, complains about nothing, and what it records is complete."""
    write_files(tmp_path, {"shop.py": SHOP, "example.py": code})
    run = run_python("example.py", cwd=tmp_path)
    assert run.stdout
    assert run.stderr == ""
    assert_complete(run.entries)
    assert run.entries


def test_the_tree_of_the_first_example(tmp_path: Path) -> None:
    """The tree that the page shows is what the command prints, but for the times."""
    write_files(tmp_path, {"shop.py": SHOP, "example.py": marked("example: python")[0]})
    run_python("example.py", cwd=tmp_path)
    run = run_python("-m", "glimpse", "tree", cwd=tmp_path)
    (expected,) = marked("example: output glimpse tree")
    assert comparable(run.stdout) == comparable(expected)


@pytest.mark.parametrize("script", marked("example: sh"))
def test_own_program(tmp_path: Path, script: str) -> None:
    """From nothing to the call tree of one's own program."""
    write_files(tmp_path, {"shop.py": SHOP, "app.py": APP})
    run = shell(script, tmp_path)
    assert "checkout(" in run.stdout
    assert_complete(run.entries)


@pytest.mark.parametrize("script", marked("example: sh with app.py"))
def test_environment_alone(tmp_path: Path, script: str) -> None:
    """The program's output is its own, and its calls are recorded."""
    write_policy(write_files(tmp_path, {"shop.py": SHOP, "app.py": APP}), "shop")
    run = shell(script, tmp_path)
    assert (run.stdout, run.stderr) == ("10.0\n", "")
    assert [entry["args"] for entry in run.entries if entry["depth"] == 2 and entry["stage"] == "START"] == [
        "price(item='tea')",
        "price(item='cup')",
        "discount(total=12.5, voucher='SPRING')",
    ]


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_jq_recipes(tmp_path: Path) -> None:
    """Each finds in a trace what its comment says."""
    app = "import shop, time\nshop.price('tea')\ntry:\n    shop.checkout(['tea'], 'X')\nexcept ValueError:\n    pass\n"
    files = {
        "shop.py": SHOP + "\ndef wait():\n    import time\n    time.sleep(0.12)\n",
        "app.py": app + "shop.wait()\n",
    }
    policy = write_policy(write_files(tmp_path, files), "shop")
    run_python("app.py", cwd=tmp_path, env={"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(policy)})
    (block,) = marked("example: jq")
    slow, counts, errors = (shell(line.replace("jq ", "jq -c ", 1), tmp_path).stdout for line in block.splitlines())
    assert ["shop.wait" in line for line in slow.splitlines()] == [True]
    assert sorted(map(str.split, counts.splitlines())) == [
        ["2", '"shop.checkout"'],
        ["2", '"shop.discount"'],
        ["2", '"shop.wait"'],
        ["4", '"shop.price"'],
    ]
    assert ["shop.discount" in line for line in errors.splitlines()] == [True, False]


def test_policy_example(tmp_path: Path) -> None:
    """The commented policy is read, and each value arrives."""
    (body,) = marked("example: policy")
    write_files(tmp_path, {"glimpse-policy.json": body})
    policy = TracingPolicy.from_file(tmp_path / "glimpse-policy.json")
    assert list(policy.included_packages) == ["myapp", "api_v*", "*.models"]
    assert list(policy.excluded_packages) == ["myapp.vendored"]
    assert list(policy.project_root_packages) == ["src"]
    assert list(policy.excluded_functions) == ["*.__repr__"]
    assert (policy.trace_depth, policy.min_duration_ms, policy.sample_rate) == (10, 0.5, 0.1)


TABLE = re.findall(r"^\| `(GLIMPSE_\w+)` \| (?:`(\w+)[^|]*)? ?\|[^|]*\| ([^|]+) \|$", TEXT, flags=re.MULTILINE)
OTHER_VALUES = {"GLIMPSE_DEST": "sqlite", "GLIMPSE_LEVEL": "ERROR", "GLIMPSE_TRACE_ID": "true"}


def test_every_variable_is_in_the_table() -> None:
    """The table was read, all of it."""
    assert len(TABLE) == len(re.findall(r"^\| `GLIMPSE_", TEXT, flags=re.MULTILINE)) >= 6


@pytest.mark.parametrize(("variable", "name", "default"), [row for row in TABLE if row[1] not in ("", "params")])
def test_configuration_table(monkeypatch: pytest.MonkeyPatch, variable: str, name: str, default: str) -> None:
    """The default is the one that the table gives, and the variable sets the option that stands beside it."""
    monkeypatch.delenv(variable, raising=False)
    assert str(getattr(Config(), name)).lower() == default.strip("`").lower()
    monkeypatch.setenv(variable, OTHER_VALUES[variable])
    assert str(getattr(Config(), name)).lower() == OTHER_VALUES[variable].lower()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"(?:^|`)glimpse (\w+)", TEXT, flags=re.MULTILINE))))
def test_commands_exist(tmp_path: Path, command: str) -> None:
    """Each command that the page names has a help page of its own."""
    run = run_python("-m", "glimpse", command, "--help", cwd=tmp_path)
    assert f"glimpse {command}" in run.stdout


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https?:)([^)#]+)", TEXT))
def test_links_lead_somewhere(target: str) -> None:
    """Each relative link is a file."""
    assert (README.parent / target).is_file()


def shell(script: str, cwd: Path) -> Run:
    """Run a script as one who has Glimpse's environment active would."""
    path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-ec", script],
        cwd=cwd,
        env=clean_environment({"PATH": path}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Run(done.returncode, done.stdout, done.stderr, read_entries(cwd / "glimpse.jsonl"))
