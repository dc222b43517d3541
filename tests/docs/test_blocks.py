"""No block of the documentation escapes: each is run, compared, read by a test of its own, or says why not."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

import pytest

from glimpse.cli import main
from glimpse.compat import parse_toml
from glimpse.config.arguments import markdown_table
from glimpse.config.destinations import BUILT_IN
from glimpse.config.sources import parameter_variable
from glimpse.policy import PolicySet
from tests.support.pages import PAGES, ROOT, Block, blocks

BLOCKS = [block for page in PAGES for block in blocks(page)]
WALKED = ("run", "serve", "output", "output contains")
"""Kinds of blocks that ``test_pages.py`` follows from the top of a page to its end."""
REASONS = {
    "a part of the next block",
    "a part of what follows",
    "the files are on many machines",
    "there is no queue here",
    "needs a collector or a server on another host",
    "the page on containers has the whole",
}
"""Why a block may be left to the checks of this file: few, so that each new one is thought about."""
VARIABLES = {"GLIMPSE_AUTO", "GLIMPSE_INCLUDE", "GLIMPSE_LOG_PATH", "GLIMPSE_DB_PATH"}


def test_every_fence_is_read() -> None:
    """Nothing that looks like a block is passed over, and no code hides in an indented paragraph."""
    for page, path in PAGES.items():
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(r"^ *```", text, re.MULTILINE)) == 2 * len(list(blocks(page))), page
        assert not re.findall(r"\n\n {4}\S.*", re.sub(r"(?ms)^```.*?^```$", "", text)), page


def test_every_block_is_accounted_for() -> None:
    """A block that nobody runs fails this test, whatever its language."""
    assert len(BLOCKS) > 100
    assert [block.where for block in BLOCKS if not accounted_for(block)] == []


def accounted_for(block: Block) -> bool:
    """Whether somebody runs the block, or its reason for not being run is one of those that are taken."""
    page = block.where.partition(":")[0]
    if block.kind == "not run":
        return block.detail in REASONS
    if block.kind == "command":
        return f"readme_command {block.detail})" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    if block.kind == "example":
        return is_read(page, block.detail)
    return bool(block.file or block.kind in WALKED) and any(other.kind in ("run", "serve") for other in blocks(page))


def is_read(page: str, name: str) -> bool:
    """Whether a module of tests that names the page also names each word of the example."""
    modules = (words for words in words_of_tests().values() if page in words or Path(page).name in words)
    return any(set(name.split()) <= words for words in modules)


@cache
def words_of_tests() -> dict[Path, set[str]]:
    """The words in the string constants of each module of tests, with the last parts of paths."""
    found: dict[Path, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        words = {word for text in texts if isinstance(text, str) for word in text.split()}
        found[path] = words | {word.rpartition("/")[2] for word in words if word.endswith(".md")}
    return found


def test_an_example_that_no_test_reads_is_found() -> None:
    """The search can fail."""
    assert is_read("docs/policies.md", "policies")
    assert not is_read("docs/policies.md", "nobody-reads-this-one"[::-1])


@pytest.mark.parametrize("page", PAGES)
def test_blocks_are_well_formed(page: str, tmp_path: Path) -> None:
    """Python compiles, JSON and policies load, TOML parses, and a shell takes what is meant for it."""
    for block in blocks(page):
        if block.language == "python":
            compile(block.text, block.where, "exec")
        elif block.language == "toml":
            assert parse_toml(block.text), block.where
        elif block.file.endswith("glimpse-policy.json") or '"included_packages"' in block.text:
            path = tmp_path / "glimpse-policy.json"
            path.write_text(block.text, encoding="utf-8")
            assert PolicySet.from_file(path), block.where
        elif block.language == "json":
            assert [json.loads(entry) for entry in re.split(r"\n(?=\{)", block.text)], block.where
        elif block.language == "sh":
            subprocess.run(["sh", "-n"], input=block.text, text=True, check=True, timeout=60)
        else:
            assert block.language in ("text", "sql", "dockerfile"), block.where


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_variables_exist(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each ``glimpse COMMAND --option`` and each ``GLIMPSE_…`` that a page names, in blocks and in lines, is there."""
    text = re.sub(r"(?ms)^<!-- faults.*?<!-- end of faults -->", "", PAGES[page].read_text(encoding="utf-8"))
    assert set(re.findall(r"\bGLIMPSE_[A-Z]\w+[A-Z]\b", text)) <= known_variables()
    for line in re.findall(r"(?:^|`|\$ |RUN )(glimpse [a-z]+[^`\n]*)", text, re.MULTILINE):
        command, *arguments = shlex.split(line, comments=True)[1:]
        assert main([command, "--help"]) == 0, line
        shown = capsys.readouterr().out
        for option in own_options(command, arguments):
            assert re.search(rf"(?<![\w-]){re.escape(option)}\b", shown), line


def own_options(command: str, arguments: list[str]) -> list[str]:
    """The options among the arguments that are Glimpse's own, not those of the program that it runs."""
    found = []
    for argument in arguments:
        if command == "run" and (argument == "--" or not argument.startswith("-")):
            break
        if argument in ("|", ">", ";", "&&"):
            break
        if argument.startswith("-") and argument != "-":
            found.append(argument.partition("=")[0])
    return found


@cache
def known_variables() -> set[str]:
    """Every variable of the environment that Glimpse reads, and the placeholder that the pages have for some."""
    parameters = {parameter_variable(dest, name) for dest, names in BUILT_IN.items() for name in names}
    return parameters | VARIABLES | set(re.findall(r"GLIMPSE_\w+", markdown_table()))
