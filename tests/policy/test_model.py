"""Policies are values: immutable, comparable, and the same from code, mapping and file."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.policy import PolicySet, TracingPolicy

PACKAGES = st.lists(st.sampled_from(["a", "b.c", "d*", "[ab]?"]), max_size=3)
POLICIES = st.builds(
    TracingPolicy,
    included_packages=PACKAGES,
    excluded_packages=PACKAGES,
    project_root_packages=PACKAGES,
    trace_depth=st.none() | st.integers(1, 99),
    auto_trace_subpackages=st.booleans(),
    included_functions=PACKAGES,
    excluded_functions=PACKAGES,
    min_duration_ms=st.floats(0, 1e6),
    sample_rate=st.floats(0, 1),
    redact=st.lists(st.sampled_from(["iban", "pin"])),
    max_field_length=st.none() | st.integers(1, 9999),
    max_items=st.none() | st.integers(1, 999),
    max_depth=st.none() | st.integers(1, 99),
)


@given(POLICIES)
def test_round_trips(policy: TracingPolicy) -> None:
    """A policy written as a mapping, as JSON, pickled or copied comes back equal."""
    assert TracingPolicy.from_dict(policy.to_dict()) == policy
    assert TracingPolicy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy
    policy.decide_module("a")
    assert pickle.loads(pickle.dumps(policy)) == copy.deepcopy(policy) == policy
    assert hash(copy.copy(policy)) == hash(policy)


def test_positional_order() -> None:
    """The arguments have the documented order."""
    policy = TracingPolicy(["a"], ["b"], ["c"], 5, False, ["d"], ["e"], 1.5, 0.5, ["f"], "DEBUG", 99, 9, 3)
    assert policy.to_dict() == {
        "version": "1.0",
        "included_packages": ["a"],
        "excluded_packages": ["b"],
        "project_root_packages": ["c"],
        "trace_depth": 5,
        "auto_trace_subpackages": False,
        "included_functions": ["d"],
        "excluded_functions": ["e"],
        "min_duration_ms": 1.5,
        "sample_rate": 0.5,
        "redact": ["f"],
        "level": "DEBUG",
        "max_field_length": 99,
        "max_items": 9,
        "max_depth": 3,
    }


def test_immutable() -> None:
    """Neither an assignment nor the list that it was built from changes a policy."""
    packages = ["a"]
    policy = TracingPolicy(packages)
    packages.append("b")
    assert list(policy.included_packages) == ["a"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        policy.trace_depth = 5  # type: ignore[misc]


def test_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The root is a policy file's folder, and the working directory at the time for a policy built in code."""
    (tmp_path / "p.json").write_text("{}", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    policy = TracingPolicy()
    monkeypatch.chdir(tmp_path)
    assert policy.root == str((tmp_path / "sub").resolve())
    assert TracingPolicy.from_file("p.json").root == str(tmp_path.resolve())


def test_several_policies(tmp_path: Path) -> None:
    """Policies in one file keep their order, take their names from their keys, and share the root."""
    path = tmp_path / "p.json"
    text = '{"version": "1.0", "policies": {"users": {"included_packages": ["u"]}, "pay": {"trace_depth": 2}}}'
    path.write_text(text, encoding="utf-8")
    policies = PolicySet.from_file(path)
    assert [(each.name, each.root) for each in policies] == [("users", str(tmp_path)), ("pay", str(tmp_path))]
    users, pay = TracingPolicy(["u"], root=tmp_path), TracingPolicy(trace_depth=2, root=tmp_path)
    assert policies == PolicySet({"users": users, "pay": pay})
    assert policies != PolicySet({"pay": pay, "users": users})
    assert policies != "policies"
    assert len({policies, PolicySet.from_file(path)}) == 1
    assert pickle.loads(pickle.dumps(policies)) == policies
    assert "users" in repr(policies)


def test_a_single_policy_is_a_set_of_one(tmp_path: Path) -> None:
    """Whoever reads a set also reads a file with one policy, which has no name."""
    path = tmp_path / "p.json"
    path.write_text('{"included_packages": ["a"]}', encoding="utf-8")
    (policy,) = PolicySet.from_file(path)
    assert policy == TracingPolicy.from_file(path)
    assert (policy.name, len(PolicySet.from_file(path))) == ("", 1)
    assert policy.policies() == (policy,)
