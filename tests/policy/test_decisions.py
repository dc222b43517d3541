"""Policies decide by name first, by place then, give reasons, and remember."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.policy import Decider, PolicySet, TracingPolicy
from tests.support import run_python

NAMES = st.lists(st.sampled_from(["a", "b", "cd"]), min_size=1, max_size=3).map(".".join)
PATTERNS = st.lists(st.one_of(NAMES, st.sampled_from(["a*", "*.b", "?", "a.[bc]*"])), max_size=3)


POLICIES = st.builds(TracingPolicy, PATTERNS, PATTERNS, PATTERNS, included_functions=PATTERNS)


@given(POLICIES, NAMES, st.sampled_from([None, "a/b.py", "a/b/cd.py", "../x.py"]))
def test_no_by_name_is_final(policy: TracingPolicy, name: str, file: str | None) -> None:
    """A module that is ruled out by its name is never included, wherever its file is."""
    path = None if file is None else f"{policy.root}/{file}"
    if policy.decide_module(name, path):
        assert policy.may_include(name)


@given(PATTERNS, PATTERNS, NAMES)
def test_without_places_the_name_says_it_all(included: list[str], excluded: list[str], name: str) -> None:
    """Where no rule goes by place, both answers are the same."""
    policy = TracingPolicy(included, excluded)
    assert policy.may_include(name) == bool(policy.decide_module(name, "/somewhere/x.py"))


def test_excludes_win() -> None:
    """An excluded package stays out, with everything below, however exactly it is included."""
    policy = TracingPolicy(["myapp", "myapp.secret.keys"], ["myapp.secret"])
    assert policy.decide_module("myapp.public")
    decision = policy.decide_module("myapp.secret.keys")
    assert not decision
    assert decision.rule == "excluded_packages: 'myapp.secret'"
    assert decision.reason == "excluded_packages has 'myapp.secret', which matches myapp.secret.keys"


def test_decisions_carry_reasons() -> None:
    """Every decision can be told to a person, with the policy that made it."""
    policy = TracingPolicy(["myapp"])
    decision = policy.decide_module("myapp.db")
    assert (decision.included, decision.rule, decision.policy) == (True, "included_packages: 'myapp'", policy)
    assert str(decision) == "traced: included_packages has 'myapp', which matches myapp.db"
    assert str(policy.decide_module("other")) == "not traced: no pattern matches other"
    assert str(TracingPolicy().decide_module("myapp")) == "not traced: the policy includes nothing"


@pytest.mark.parametrize("module", ["glimpse", "glimpse.probe", "libcst", "libcst.matchers"])
def test_never_itself(module: str) -> None:
    """Glimpse and what it rewrites with are never traced, whatever is included."""
    policy = TracingPolicy(["*", module], included_functions=[f"{module}.*"])
    assert not policy.may_include(module)
    assert not policy.decide_module(module)
    assert not policy.decide_function(module, "f")
    assert not policy.decide_module("__main__", "/x/y.py", aliases=[module])


def test_names_that_only_begin_like_glimpse() -> None:
    """Other packages may have similar names."""
    assert TracingPolicy(["*"]).decide_module("glimpse_of_us")


@pytest.mark.parametrize("policy", [TracingPolicy(["app"]), TracingPolicy(project_root_packages=["src"])])
def test_the_main_module_may_always_be_meant(policy: TracingPolicy) -> None:
    """Under ``__main__`` anything may run: the name alone says nothing, unless nothing is included at all."""
    assert policy.may_include("__main__")
    assert not TracingPolicy().may_include("__main__")


def test_first_policy_that_includes_owns() -> None:
    """Of several policies, the first that takes a function in owns it, and one that leaves it out does not."""
    first = TracingPolicy(["app.web"], excluded_functions=["app.web.ping"])
    second = TracingPolicy(["app"], ["app.db"])
    policies = PolicySet({"web": first, "rest": second})

    def owner(module: str, qualname: str) -> str | None:
        decision = policies.decide_function(module, qualname)
        return decision.policy.name if decision and decision.policy else None

    assert [owner("app.web", "index"), owner("app.web", "ping"), owner("app.util", "f")] == ["web", "rest", "rest"]
    assert owner("app.db", "f") is None
    assert policies.decide_module("app.db").rule == "excluded_packages: 'app.db'"
    assert "policy 'web'" in policies.decide_module("app.web").reason
    assert [policies.may_include(name) for name in ("app.web", "app.db", "other")] == [True, False, False]


def test_functions_follow_their_module(tmp_path: Path) -> None:
    """A function's decision knows where its module lies, told at once or before."""
    policy = TracingPolicy(project_root_packages=["src"], root=tmp_path)
    file = str(tmp_path / "src/app.py")
    assert not policy.decide_function("app", "f")
    assert policy.decide_function("app", "f", file)
    assert policy.decide_function("app", "f")
    assert policy.decide_module("app", file, aliases=())


