"""Takes a report apart again, without a browser: what it says at once, its rows, and its texts."""

from __future__ import annotations

import base64
import json
import zlib
from html.parser import HTMLParser
from itertools import accumulate
from typing import Any

from glimpse.views.html.rows import ROWS_A_BLOCK

COLUMNS = ("start", "duration", "below", "id", "function", "lane", "calls", "text", "flags", "caller")
RUNNING = ("start", "id", "text")


class _Parts(HTMLParser):
    """What the scripts and styles of a page hold, and its tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.style = ""
        self.title = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = f"script:{dict(attrs).get('id') or 'program'}" if tag == "script" else tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside.startswith("script:"):
            name = self._inside.removeprefix("script:")
            self.scripts[name] = self.scripts.get(name, "") + data
        elif self._inside in {"style", "title"}:
            setattr(self, self._inside, getattr(self, self._inside) + data)


class ReportPage:
    """A report that was parsed as a browser would."""

    def __init__(self, text: str) -> None:
        self.text = text
        parts = _Parts()
        parts.feed(text)
        self.scripts, self.tags, self.style, self.title = parts.scripts, parts.tags, parts.style, parts.title
        self.facts: dict[str, Any] = json.loads(self.scripts["summary"])

    @property
    def policy(self) -> str:
        """The content security policy."""
        wanted = "Content-Security-Policy"
        return next(str(found["content"]) for _, found in self.tags if found.get("http-equiv") == wanted)

    def rows(self) -> list[dict[str, int]]:
        """Every row; ``caller`` is the caller's place in the list, or -1."""
        columns: dict[str, list[int]] = {name: [] for name in COLUMNS}
        for number, first in enumerate(range(0, self.facts["rows"], ROWS_A_BLOCK)):
            data = self._unpacked(f"rows-{number}")
            length = min(ROWS_A_BLOCK, self.facts["rows"] - first)
            for name in COLUMNS:
                width, data = data[0], data[1:]
                columns[name] += numbers(data[: width * length], width, length)
                data = data[width * length :]
        for name in RUNNING:
            columns[name] = list(accumulate(columns[name]))
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        for place, row in enumerate(rows):
            row["caller"] = place - row["caller"] if row["caller"] else -1
        return rows

    def texts(self) -> list[str]:
        """Every text, from number 1."""
        blocks = range(len(self.facts["texts"]["starts"]))
        return [text for block in blocks for text in self._unpacked(f"texts-{block}").decode("utf-8").split("\x1e")]

    def names(self) -> list[str]:
        """The functions, by number."""
        return [f"{module}.{name}" if module else name for module, name, *_ in self.facts["functions"]]

    def _unpacked(self, name: str) -> bytes:
        return zlib.decompress(base64.b64decode(self.scripts[name]))


def numbers(planes: bytes, width: int, length: int) -> list[int]:
    """The numbers of a column of so many planes."""
    return [int.from_bytes(planes[place::length], "little", signed=True) for place in range(length)] if width else []
