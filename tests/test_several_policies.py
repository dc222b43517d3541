"""Several policies in one process, and in one module: each function is its own policy's, through every door."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import glimpse
from glimpse.cli import main
from tests.support.entries import Entry, read_entries
from tests.support.importing import import_path
from tests.support.project import write_files

MODULE = """
def order(n, token):
    return price(n)

def price(n):
    return helper(n) + 1

def helper(n):
    return n

def unowned():
    return order(5, "secret")

def broken(pin):
    raise ValueError(pin)
"""


def policies(**payments: Any) -> dict[str, glimpse.TracingPolicy]:
    """Two policies that share a module."""
    return {
        "orders": glimpse.TracingPolicy(included_functions=["shared.order", "shared.helper"], redact=["n"]),
        "payments": glimpse.TracingPolicy(included_functions=["shared.price", "shared.broken"], **payments),
    }


@pytest.fixture(params=["hook", "dynamic"])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Runs the module's functions and gives their entries."""

    def run(given: dict[str, glimpse.TracingPolicy], **options: Any) -> list[Entry]:
        log = tmp_path / "out.jsonl"
        folder = write_files(tmp_path, {"shared.py": MODULE})
        tracer = glimpse.Tracer(glimpse.Config(params={"log_path": log}, **options), policies=given)
        with import_path(folder):
            if request.param == "hook":
                tracer.install()
            shared = import_module("shared")
            if request.param == "dynamic":
                tracer.run()
            shared.unowned()
            with pytest.raises(ValueError, match="hunter22"):
                shared.broken("hunter22")
            tracer.close()
        return read_entries(log)

    return run


def starts(entries: list[Entry]) -> list[tuple[str, str, int]]:
    """What each call shows, which policy it is of, and how deep it is."""
    return [(each["args"], each["policy"], each["depth"]) for each in entries if each["stage"] == "START"]


def test_two_policies_own_functions_of_one_module(record: Any) -> None:
    """Each hides what it hides, and entries say whose they are."""
    entries = record(policies(redact=["pin"]))
    assert starts(entries) == [
        ("order(n=<redacted>, token=<redacted>)", "orders", 1),
        ("price(n=5)", "payments", 2),
        ("helper(n=<redacted>)", "orders", 3),
        ("broken(pin=<redacted>)", "payments", 1),
    ]
    assert entries[-1]["exception"]["message"] == "<redacted>"


def test_each_has_limits_of_its_own(record: Any) -> None:
    """Depth counts all traced calls; sampling and duration are each policy's."""
    entries = record({**policies(min_duration_ms=60_000), "more": glimpse.TracingPolicy(included_packages=["shared"])})
    assert starts(entries) == [
        ("unowned()", "more", 1),
        ("order(n=<redacted>, token=<redacted>)", "orders", 2),
        ("price(n=5)", "payments", 3),  # it is fast, but what it calls is to be seen
        ("helper(n=<redacted>)", "orders", 4),
        ("broken(pin='hunter22')", "payments", 1),
    ]
    sampled = glimpse.TracingPolicy(included_functions=["shared.unowned"], sample_rate=0)
    limited = record({**policies(trace_depth=1), "sampled": sampled})[len(entries) :]
    assert starts(limited) == [("broken(pin='hunter22')", "payments", 1)]


def test_a_cached_module_keeps_its_owners(tmp_path: Path) -> None:
    """The second start takes the code from the cache; other policies do not get it."""
    write_files(tmp_path, {"shared.py": MODULE})
    cache = tmp_path / "cache"
    for given in (policies(), policies(), {"all": glimpse.TracingPolicy(included_packages=["shared"])}):
        log = tmp_path / "out.jsonl"
        log.unlink(missing_ok=True)
        config = glimpse.Config(params={"log_path": log}, cache_dir=cache)
        tracer = glimpse.Tracer(config, policies=given).install()
        with import_path(tmp_path):
            import_module("shared").unowned()
            state = tracer.activation.outcomes["shared"].state if tracer.activation else None
            tracer.close()
        owners = {call: policy for call, policy, _ in starts(read_entries(log))}
        if "all" in given:
            assert set(owners.values()) == {"all"}
        else:
            assert owners["price(n=5)"] == "payments"
            assert owners["helper(n=<redacted>)"] == "orders"
    assert "shared" not in sys.modules
    assert state == "rewritten"


