"""The policies that the project was asked for, as typed: in code, in a file, with wildcards, several at once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.support import assert_complete, run_python, write_files

POLICY_FILE = """
{
  "version": "1.0",
  "included_packages": ["myapp", "requests"],
  "project_root_packages": ["src"],
  "trace_depth": 5,
  "auto_trace_subpackages": true
}
"""

WILDCARDS_FILE = """
{
  "included_packages": [
    "myapp",           // Exact match: myapp and myapp.submodule
    "api_v*",          // Wildcard: api_v1, api_v2, api_version_new
    "test_*_utils",    // Complex: test_unit_utils, test_integration_utils
    "*.models",        // Suffix: myapp.models, core.user.models
    "config[12]"       // Character class: config1, config2
  ]
}
"""


def test_policy_in_code(tmp_path: Path) -> None:
    """Exact names, a project folder and a depth limit, as the example has them."""
    code = """
    from glimpse import Tracer, TracingPolicy
    import myapp, other, sys
    sys.path.insert(0, "src2")
    import tool

    policy = TracingPolicy(
        included_packages=["myapp", "requests"],  # Exact matches
        project_root_packages=["src*"],           # Wildcard patterns
        trace_depth=10                            # Prevent infinite recursion
    )
    with Tracer(policy=policy):
        myapp.down(30)
        tool.use()
        other.unseen()
    """
    files = {
        "myapp.py": "def down(n):\n    return n and down(n - 1)\n",
        "src2/tool.py": "def use():\n    return 1\n",
        "other.py": "def unseen():\n    return 1\n",
    }
    write_files(tmp_path, files)
    entries = run_python(code=code, cwd=tmp_path).entries
    assert_complete(entries)
    assert Counter(e["function"] for e in entries if e["stage"] == "START") == {"myapp.down": 10, "tool.use": 1}


def test_policy_file_is_found(tmp_path: Path) -> None:
    """The closest policy file above the main script is used, from any working directory."""
    main = """
    import requests_like
    from glimpse import Tracer

    def work(n):
        return n and work(n - 1)

    with Tracer():
        work(9)
        requests_like.get()
    """
    files = {
        "myproject/glimpse-policy.json": POLICY_FILE,
        "myproject/src/myapp/main.py": main,
        "myproject/src/myapp/requests_like.py": "def get():\n    return 1\n",
        "elsewhere/keep": "",
    }
    write_files(tmp_path, files)
    script = tmp_path / "myproject/src/myapp/main.py"
    entries = run_python(script, cwd=tmp_path / "elsewhere").entries
    assert_complete(entries)
    assert Counter(e["args"].partition("(")[0] for e in entries if e["stage"] == "START") == {"work": 5, "get": 1}


def test_wildcards_and_comments(tmp_path: Path) -> None:
    """Every pattern of the commented policy file takes in what its comment says, and nothing else."""
    traced = [
        "myapp",
        "myapp.submodule",
        "myapp.models",
        "api_v1",
        "api_v2",
        "api_version_new",
        "test_unit_utils",
        "test_integration_utils",
        "core.user.models",
        "config1",
        "config2",
    ]
    others = ["myapp2", "api", "test_utils", "core.user", "models", "config3"]
    packages = ["myapp", "core", "core.user"]
    files = {f"{name.replace('.', '/')}/__init__.py" for name in packages}
    files |= {f"{name.replace('.', '/')}.py" for name in traced + others if name not in packages}
    write_files(tmp_path, {**dict.fromkeys(files, "def f():\n    return 1\n"), "glimpse-policy.json": WILDCARDS_FILE})
    imports = ", ".join([*traced, *others])
    calls = "\n".join(f"{name}.f()" for name in traced + others)
    main = f"import glimpse\nglimpse.install()\nimport {imports}\n{calls}\n"
    entries = run_python(code=main, cwd=tmp_path).entries
    assert {entry["function"] for entry in entries} == {f"{name}.f" for name in traced}


def test_several_policies(tmp_path: Path) -> None:
    """Each service's functions carry the name of the policy that owns them."""
    code = """
    from glimpse import Config, Tracer, TracingPolicy
    import payments, users

    config = Config()
    user_policy = TracingPolicy(included_packages=["users"])
    payment_policy = TracingPolicy(included_packages=["payments"])
    tracer = Tracer(config, policies={
        "user-service": user_policy,
        "payment-service": payment_policy
    })
    with tracer:
        users.f()
        payments.f()
    """
    write_files(tmp_path, {"users.py": "def f():\n    return 1\n", "payments.py": "def f():\n    return 2\n"})
    entries = run_python(code=code, cwd=tmp_path).entries
    assert [(entry["function"], entry["policy"]) for entry in entries if entry["stage"] == "START"] == [
        ("users.f", "user-service"),
        ("payments.f", "payment-service"),
    ]
