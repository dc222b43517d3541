"""The page: its parts put into one file, under a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any, Final, TextIO

from glimpse.views.html.rows import encoded

__all__ = ["MARK", "write_page"]

MARK: Final = "<!doctype html><!-- glimpse report -->"
"""How every report begins."""

SCRIPTS: Final = (
    "base", "palette", "data", "index", "search", "details", "flame", "timeline", "pointer", "minimap",
    "tree", "treeview", "functions", "failures", "keys", "main",
)  # fmt: skip
STYLES: Final = ("theme", "layout", "details", "timeline", "tree", "functions", "failures")


def write_page(summary: dict[str, Any], rows: Iterable[bytes], texts: Iterable[bytes], stream: TextIO) -> None:
    """Write the page: what it shows at once first, then the packed rows and texts, which it opens as it needs them."""
    style = "\n".join(_asset(f"{name}.css") for name in STYLES)
    script = '"use strict";\n(() => {\n' + "\n".join(_asset(f"{name}.js") for name in SCRIPTS) + "\n})();\n"
    values = {
        "policy": _policy(script, style),
        "title": html.escape(summary["title"]),
        "style": style,
        "script": script,
        "summary": _json(summary),
    }
    begin, _, rest = _asset("report.html").partition("{{data}}")
    stream.write(MARK + "\n")
    stream.writelines(_filled(begin, values))
    for kind, blocks in (("rows", rows), ("texts", texts)):
        for number, block in enumerate(blocks):
            stream.write(f'<script type="text/plain" id="{kind}-{number}">{encoded(block)}</script>\n')
    stream.write(rest)


def _filled(template: str, values: dict[str, str]) -> Iterator[str]:
    """The template with each ``{{name}}`` replaced; what a value holds is not looked at again."""
    head, *parts = template.split("{{")
    yield head
    for part in parts:
        name, _, tail = part.partition("}}")
        yield values[name]
        yield tail


def _policy(script: str, style: str) -> str:
    """A content security policy: this script and this style, an icon in the page, and nothing from anywhere."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _json(value: Any) -> str:
    """JSON that no parser of HTML takes for markup."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _asset(name: str) -> str:
    return (files("glimpse.views.html") / "assets" / name).read_text(encoding="utf-8")
