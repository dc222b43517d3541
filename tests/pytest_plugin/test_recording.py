"""The call trees of failing tests, for every kind of test and beside other plugins."""

from __future__ import annotations

import json

import pytest

from .conftest import Run

FAILING = """
    import shop

    def test_passes():
        assert shop.checkout(["tea"]) == 3.5

    def test_fails():
        shop.checkout(["tea", "milk"])
"""
_SCOPE = "asyncio_default_fixture_loop_scope"
TREE = [
    "*Glimpse call tree (call)*",
    "* shop.checkout(items=?'tea', 'milk'?) ✗ KeyError",
    "* ├ price(item='tea') → 3.5",
    "* └ price(item='milk') ✗ KeyError: 'milk'",
    "3 calls of 2 functions in * · 2 ended in an exception",
]


def test_failing_test_shows_its_calls(run: Run) -> None:
    """The report of a failing test, and of no other, ends with the calls that led to it."""
    result = run({"test_shop.py": FAILING}, "--glimpse")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(TREE)
    assert result.stdout.str().count("Glimpse call tree") == 1


def test_off_by_default(run: Run) -> None:
    """Without the option nothing is recorded and nothing is said."""
    result = run({"test_shop.py": FAILING})
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.no_fnmatch_line("*limpse call tree*")
    result.stdout.no_fnmatch_line("glimpse: *")


def test_setup_call_and_teardown(run: Run) -> None:
    """Calls of fixtures are told from those of the test; a failing teardown shows its own alone."""
    test = """
        import pytest, shop

        @pytest.fixture
        def cup():
            yield shop.price("cup")
            shop.price("sink")

        def test_cup(cup):
            assert shop.price("tea") == cup

        @pytest.fixture
        def none():
            shop.price("none")

        def test_none(none):
            pass
    """
    result = run({"test_shop.py": test}, "--glimpse")
    result.assert_outcomes(failed=1, errors=2)
    sections = sections_of(result)
    assert sections["ERROR at teardown of test_cup"] == {"teardown": ["shop.price(item='sink') ✗ KeyError: 'sink'"]}
    assert sections["ERROR at setup of test_none"] == {"setup": ["shop.price(item='none') ✗ KeyError: 'none'"]}
    assert sections["test_cup"] == {
        "setup": ["shop.price(item='cup') → 9.0"],
        "call": ["shop.price(item='tea') → 3.5"],
    }


def test_kinds_of_tests(run: Run) -> None:
    """Methods of unittest, parametrised tests, doctests and modules that fail to import are reported alike."""
    files = {
        "test_kinds.py": """
            import unittest, pytest, shop

            class TestUnit(unittest.TestCase):
                def setUp(self):
                    shop.price("cup")

                def test_unit(self):
                    shop.price("unit")

            class TestPlain:
                @pytest.mark.parametrize("item", ["tea", "two"])
                def test_each(self, item):
                    assert shop.price(item)

            @pytest.mark.xfail
            def test_expected():
                shop.price("expected")
            """,
        "test_broken.py": "import shop\nshop.price('broken')\n",
        "documented.py": '"""\n>>> import shop\n>>> shop.price("doc")\n"""\n',
    }
    result = run(files, "--glimpse", "--glimpse-include=shop", "--doctest-modules", "--continue-on-collection-errors")
    sections = sections_of(result)
    assert sections["TestUnit.test_unit"]["call"][-1] == "shop.price(item='unit') ✗ KeyError: 'unit'"
    assert sections["TestPlain.test_each[two]"]["call"] == ["shop.price(item='two') ✗ KeyError: 'two'"]
    assert sections["[doctest] documented"]["call"] == ["shop.price(item='doc') ✗ KeyError: 'doc'"]
    assert "shop.price(item='broken') ✗ KeyError: 'broken'" in result.stdout.str()
    assert "expected" not in str(sections)


def test_failing_path_stays(run: Run) -> None:
    """Of more calls than there is room for, those on the exception's way are shown and the rest is counted."""
    files = {
        "shop.py": "\n".join(f"def step{n}(x): return 1 // x" for n in range(30))
        + "\ndef work(at):\n    for n in range(30):\n        globals()[f'step{n}'](n != at)\n",
        "test_work.py": "import shop\ndef test_work():\n    shop.work(29)\ndef test_early():\n    shop.step3(1)\n"
        "    shop.work(4)\n",
    }
    result = run(files, "--glimpse-lines=6")
    sections = sections_of(result)
    assert sections["test_work"]["call"][0] == "shop.work(at=29) ✗ ZeroDivisionError"
    assert sections["test_work"]["call"][1] == "… 25 calls below, left out"
    assert sections["test_work"]["call"][-1].startswith("step29(x=False) ✗ ZeroDivisionError")
    assert any("step4(x=False) ✗" in line for line in sections["test_early"]["call"])


def test_millions_of_calls_stay_small(run: Run) -> None:
    """Beyond a number of entries, only folded trees are kept; nothing is lost of what is counted."""
    test = """
        import shop
        from glimpse.pytest_plugin import memory

        memory.MOST_ENTRIES = 100

        def test_many():
            for _ in range(1000):
                shop.checkout(["tea"])
            shop.price("end")
    """
    (lines,) = sections_of(run({"test_many.py": test}, "--glimpse"))["test_many"].values()
    assert lines[-2].startswith("… 998 more calls of checkout")
    assert lines[-1] == "shop.price(item='end') ✗ KeyError: 'end'"