def test_same_name_at_another_place(tmp_path: Path) -> None:
    """What is remembered for a name does not hold for another file of that name."""
    policy = TracingPolicy(project_root_packages=["src"], root=tmp_path)
    assert policy.decide_module("conftest", str(tmp_path / "src/conftest.py"))
    assert not policy.decide_module("conftest", str(tmp_path / "other/conftest.py"))
    assert policy.decide_module("conftest", str(tmp_path / "src/conftest.py"))


def fingerprints(policy: Decider) -> list[str]:
    """Of a module that is included and one that is not."""
    return [policy.fingerprint("app.web"), policy.fingerprint("other")]


BASE = TracingPolicy(["app"])


@pytest.mark.parametrize(
    "policy",
    [
        TracingPolicy(["app", "lib"]),
        TracingPolicy(["app.web"], ["lib", "app.db"]),
        TracingPolicy(["app*"], project_root_packages=["lib"]),
        TracingPolicy(["app"], excluded_functions=["lib.db.save", "app.db.*"]),
        TracingPolicy(["app"], min_duration_ms=5),
        PolicySet({"": TracingPolicy(["app"]), "lib": TracingPolicy(["lib"], trace_depth=1)}),
    ],
)
def test_fingerprint_stays(policy: Decider) -> None:
    """What does not change how a module is rewritten leaves its fingerprint alone."""
    assert fingerprints(policy) == fingerprints(BASE)


@pytest.mark.parametrize(
    "policy",
    [
        TracingPolicy(["app"], excluded_functions=["save"]),
        TracingPolicy(["app"], excluded_functions=["app.web.save"]),
        TracingPolicy(["app"], excluded_functions=["Order.save"]),
        TracingPolicy(["app"], included_functions=["app.*"]),
        TracingPolicy(["app"], redact=["iban"]),
        TracingPolicy(["app"], trace_depth=3),
        TracingPolicy(["app"], sample_rate=0.5),
        TracingPolicy(["app"], name="web"),
        PolicySet({"": TracingPolicy(["app"]), "b": TracingPolicy(["app"])}),
        TracingPolicy(["lib"]),
    ],
)
def test_fingerprint_changes(policy: Decider) -> None:
    """Whatever changes how a module is rewritten changes its fingerprint."""
    mine, other = fingerprints(policy)
    assert mine != BASE.fingerprint("app.web")
    assert other == ""


def test_fingerprints_are_stable_text(tmp_path: Path) -> None:
    """Equal policies give equal short texts, in any process."""
    policy = TracingPolicy(["app"], redact=["b", "a"], excluded_functions=["x", "y"])
    same = TracingPolicy(["app", "z"], redact=["a", "b"], excluded_functions=["y", "x"])
    code = "from glimpse.policy import TracingPolicy\npolicy = TracingPolicy(['app'], redact=['a', 'b'], "
    code += "excluded_functions=['x', 'y'])\nprint(policy.fingerprint('app'))"
    elsewhere = run_python(cwd=tmp_path, code=code, env={"PYTHONHASHSEED": "7"}).stdout.strip()
    assert policy.fingerprint("app") == same.fingerprint("app") == elsewhere
    assert 8 <= len(elsewhere) <= 40
    assert elsewhere.isalnum()


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names are asked about, only so many are remembered, and answers stay right."""
    monkeypatch.setattr("glimpse.policy.decisions._MOST_REMEMBERED", 10)
    monkeypatch.setattr("glimpse.policy.patterns._MOST_REMEMBERED", 10)
    policy = TracingPolicy(["a*"])
    for number in range(100):
        assert policy.may_include(f"a{number}.x")
        assert policy.decide_module(f"a{number}.x")
        assert not policy.may_include(f"b{number}.x")
    assert all(len(memory) <= 10 for memory in (policy._memory.possible, policy._memory._subjects))
