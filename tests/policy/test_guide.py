"""The guide to policies tells the truth."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from glimpse.policy import PolicySet, TracingPolicy
from tests.support.pages import example

GUIDE = (Path(__file__).parents[2] / "docs/policies.md").read_text(encoding="utf-8")


def test_the_example(tmp_path: Path) -> None:
    """The first file does what the text around it says."""
    path = tmp_path / "glimpse-policy.json"
    path.write_text(example("docs/policies.md", "policy"), encoding="utf-8")
    policy = TracingPolicy.from_file(path)
    assert policy.decide_function("myapp.orders", "Order.total")
    assert not policy.decide_function("myapp.orders", "Order._load")
    assert not policy.decide_function("api_v2", "Item.__repr__")
    assert not policy.decide_module("myapp.vendored.six")
    assert policy.decide_module("anything", str(tmp_path / "src/myapp/main.py"))


def test_several_policies(tmp_path: Path) -> None:
    """The second file holds two policies, each with functions of its own."""
    path = tmp_path / "glimpse-policy.json"
    path.write_text(example("docs/policies.md", "policies"), encoding="utf-8")
    owners = [PolicySet.from_file(path).decide_module(name).policy for name in ("users.api", "payments")]
    assert [owner and owner.name for owner in owners] == ["user-service", "payment-service"]


ROWS = re.findall(r"^\| `(\w+)` \| [^|]+ \| (?:`(.*?)`|none) \|", GUIDE, flags=re.MULTILINE)


def test_every_key_is_in_the_table() -> None:
    """The table has the keys of a policy, in their order."""
    full = TracingPolicy(["a"], ["a"], ["a"], 1, False, ["a"], ["a"], 1, 0.5, ["a"], "INFO")
    assert [name for name, _ in ROWS] == [key for key in full.to_dict() if key != "version"]


@pytest.mark.parametrize(("key", "default"), ROWS)
def test_defaults(key: str, default: str) -> None:
    """The default in the table is the default."""
    value = getattr(TracingPolicy(), key)
    written = str(list(value)) if isinstance(value, tuple) else "" if value is None else str(value).lower()
    assert written == default