def test_markers_change_the_configuration(run: Run) -> None:
    """A marker's options hold for its test alone; one that is closer wins."""
    test = """
        import pytest, shop

        pytestmark = pytest.mark.glimpse(max_field_length=3)

        @pytest.mark.glimpse(max_field_length=5)
        def test_closest():
            shop.price("milk and honey")

        def test_module():
            shop.price("milk and honey")

        @pytest.mark.glimpse(max_feld_length=3)
        def test_misspelt():
            pass

        @pytest.mark.glimpse(level="ERROR")
        def test_level():
            pass

        @pytest.mark.glimpse(redact=["item"])
        def test_redact():
            pass

        @pytest.mark.glimpse("DEBUG")
        def test_position():
            pass
    """
    other = "import shop\ndef test_other():\n    shop.price('milk and honey')\n"
    result = run({"test_a.py": test, "test_b.py": other}, "--glimpse")
    result.assert_outcomes(failed=3, errors=4)
    sections = sections_of(result)
    assert sections["test_closest"]["call"][0].startswith("shop.price(item='mil… 11 more') ✗ KeyError")
    assert sections["test_module"]["call"][0].startswith("shop.price(item='m… 13 more') ✗ KeyError")
    assert sections["test_other"]["call"] == ["shop.price(item='milk and honey') ✗ KeyError: 'milk and honey'"]
    result.stdout.fnmatch_lines(
        [
            "marker glimpse: unknown option of Config 'max_feld_length'; *did you mean 'max_field_length'?",
            "marker glimpse: option level: bad value 'ERROR'; *",
            "marker glimpse: option redact: bad value ('item',); accepted: (), for which code is instrumented",
            "marker glimpse: options of Config are given by name, not ('DEBUG',)",
        ]
    )


def test_entries_go_to_a_destination_too(run: Run, pytester: pytest.Pytester) -> None:
    """With ``glimpse_dest``, everything is also written, and lines have the numbers that ``glimpse show`` takes."""
    result = run({"test_shop.py": FAILING}, "--glimpse", "-o", "glimpse_dest=jsonl", "-o", "glimpse_params=log_path=a")
    result.stdout.fnmatch_lines(["*shop.checkout(items=?'tea', 'milk'?) ✗ KeyError *#5"])
    entries = [json.loads(line) for line in (pytester.path / "a").read_text(encoding="utf-8").splitlines()]
    assert [entry["function"] for entry in entries].count("shop.checkout") == 4


@pytest.mark.parametrize("capture", ["--capture=sys", "--capture=no"])
def test_capture_modes(run: Run, capture: str) -> None:
    """However output is captured, the tree is there."""
    result = run({"test_shop.py": FAILING}, "--glimpse", capture)
    result.stdout.fnmatch_lines(TREE)


def test_junit_and_plugins_left_out(run: Run) -> None:
    """Plugins that others rely on may be missing."""
    result = run({"test_shop.py": FAILING}, "--glimpse", "-p", "no:capture", "-p", "no:logging", "--junitxml=out.xml")
    result.stdout.fnmatch_lines(TREE)
    assert run({"test_shop.py": FAILING}, "--glimpse", "-p", "no:terminal").ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.once
def test_workers_of_xdist(run: Run) -> None:
    """Trees and times come from the processes that the tests ran in."""
    pytest.importorskip("xdist")
    result = run({"test_shop.py": FAILING}, "--glimpse", "--glimpse-slow=1", "-p", "xdist", "-n2", apart=True)
    result.stdout.fnmatch_lines([*TREE, "*slowest functions*", "test_shop.py::test_*", "*shop.checkout  1 call"])


def test_asyncio_tests(run: Run) -> None:
    """Coroutines of a test belong to it, whatever plugin runs them."""
    pytest.importorskip("pytest_asyncio")
    files = {
        "shop.py": "import asyncio\nasync def buy(n):\n    await asyncio.sleep(0)\n    return 1 // n\n",
        "test_async.py": "import asyncio, pytest, shop\n@pytest.mark.asyncio\nasync def test_buy():\n"
        "    await asyncio.gather(shop.buy(1), shop.buy(0))\n",
    }
    result = run(files, "--glimpse", "-p", "pytest_asyncio.plugin", "-o", f"{_SCOPE}=function", apart=True)
    lines = sections_of(result)["test_buy"]["call"]
    assert lines[0] == "shop.buy(n=1) → 1"
    assert lines[1].startswith("shop.buy(n=0) ✗ ZeroDivisionError: ")


def test_coverage_is_the_same(run: Run, pytester: pytest.Pytester) -> None:
    """Measured with and without the plugin, every line is covered or missed alike."""
    pytest.importorskip("pytest_cov")
    reports = []
    for number, option in enumerate(("--no-glimpse", "--glimpse")):
        report = f"{number}.json"
        cov = ["-p", "pytest_cov", "--cov=shop", "--cov-branch", f"--cov-report=json:{report}"]
        run({"test_shop.py": FAILING}, option, *cov, apart=True)
        reports.append(json.loads((pytester.path / report).read_text(encoding="utf-8"))["files"])
    assert reports[0] == reports[1] != {}


def sections_of(result: pytest.RunResult) -> dict[str, dict[str, list[str]]]:
    """By test and phase: the lines of its tree, without the durations."""
    found: dict[str, dict[str, list[str]]] = {}
    test = phase = ""
    for line in result.outlines:
        bare = line.strip("_- ")
        if line.startswith("___"):
            test, phase = bare, ""
        elif line.startswith("---"):
            phase = bare.partition("Glimpse call tree (")[2].rstrip(")")
        elif phase and not line:
            phase = ""
        elif phase:
            found.setdefault(test, {}).setdefault(phase, []).append(line[9:].lstrip("│├└ "))
    return found
