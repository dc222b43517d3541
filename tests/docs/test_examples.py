"""Examples of the pages that are no walks: each does what the text around it says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from glimpse.compat import parse_toml
from glimpse.record_schema import record_schema
from tests.support import write_files
from tests.support.pages import ROOT, blocks, example
from tests.support.serving import get
from tests.support.walking import await_that, run, serving


def test_first_page(tmp_path: Path) -> None:
    """Its four commands lead to the call tree of the tutorial's program."""
    files = {block.file: block.text for block in blocks("docs/tutorial.md") if block.file.endswith(".py")}
    assert "shop.invoice(" in run(example("docs/index.md", "start"), write_files(tmp_path, files))


@pytest.mark.once
@pytest.mark.integrations
def test_dockerfile(tmp_path: Path) -> None:
    """What the image would run is run, in a folder for its root; nothing is rewritten when the server starts."""
    pytest.importorskip("gunicorn")
    page = "docs/guides/containers.md"
    steps = instructions(example(page, "dockerfile").replace("/srv", "srv").replace("/var/log", "log"))
    assert [command for command, _ in steps] == ["FROM", "WORKDIR", "COPY", "RUN", "COPY", "ENV", "RUN", "ENV", "CMD"]
    app = "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'%r' % price('tea')]\n"
    files = {f"srv/{block.file}": block.text for block in blocks(page) if block.file}
    write_files(tmp_path, {**files, "srv/shop.py": files["srv/shop.py"] + app, "log/glimpse/none": ""})
    env: dict[str, str] = {}
    for command, text in steps:
        if command == "ENV":
            named = dict(word.split("=", 1) for word in shlex.split(text))
            env |= {name: str(tmp_path / value) if "/" in value else value for name, value in named.items()}
        elif command == "RUN":
            run(text.replace("-r requirements.txt ", ""), tmp_path / "srv", env=env)
    warmed = sorted((tmp_path / "srv" / ".glimpse-cache").rglob("*.*"))
    assert warmed
    settings = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in env.items())
    with serving(settings + shlex.join(json.loads(steps[-1][1])), tmp_path / "srv") as port:
        await_that(lambda: get(port, "/"), tmp_path / "srv")
    assert sorted((tmp_path / "srv" / ".glimpse-cache").rglob("*.*")) == warmed
    assert "price(item='tea')" in run("glimpse tree ../log/glimpse/shop.journal", tmp_path / "srv")


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, each with what follows it."""
    joined = re.sub(r"\\\n\s*", "", dockerfile)
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line]


def test_entries_of_the_record() -> None:
    """The example of the page has the fields that the schema asks for, and no others."""
    jsonschema = pytest.importorskip("jsonschema")
    text = example("docs/record.md", "entries")
    entries = [json.loads(entry) for entry in re.split(r"\n(?=\{)", text)]
    assert [entry["stage"] for entry in entries] == ["START", "END"]
    for entry in entries:
        jsonschema.validate(entry, record_schema())


def test_entry_point_of_a_writer(tmp_path: Path) -> None:
    """A package with the example in its metadata brings its writer along."""
    points = parse_toml(example("docs/writing-a-writer.md", "entry point"))["project"]["entry-points"]
    ((group, names),) = points.items()
    lines = "".join(f"{name} = {where}\n" for name, where in names.items())
    write_files(
        tmp_path,
        {
            "mypackage/__init__.py": "",
            "mypackage/console.py": example("docs/writing-a-writer.md", "python smallest"),
            "mypackage-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: mypackage\nVersion: 1.0\n",
            "mypackage-1.0.dist-info/entry_points.txt": f"[{group}]\n{lines}",
            "app.py": "import glimpse\n\n@glimpse.trace\ndef pay():\n    pass\n\npay()\n",
        },
    )
    printed = run("python app.py", tmp_path, env={"GLIMPSE_DEST": "console"})
    assert printed.startswith("START __main__.pay None\nEND __main__.pay ")


def test_floors() -> None:
    """The picture of the floors has every room of the package, and none that is not there."""
    picture = example("docs/design.md", "floors")
    drawn = set(re.findall(r"(?:^ *| )\b([a-z_]\w*(?:\.py|/))", picture, re.MULTILINE)) - {"src/"}
    there = {path.name + ("/" if path.is_dir() else "") for path in (ROOT / "src" / "glimpse").iterdir()}
    assert there - drawn - {"__pycache__/", "py.typed", "_version.py"} == set()
    assert {name for name in drawn if not name.endswith("/")} - there == set()
