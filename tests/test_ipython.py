"""The cell magic, in IPython's shell and in a real Jupyter kernel."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support import run_python
from tests.support.pages import comparable, example

pytestmark = [pytest.mark.once, pytest.mark.integrations]

DEFINITIONS = """\
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def fail(password):
    raise ValueError("no")
"""

SHELL = """\
import sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance(history_length=0, colors="NoColor")
for cell in open(sys.argv[1]).read().split("----\\n"):
    shell.run_cell(cell)
"""

NOTEBOOK = """\
import sys
import nbclient, nbformat

cells = open(sys.argv[1]).read().split("----\\n")
book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
nbclient.NotebookClient(book, timeout=60).execute()
print(*[output.data["text/html"] for output in book.cells[-1].outputs if output.output_type == "display_data"])
"""


def in_ipython(folder: Path, *cells: str) -> str:
    """What IPython prints for these cells."""
    if not find_spec("IPython"):
        pytest.skip("IPython is not installed")
    (folder / "cells").write_text("----\n".join(cells), encoding="utf-8")
    run = run_python("-W", "ignore", "-c", SHELL, "cells", cwd=folder, env={"IPYTHONDIR": str(folder / "ipython")})
    return run.stdout + run.stderr


def test_shows_the_calls_of_a_cell(tmp_path: Path) -> None:
    """Functions of the session are traced while the cell runs, and only then; secrets stay hidden."""
    shown = in_ipython(tmp_path, "%load_ext glimpse", DEFINITIONS, "%%glimpse\nfib(2)\nfail('x')", "fib(9)")
    assert "__main__.fib(n=2) → 1" in shown
    assert "├ fib(n=1) → 1" in shown
    assert "__main__.fail(password=<redacted>) ✗ ValueError: no" in shown
    assert "4 calls of 2 functions" in shown
    assert "n=9" not in shown
    assert list(tmp_path.glob("*.jsonl")) == []


def test_packages_and_the_kept_trace(tmp_path: Path) -> None:
    """Patterns add packages that are imported already, and ``-o`` keeps what can be asked on."""
    (tmp_path / "shop.py").write_text("def price(item):\n    return len(item)\n", encoding="utf-8")
    shown = in_ipython(
        tmp_path,
        "%load_ext glimpse\nimport shop",
        "%%glimpse shop -o kept\nshop.price('tea')",
        "print([(row['function'], row['calls']) for row in kept.top()])",
    )
    assert "shop.price(item='tea') → 3" in shown
    assert "[('shop.price', 1)]" in shown


def test_policy_file_counts(tmp_path: Path) -> None:
    """Without patterns, the packages of the closest policy file are traced beside the session's functions."""
    (tmp_path / "shop.py").write_text("def price(item):\n    return len(item)\n", encoding="utf-8")
    (tmp_path / "glimpse-policy.json").write_text('{"version": "1.0", "included_packages": ["shop"]}', encoding="utf-8")
    shown = in_ipython(
        tmp_path,
        f"%load_ext glimpse\nimport os, shop\nos.chdir({str(tmp_path)!r})",
        "def buy(item): return shop.price(item)",
        "%%glimpse\nbuy('tea')",
    )
    assert "__main__.buy(item='tea') → 3" in shown
    assert "└ shop.price(item='tea') → 3" in shown


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("--bad", "unrecognized arguments: --bad"),
        ("-o 1x", "option -o: bad value '1x'"),
        ("'", "No closing quotation"),
        ("-l LOUD", "invalid choice: 'LOUD'"),
        ("'a b'", "bad value"),
    ],
)
def test_bad_options(tmp_path: Path, line: str, error: str) -> None:
    """One line says what is wrong, and the cell does not run."""
    shown = in_ipython(tmp_path, "%load_ext glimpse", f"%%glimpse {line}\nprint('ran')")
    assert error in shown
    assert shown.count("\n") < 4
    assert "ran" not in shown


def test_nothing_traced_and_unloaded(tmp_path: Path) -> None:
    """A cell without calls says so; an unloaded extension leaves no magic behind."""
    shown = in_ipython(tmp_path, "%load_ext glimpse", "%%glimpse\n1 + 1", "%unload_ext glimpse", "%%glimpse\n1")
    assert "No call was traced" in shown
    assert "`%%glimpse` not found" in shown


def test_jupyter(tmp_path: Path) -> None:
    """In a kernel, the tree comes as HTML with everything foreign escaped."""
    if not find_spec("nbclient") or not find_spec("ipykernel"):
        pytest.skip("nbclient or ipykernel is not installed")
    cells = ["%load_ext glimpse", "def tag(text): return f'<b>{text}</b>'", "%%glimpse\ntag('<script>')"]
    (tmp_path / "cells").write_text("----\n".join(cells), encoding="utf-8")
    html = run_python("-W", "ignore", "-c", NOTEBOOK, "cells", cwd=tmp_path).stdout
    assert "tag(text=&#x27;&lt;script&gt;&#x27;)" in html
    assert "<script>" not in html
    assert "1 call of 1 function" in html


@pytest.mark.parametrize(("page", "name"), [("docs/dynamic.md", "cell"), ("docs/guides/jupyter.md", "cells")])
def test_transcripts_of_the_pages(page: str, name: str, tmp_path: Path) -> None:
    """What is typed there shows what stands there, but for times and numbers."""
    transcript = example(page, name)
    typed = re.findall(r"^In \[\d+\]: (.*\n(?: +\.\.\.: .*\n)*)", transcript, re.MULTILINE)
    cells = [re.sub(r"^ +\.\.\.: ", "", cell, flags=re.MULTILINE) for cell in typed]
    before = [] if "%load_ext glimpse\n" in cells else ["%load_ext glimpse\n", DEFINITIONS]
    shown = comparable(in_ipython(tmp_path, *before, *cells))
    promised = re.sub(r"^(?:In \[| +\.\.\.:).*\n", "", transcript, flags=re.MULTILINE)
    assert [line for line in comparable(promised) if line not in shown] == []
