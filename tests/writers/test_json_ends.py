"""The elements of an array from its end, and as it grows."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.errors import ReadError
from glimpse.writers import json_ends as module
from glimpse.writers.json_ends import IrregularArrayError, last_elements, next_elements

TEXT = st.text(st.sampled_from('ab"\\{}[], \né\u2028😀'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 99) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ELEMENTS = st.lists(st.dictionaries(TEXT, VALUES, max_size=4), max_size=8)
LAYOUTS = st.sampled_from(["line", "indent", "ours", "tight"])


def laid_out(elements: list[Any], layout: str) -> bytes:
    """An array as different tools write it."""
    if layout == "ours":
        return b"[\n" + b",\n".join(json.dumps(each, ensure_ascii=False).encode() for each in elements) + b"\n]\n"
    how: dict[str, Any] = {"indent": {"indent": 2}, "tight": {"separators": (",", ":")}}.get(layout, {})
    return json.dumps(elements, ensure_ascii=layout == "line", **how).encode() + b"\n"


@settings(max_examples=60)
@given(ELEMENTS, LAYOUTS, st.integers(1, 200))
def test_both_ways_give_the_elements(elements: list[Any], layout: str, block: int) -> None:
    """However it is laid out, whatever is in its texts, and wherever the pieces of the file are cut."""
    data, told = laid_out(elements, layout), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        backwards = list(last_elements(io.BytesIO(data), told.append))
        forwards = list(next_elements(io.BytesIO(data), 0, "it"))
    assert [element for element, _ in reversed(backwards)] == elements
    assert [element for element, _ in forwards] == elements
    assert not told
    for _, end in backwards:
        assert data[end - 1 : end] == b"}"
        rest = [element for element, _ in next_elements(io.BytesIO(data), end, "it")]
        assert rest == elements[len(elements) - len(rest) :]


@pytest.mark.parametrize(
    ("data", "found", "said"),
    [
        (b'[\n{"a": 1},\n{"a": 2},\n{"a": ', [2, 1], "its last entry is cut off"),
        (b'[\n{"a": 1},\n{"a": 2}\n', [2, 1], "its end is cut off"),
        (b'[\n{"a": 1},\n{"a": 2},\n\0\0\0', [2, 1], "its end is cut off"),
        (b"[]", [], None),
        (b"[\n]\n", [], None),
        (b"", [], None),
    ],
)
def test_what_is_cut_off(data: bytes, found: list[int], said: str | None) -> None:
    """The whole elements come all the same, and it is said what is not there."""
    told: list[str] = []
    assert [element["a"] for element, _ in last_elements(io.BytesIO(data), told.append)] == found
    assert [text.startswith(said or "-") for text in told] == [True] * bool(said)


@pytest.mark.parametrize(
    "data", [b"[1, 2]", b'[{"a": 1}, 2]', b'[{"a": 1}{', b'[{"a": 1}, "{}"]', b'[{"a": {"b": 1}, ']
)
def test_what_cannot_be_read_from_its_end(data: bytes) -> None:
    """It is left to whoever reads it from its beginning."""
    with pytest.raises(IrregularArrayError):
        list(last_elements(io.BytesIO(data), lambda text: None))


def test_something_else_comes() -> None:
    """An error that names the file."""
    with pytest.raises(ReadError, match="it: not an array of entries: '7]'"):
        list(next_elements(io.BytesIO(b'[{"a": 1}, 7]'), 0, "it"))
