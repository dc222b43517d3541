"""Every value of a policy is checked where it is built, in code as in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from glimpse.errors import PolicyError
from glimpse.policy import PolicySet, TracingPolicy


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("included_packages", "myapp"),
        ("included_packages", None),
        ("included_packages", ["a", None]),
        ("excluded_packages", {"a": 1}),
        ("project_root_packages", ["./src"]),
        ("included_functions", [b"a"]),
        ("excluded_functions", 5),
        ("trace_depth", 0),
        ("trace_depth", -1),
        ("trace_depth", True),
        ("trace_depth", 2.0),
        ("trace_depth", "5"),
        ("auto_trace_subpackages", 1),
        ("auto_trace_subpackages", "true"),
        ("min_duration_ms", -0.1),
        ("min_duration_ms", float("inf")),
        ("min_duration_ms", float("nan")),
        ("min_duration_ms", "1"),
        ("min_duration_ms", True),
        ("sample_rate", 1.01),
        ("sample_rate", -0.01),
        ("sample_rate", float("nan")),
        ("sample_rate", None),
        ("redact", "password"),
        ("redact", [" "]),
        ("max_field_length", 0),
        ("max_field_length", "512"),
        ("max_items", -1),
        ("max_items", True),
        ("max_depth", 1.5),
        ("name", 5),
        ("root", "/no/such/folder"),
        ("root", 5),
        ("root", b"/"),
    ],
)
def test_refused(key: str, value: Any) -> None:
    """A wrong type or value is one error that names the key, the value and what is accepted."""
    with pytest.raises(PolicyError, match=rf"^option {key}(\[\d\])?: bad value .*; accepted: .") as caught:
        TracingPolicy(**{key: value})
    assert caught.value.key[0] == key


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("trace_depth", None),
        ("trace_depth", 1),
        ("min_duration_ms", 0),
        ("min_duration_ms", 0.5),
        ("sample_rate", 0),
        ("sample_rate", 1),
        ("auto_trace_subpackages", False),
        ("max_field_length", 1),
        ("max_items", None),
        ("max_depth", 99),
        ("name", "web"),
    ],
)
def test_taken(key: str, value: Any) -> None:
    """Values at the ends of what is accepted are kept as they are."""
    assert getattr(TracingPolicy(**{key: value}), key) == value


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_collections(kind: Any) -> None:
    """Patterns come in any collection."""
    assert sorted(TracingPolicy(included_packages=kind(["b", "a"])).included_packages) == ["a", "b"]


@pytest.mark.parametrize("policies", [{}, [], None, {"a": None}, {5: TracingPolicy()}, {"a": {"trace_depth": 1}}])
def test_sets_of_policies(policies: Any) -> None:
    """A set is made of policies by name, and of at least one."""
    with pytest.raises(PolicyError, match=r"^option policies"):
        PolicySet(policies)


def test_working_directory_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a working directory, a policy built in code asks for a root."""

    def gone() -> str:
        raise FileNotFoundError

    monkeypatch.setattr("os.getcwd", gone)
    with pytest.raises(PolicyError, match="pass root="):
        TracingPolicy()
    assert TracingPolicy(root=tmp_path).root == str(tmp_path.resolve())
