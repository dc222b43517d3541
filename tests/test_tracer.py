"""A tracer that records by another configuration for a while."""

from __future__ import annotations

from pathlib import Path

import pytest

from glimpse import Config, ConfigError, Tracer, TracingPolicy
from tests.support import assert_complete, run_python, write_files
from tests.support.entries import read_entries

PROGRAM = """
    from glimpse import Config, Tracer, TracingPolicy

    usual = Config(params={"log_path": "usual.jsonl"}, max_field_length=100)
    tracer = Tracer(usual, TracingPolicy(["shop"])).install()
    import shop

    def short(**more):
        return Config(params={"log_path": "other.jsonl"}, max_field_length=4, **more)

    shop.price("before")
    waiting = shop.numbers()
    next(waiting)
    try:
        with tracer.reconfigured(short()):
            shop.price("within")
            next(waiting)
            with tracer.reconfigured(short(level="DEBUG")):
                shop.price("deeper")
            raise KeyError("out")
    except KeyError:
        pass
    shop.price("after")
    next(waiting)
    tracer.close()
"""
SHOP = "def price(item):\n    return 1\n\ndef numbers():\n    yield from range(5)\n"


def test_another_configuration_for_a_while(tmp_path: Path) -> None:
    """What is called within goes elsewhere, also in blocks within blocks; what was open stays whose it was."""
    run_python("main.py", cwd=write_files(tmp_path, {"shop.py": SHOP, "main.py": PROGRAM}))
    usual, other = (read_entries(tmp_path / f"{name}.jsonl") for name in ("usual", "other"))
    assert_complete(usual)
    assert [entry["args"] for entry in usual if entry["stage"] == "START"] == [
        "price(item='before')",
        "numbers()",
        "price(item='after')",
    ]
    assert {entry["args"]: "line" in entry for entry in other if entry["stage"] == "START"} == {
        "price(item='wi… 4 more')": False,
        "price(item='de… 4 more')": True,
    }
    assert sorted(entry["stage"] for entry in other) == ["END", "END", "START", "START"]


@pytest.mark.parametrize("changes", [{"level": "ERROR"}, {"redact": ["iban"]}, {"cache_dir": "elsewhere"}])
def test_what_code_is_instrumented_for_stays(tmp_path: Path, changes: dict[str, object]) -> None:
    """Such a change is refused before anything is touched."""
    log = {"log_path": str(tmp_path / "log.jsonl")}
    tracer = Tracer(Config(params=log), TracingPolicy(["shop"])).install()
    try:
        with (
            pytest.raises(ConfigError, match=f"option {next(iter(changes))}: .* for which code is instrumented"),
            tracer.reconfigured(Config(params=log, **changes)),  # type: ignore[arg-type]
        ):
            pass
        assert tracer.activation is not None
    finally:
        tracer.close()
