"""What the reading commands have in common."""

from __future__ import annotations

from argparse import ArgumentParser

import pytest

from glimpse.cli.reading import Output, add_filters, add_output, limit_of, selection_of, whole
from glimpse.errors import GlimpseError
from glimpse.traces.filters import Selection


def parsed(*arguments: str) -> Selection:
    """The selection of a command line."""
    parser = ArgumentParser()
    add_filters(parser)
    return selection_of(parser.parse_args(arguments))


def test_no_option_chooses_everything() -> None:
    """A command without filters shows all."""
    assert parsed().everything


def test_every_option_has_its_effect() -> None:
    """Each filter arrives as what it means."""
    chosen = parsed(
        *("-k", "load", "--function", "a.*", "--args", "id=7", "--min-duration", "1.5s", "--error", "--thread", "w*"),
        *("--task", "t", "--pid", "7", "--service", "web", "--trace", "abc", "--since", "10:30", "--depth", "3"),
        *("--until", "2023-12-01"),
    )
    assert chosen == Selection(
        functions=("load", "a.*"), args=("id=7",), min_ms=1500, errors=True, threads=("w*",), tasks=("t",), pids=(7,),
        services=("web",), traces=("abc",), since="10:30:00.000000", until="2023-12-01 00:00:00.000000", depth=3,
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "²", "9" * 30])
def test_whole_numbers(text: str) -> None:
    """Anything else is refused by name."""
    with pytest.raises(GlimpseError, match="option --pid"):
        whole("--pid", text)


def test_zero_is_no_limit() -> None:
    """-n 0 shows all."""
    assert limit_of("0") is None
    assert limit_of("5") == 5


def test_json_lists_are_valid_at_any_length(capsys: pytest.CaptureFixture[str]) -> None:
    """An element a line, also none."""
    parser = ArgumentParser()
    add_output(parser)
    output = Output(parser.parse_args(["--json"]))
    for values in ([], [1], [{"a": "é"}, None]):
        output.json_list(values)
    assert capsys.readouterr().out == '[]\n[\n1\n]\n[\n{"a": "é"},\nnull\n]\n'