def test_explain_says_whose_a_function_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the rule of the policy that owns it."""
    write_files(tmp_path, {"shared.py": MODULE})
    monkeypatch.syspath_prepend(tmp_path)
    decision = glimpse.PolicySet(policies()).explain("shared.price")
    assert decision.policy is not None
    assert decision.policy.name == "payments"
    rule = "included_functions of policy 'payments' has 'shared.price', which matches shared.price"
    assert str(decision) == f"traced: {rule}"


def stages(entries: list[Entry]) -> list[tuple[str, str]]:
    """What each entry is of."""
    return [(each["function"].rpartition(".")[2], each["stage"]) for each in entries]


def test_each_has_a_level_of_its_own(record: Any) -> None:
    """Errors of one policy's functions, all of another's, with files and lines where it is DEBUG."""
    given = {
        "quiet": glimpse.TracingPolicy(included_functions=["shared.price", "shared.broken"], level="ERROR"),
        "loud": glimpse.TracingPolicy(included_packages=["shared"], level="DEBUG"),
    }
    entries = record(given)
    assert stages(entries) == [
        ("unowned", "START"),
        ("order", "START"),
        ("helper", "START"),
        ("helper", "END"),
        ("order", "END"),
        ("unowned", "END"),
        ("broken", "EXCEPTION"),
    ]
    assert [each["depth"] for each in entries if each["stage"] == "START"] == [1, 2, 3]
    error = entries[-1]
    assert (error["args"], error["policy"], error["level"]) == ("broken(pin='hunter22')", "quiet", "ERROR")
    assert ["line" in each for each in entries] == [True] * 6 + [False]
    quiet = record(given | {"loud": glimpse.TracingPolicy(included_packages=["shared"], level="INFO")}, level="ERROR")
    assert stages(quiet[len(entries) :]) == stages(entries)
    assert not any("line" in each for each in quiet[len(entries) :])


@pytest.mark.parametrize("dest", ["jsonl", "journal", "sqlite"])
def test_suspensions_are_entries_where_the_policy_is_of_level_debug(dest: str, tmp_path: Path) -> None:
    """And nowhere else."""
    write_files(tmp_path, {"steps.py": "def told():\n    yield 1\ndef untold():\n    yield 1\n"})
    path = tmp_path / f"out.{dest}"
    config = glimpse.Config(dest, params={"db_path" if dest == "sqlite" else "log_path": path})
    given = {
        "told": glimpse.TracingPolicy(included_functions=["steps.told"], level="DEBUG"),
        "untold": glimpse.TracingPolicy(included_packages=["steps"]),
    }
    tracer = glimpse.Tracer(config, policies=given).install()
    with import_path(tmp_path):
        steps = import_module("steps")
        assert [*steps.told(), *steps.untold()] == [1, 1]
        tracer.close()
    suspended = [(entry.function, entry.stage) for entry in glimpse.load(path) if entry.level == "DEBUG"]
    assert suspended == [("steps.told", "SUSPEND"), ("steps.told", "RESUME")]


def test_decorated_functions_belong_to_the_policy_that_includes_them(tmp_path: Path) -> None:
    """Its redaction and level apply to them; those that no policy includes are traced without one."""
    log = tmp_path / "out.jsonl"
    given = {
        "quiet": glimpse.TracingPolicy(included_functions=["app.risky"], level="ERROR", redact=["pin"]),
        "rest": glimpse.TracingPolicy(included_functions=["app.owned"], redact=["n"], sample_rate=0),
    }
    tracer = glimpse.Tracer(glimpse.Config(params={"log_path": log}), policies=given)
    scope: dict[str, Any] = {"__name__": "app", "trace": tracer.trace_function}
    source = """
@trace
def owned(n): return n
@trace
def free(n): return n
@trace
def risky(pin, ok):
    if not ok:
        raise ValueError("no")
"""
    exec(compile(source, "app.py", "exec"), scope)
    scope["owned"](1)
    scope["free"](2)
    scope["risky"]("p", True)
    with pytest.raises(ValueError, match="no"):
        scope["risky"]("p", False)
    tracer.close()
    found = [(each["args"], each.get("policy")) for each in read_entries(log) if each["stage"] != "END"]
    assert found == [("owned(n=<redacted>)", "rest"), ("free(n=2)", None), ("risky(pin=<redacted>, ok=False)", "quiet")]


@pytest.mark.parametrize("level", ["LOUD", 7])
def test_a_bad_level(level: Any) -> None:
    """One clear error."""
    with pytest.raises(glimpse.PolicyError, match=r"option level: bad value .*; accepted: DEBUG, INFO, ERROR"):
        glimpse.TracingPolicy(level=level)


def test_the_command_says_whose_functions_a_modules_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``glimpse explain`` of a module that several policies include."""
    write_files(tmp_path, {"shared.py": MODULE})
    rules = {name: {"included_functions": list(each.included_functions)} for name, each in policies().items()}
    (tmp_path / "glimpse-policy.json").write_text(json.dumps({"version": "1.0", "policies": rules}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("glimpse.policy.discovery.main_script", lambda: None)
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["explain", "shared"]) == 0
    assert "its functions belong to the policies orders, payments, each to the first" in capsys.readouterr().out
    assert main(["explain", "--json", "shared"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["owners"] == ["orders", "payments"]
