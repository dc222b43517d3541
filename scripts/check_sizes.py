"""Fails when a file of the package, or a function in it, is longer than a reader should have to hold in mind.

Usage: ``python scripts/check_sizes.py [FOLDER]`` (default ``src``). Prints one line for each that is too long.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40  # one screen, signature and docstring not counted
EXEMPT = "PLR0915"
"""The linter's own rule about length: switched off on the line of a definition, whose docstring says why."""


def too_long(path: Path) -> Iterator[str]:
    """Messages about one file."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{path}: {lines} lines, at most {MAX_FILE_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = body_lines(node)
            if size > MAX_FUNCTION_LINES and EXEMPT not in text.splitlines()[node.lineno - 1]:
                yield f"{path}:{node.lineno}: {node.name} has {size} lines, at most {MAX_FUNCTION_LINES}"


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement after the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def main() -> int:
    """Check every file below the folder on the command line."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "src")
    messages = [message for path in sorted(folder.rglob("*.py")) for message in too_long(path)]
    print("\n".join(messages) or f"sizes: every file and function below {folder} is within the limits")
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main())
