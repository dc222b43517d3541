"""Policy files are JSON with comments, and every error in one has its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.errors import PolicyError, PolicyNotFound
from glimpse.policy import PolicySet, TracingPolicy
from glimpse.policy.document import parse

COMMENTED = """
{ // the policy
  "version": "1.0",
  /* several
     lines */
  "included_packages": [
    "myapp",    // "quoted", and a comma,
    "api_v*",   /* between */
  ],
  "redact": ["http://not.a.comment", "a /* b */", "say \\"// no\\""],
}
"""


def test_comments_and_trailing_commas(tmp_path: Path) -> None:
    """Comments and commas before a closing bracket are ignored; what looks like one inside text is text."""
    path = tmp_path / "glimpse-policy.json"
    path.write_text(COMMENTED, encoding="utf-8")
    policy = TracingPolicy.from_file(path)
    assert list(policy.included_packages) == ["myapp", "api_v*"]
    assert list(policy.redact) == ["http://not.a.comment", "a /* b */", 'say "// no"']


def test_byte_order_mark_and_line_ends(tmp_path: Path) -> None:
    """Files written on Windows are read as well."""
    path = tmp_path / "p.json"
    path.write_bytes(b'\xef\xbb\xbf{\r\n"included_packages": ["a"] // c\r\n}')
    assert list(TracingPolicy.from_file(path).included_packages) == ["a"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{\n"included_pakages": []}', 2, "unknown key 'included_pakages'.*did you mean 'included_packages'"),
        ('{\n\n"trace_depth": "5"}', 3, "trace_depth: bad value '5'; accepted: a whole number"),
        ('{"included_packages": [\n"a",\n5]}', 3, r"included_packages\[1\]: bad value 5"),
        ('{"included_packages":\n"a"}', 1, "included_packages: bad value 'a'; accepted: a list"),
        ('{\n"version": "2.0"}', 2, "version: bad value '2.0'; accepted: \"1.0\""),
        ('{\n"version": 1.0}', 2, "version: bad value 1.0"),
        ('{"redact": [],\n"redact": []}', 2, "key 'redact' is there twice"),
        ('{\n"sample_rate":\n NaN}', 3, "NaN is not a number"),
        ('{\n"sample_rate" 1}', 2, "not valid JSON: Expecting ':' delimiter"),
        ("// nothing\n", 2, "not valid JSON"),
        ('{\n// never "closed\n', 3, "not valid JSON"),
        ("[]", 1, "a policy is an object with keys, not a list"),
        ('"text"', 1, "not text"),
        ("5", 1, "not a number"),
        ("null", 1, "not null"),
        ("[" * 200_000, 1, "nested too deeply|not valid JSON"),
        ('{"policies": {\n"a": {},\n"b": {\n"trace_depth": 0}}}', 4, "trace_depth: bad value 0"),
        ('{"policies": {\n"a": {},\n"b": {"version": "1.0"}}}', 3, "unknown key 'version'"),
        ('{"policies": {\n"a": []}}', 2, r"policies\['a'\]: bad value"),
        ('{"policies": {}}', 1, "policies: bad value"),
        ('{"policies": {"a": {}},\n"trace_depth": 1}', 2, "unknown key 'trace_depth'; accepted: version, policies"),
    ],
)
def test_errors_have_file_and_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    """Whatever is wrong with a file, the error says which file and line, and what is accepted."""
    path = tmp_path / "glimpse-policy.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=message) as caught:
        PolicySet.from_file(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert (caught.value.file, caught.value.line) == (str(path), line)


def test_errors_have_the_key(tmp_path: Path) -> None:
    """The key at fault is given as a path, for programs that want to show it."""
    path = tmp_path / "p.json"
    path.write_text('{"policies": {"web": {"redact": ["a", ""]}}}', encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        PolicySet.from_file(path)
    assert caught.value.key == ("policies", "web", "redact", 1)


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is an error of its own kind."""
    with pytest.raises(PolicyNotFound, match=r"no policy file .*nowhere\.json"):
        TracingPolicy.from_file(tmp_path / "nowhere.json")


def test_unreadable_file(tmp_path: Path) -> None:
    """A folder, or bytes that are no text, are answered with the reason."""
    with pytest.raises(PolicyError, match="cannot be read"):
        TracingPolicy.from_file(tmp_path)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyError, match="not UTF-8"):
        TracingPolicy.from_file(tmp_path / "binary.json")


def test_one_policy_wanted(tmp_path: Path) -> None:
    """A file of several policies is not read as one."""
    path = tmp_path / "p.json"
    path.write_text('{"policies": {"a": {}}}', encoding="utf-8")
    with pytest.raises(PolicyError, match="PolicySet"):
        TracingPolicy.from_file(path)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.sampled_from(["//", "/*", ",]"]))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))


@given(VALUES, st.sampled_from([None, 1, 3]))
def test_plain_json_is_read_as_json(value: Any, indent: int | None) -> None:
    """What the strict parser reads, this one reads equally, and knows a line for every key and item."""
    data, lines = parse(json.dumps(value, indent=indent))
    assert data == value
    assert set(lines) == set(places(value))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every key and item in a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in items for found in [(*path, key), *places(inner, (*path, key))]]
