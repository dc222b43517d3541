"""The page as text: what a browser will and will not do with it."""

from __future__ import annotations

import base64
import hashlib
import re

from hypothesis import given
from hypothesis import strategies as st

from glimpse.views.html import MARK
from tests.traces.recording import Recorder, shop
from tests.views.html.making import report_of

HOSTILE = "</script><script>alert(1)</script><!--<script>\u2028\u202e\x00]]>&amp;\ud800"


def hash_of(text: str) -> str:
    """The source expression that allows exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_this_page_and_nothing_else() -> None:
    """The hashes are those of the program and the style; there is no way to fetch or send anything."""
    page = report_of(shop(3).entries)
    directives = dict(part.strip().split(" ", 1) for part in page.policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == hash_of(page.scripts["program"])
    assert directives["style-src"] == hash_of(page.style)
    assert "unsafe" not in page.policy
    assert set(directives) == {
        "default-src", "script-src", "style-src", "img-src", "base-uri", "form-action",
        "require-trusted-types-for", "trusted-types",
    }  # fmt: skip


def test_nothing_in_it_points_elsewhere() -> None:
    """No tag names a place outside the page, but for the name of SVG's namespace no address occurs in it."""
    page = report_of(shop(3).entries)
    for tag, attributes in page.tags:
        for name in ("src", "href", "action", "srcset"):
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:image/svg+xml")), (tag, name, value)
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert set(re.findall(r"https?://[\w.]+", page.text)) <= {"http://www.w3.org"}


@given(st.text(max_size=40).map(lambda text: HOSTILE + text))
def test_hostile_texts_stay_texts(text: str) -> None:
    """Whatever a trace holds, the page has the same tags, and the text comes back out spelt in safe characters."""
    plain, hostile = Recorder(service="s"), Recorder(service=text)
    for program, word in ((plain, "x"), (hostile, text)):
        call = program.start(f"app.{word}", f"a={word}", thread=word, task=word, file=word, line=1)
        program.fail(call, ValueError(word))
    wanted = report_of(plain.entries, title="x")
    page = report_of(hostile.entries, title=text)
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in wanted.tags]
    assert page.scripts["program"] == wanted.scripts["program"]
    assert not set("\x00\u202e\u2028\ud800") & set(page.text)
    assert page.facts["lanes"][0]["name"].startswith(
        r"</script><script>alert(1)</script><!--<script>\u2028\u202e\x00]]>"
    )
    assert "\\ud800" in page.texts()[0]


def test_its_first_line_tells_what_it_is() -> None:
    """A report is recognised without reading it."""
    assert report_of([]).text.startswith(f"{MARK}\n<html")


def test_an_empty_trace() -> None:
    """A page that says that there is nothing."""
    facts = report_of([]).facts
    assert (facts["calls"], facts["rows"], facts["lanes"], facts["functions"]) == (0, 0, [], [])
