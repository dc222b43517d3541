"""Large third-party packages, traced as a whole, beside other tracers: ``python benchmarks/packages.py``.

What is recorded here is unlike what a program's own code passes around: trees whose every node holds all below it, one
object handed through twenty calls, classes by the hundred, documents as texts. Takes part whatever can be imported,
of packages and of tools (kolo in its lightweight mode, viztracer with arguments); nothing is installed. Each run is a
fresh process with a warm cache, beside one of the plain program, all in turn; what counts is the processor time that a
call costs more until everything is on disk, as the median of the rounds. ``giants`` needs no package: every call is
given an argument such as a list of a million numbers. A tool that takes longer than ``--longest`` seconds is left out.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alternately import added, measure, report, used

SQLALCHEMY = """
import sqlalchemy as sa
from sqlalchemy import orm
class Base(orm.DeclarativeBase): pass
class User(Base):
    __tablename__ = "users"
    id = orm.mapped_column(sa.Integer, primary_key=True)
    name = orm.mapped_column(sa.String(50))
    orders = orm.relationship("Order", back_populates="user")
class Order(Base):
    __tablename__ = "orders"
    id = orm.mapped_column(sa.Integer, primary_key=True)
    user_id = orm.mapped_column(sa.ForeignKey("users.id"))
    user = orm.relationship("User", back_populates="orders")
engine = sa.create_engine("sqlite://")
Base.metadata.create_all(engine)
def main(n):
    with orm.Session(engine) as session:
        session.add_all(User(name=f"u{i}", orders=[Order() for _ in range(3)]) for i in range(n))
        session.commit()
        for user in session.scalars(sa.select(User).options(orm.selectinload(User.orders))):
            user.name = f"{user.name} {len(user.orders)}"
        session.commit()
"""
SQLGLOT = """
import sqlglot
from sqlglot.dialects import bigquery, postgres
SQL = "SELECT b.id, CASE WHEN s > 10 THEN 'a' END, (SELECT MAX(q) FROM w WHERE w.id = b.id) FROM b WHERE x IN (1, 2)"
def main(n):
    for _ in range(n):
        tree = sqlglot.parse_one(SQL, read="postgres")
        tree.transform(lambda node: node).sql(dialect="bigquery", pretty=True)
"""
BS4 = """
import bs4
ROW = "<div class='r{0}'><a href='/p/{0}?a=1'>link {0}</a><p>text <b>bold</b></p></div>"
ROW = "<div class='r{0}'><a href='/p/{0}?a=1'>link {0}</a><p>text <b>bold</b></p></div>"
HTML = "".join(map(ROW.format, range(20)))
def main(n):
    for _ in range(n):
        soup = bs4.BeautifulSoup(HTML, "html.parser")
        soup.find_all("a", href=True), soup.select("div > p b"), str(soup)
"""
DOCUTILS = """
import docutils.core, docutils.writers.html5_polyglot, docutils.parsers.rst.directives.admonitions
TEXT = "Title\\n=====\\n\\nSome *text* with a `link <http://example.com>`_.\\n\\n* one\\n* two\\n\\n.. note:: x\\n\\n"
def main(n):
    docutils.core.publish_string(TEXT * n, writer="html5", settings_overrides={"report_level": 5})
"""
JINJA = """
import jinja2
def main(n):
    environment = jinja2.Environment()
    for i in range(n):
        source = "{% for r in rows %}{% if r %}{{ r|e }}{% else %}-{% endif %}{% endfor %}" + "x" * i
        environment.from_string(source).render(rows="abc")
"""
RICH = """
import io
from rich.console import Console
from rich.table import Table
from rich.markdown import Markdown
def main(n):
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    table = Table("a", "b", "c")
    for i in range(n):
        table.add_row(str(i), f"[bold]x{i}[/bold]", "lorem ipsum " * 3)
    console.print(table)
"""
PYGMENTS = """
import argparse, pygments
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.python import PythonLexer
SOURCE = open(argparse.__file__).read()
def main(n):
    pygments.highlight(SOURCE[: n * 1000], PythonLexer(), HtmlFormatter())
"""
PANDAS = """
import numpy, pandas
FRAME = pandas.DataFrame({"k": numpy.arange(100_000) % 50, "v": numpy.arange(100_000) / 7})
def main(n):
    for i in range(n):
        sums = FRAME.groupby("k")["v"].agg(["mean", "sum"])
        FRAME[FRAME["v"] > i].merge(sums, left_on="k", right_index=True)
"""
GIANTS = """
import giants
from dataclasses import dataclass
@dataclass
class Node:
    name: str
    child: object = None
class Tree:
    def __init__(self, *below): self.below = below
    def __repr__(self): return f"Tree{self.below!r}"
NODE = None
for i in range(20): NODE = Node(f"n{i}", NODE)
DEEP = {}
for i in range(10): DEEP = {f"l{i}": DEEP, "v": [i] * 3}
TREE = Tree(*(Tree(*map(Tree, range(10))) for _ in range(100)))
CYCLE = []; CYCLE.append(CYCLE)
VALUES = [list(range(1_000_000)), {f"key{i}": i for i in range(100_000)}, DEEP, NODE, CYCLE, TREE, "x" * 1_000_000,
    "a = 1, b: 2 " * 100_000, bytes(100_000_000), [{"id": i, "tags": ["a", "b"]} for i in range(1000)],
    [Node(f"n{i}") for i in range(1000)], [[float(j) for j in range(100)] for _ in range(100)], set(range(100_000))]
def main(n):
    for value in VALUES:
        for i in range(n): giants.take(value, i)
"""

PROGRAMS: dict[str, tuple[str, int]] = {
    "giants": (GIANTS, 100),
    "sqlalchemy": (SQLALCHEMY, 60),
    "sqlglot": (SQLGLOT, 12),
    "bs4": (BS4, 12),
    "docutils": (DOCUTILS, 60),
    "jinja2": (JINJA, 60),
    "rich": (RICH, 100),
    "pygments": (PYGMENTS, 40),
    "pandas": (PANDAS, 12),
}
"""By the package that is traced: a program that uses it, and how much of it makes some ten thousand calls."""


def traced(dest: str) -> Callable[[str, str], Any]:
    """The import hook, with this writer."""

    @contextmanager
    def on(package: str, folder: str) -> Iterator[Callable[[], int]]:
        import glimpse

        path = os.path.join(folder, f"trace.{dest}")
        policy = glimpse.TracingPolicy(included_packages=[package])
        tracer = glimpse.install(policy=policy, config=glimpse.Config(dest=dest, params={"log_path": path}))

        def recorded() -> int:
            tracer.flush()
            return int(tracer.stats()["recorded"])

        yield recorded
        glimpse.uninstall()

    return on


@contextmanager
def kolo(package: str, folder: str) -> Iterator[None]:
    """Its profiler in the mode that shows objects as the names of their types."""
    os.environ["KOLO_PATH"] = folder
    import kolo

    filters = {"include_frames": [place(package)], "ignore_frames": ["/", "<"]}
    settings = {"omit_return_locals": True, "lightweight_repr": True, "hide_startup_message": True, "auto_emit": False}
    with kolo.enable(config={"filters": filters, **settings}):
        yield


@contextmanager
def viztracer(package: str, folder: str) -> Iterator[None]:
    """Its tracer with arguments and results. The file that calls the package has to be listed too."""
    from viztracer import VizTracer

    files = [place(package), os.path.join(os.path.dirname(folder), "subject.py"), __file__]
    output = os.path.join(folder, "viztracer.json")
    with contextlib.redirect_stdout(sys.stderr):
        tracer = VizTracer(include_files=files, ignore_c_function=True, tracer_entries=3_000_000, output_file=output,
                           verbose=0, log_func_args=True, log_func_retval=True)  # fmt: skip
        tracer.start()
        yield
        tracer.stop()
        tracer.save()


@contextmanager
def nothing(package: str, folder: str) -> Iterator[None]:
    """The plain program."""
    yield


def place(package: str) -> str:
    """The folder of a package, or the file of a module."""
    spec = importlib.util.find_spec(package)
    return (spec.submodule_search_locations or [spec.origin or ""])[0] if spec else ""


TOOLS: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "glimpse, journal": ("glimpse", traced("journal")),
    "glimpse, jsonl": ("glimpse", traced("jsonl")),
    "kolo, lean": ("kolo", kolo),
    "viztracer, arguments": ("viztracer", viztracer),
}


def child(tool: str, package: str, folder: str, amount: int) -> None:
    """In a process of its own: the program under a tool."""
    sys.path.insert(0, folder)
    own = tempfile.mkdtemp(dir=folder)
    os.chdir(own)
    setting = TOOLS[tool][1] if tool in TOOLS else nothing
    with setting(package, own) as recorded:
        subject = __import__("subject")
        before = recorded() if recorded else 0
        began = used()
        subject.main(amount)
        calls = (recorded() - before) // 2 if recorded else 0
    report(began, calls=calls, bytes=sum(each.stat().st_size for each in Path(own).rglob("*") if each.is_file()))


def compare(package: str, rounds: int, longest: float, *, quick: bool) -> dict[str, dict[str, float]]:
    """What each tool adds to a call of one program."""
    source, amount = PROGRAMS[package]
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "subject.py").write_text(source, encoding="utf-8")
        Path(folder, "giants.py").write_text("def take(value, number): return value\n", encoding="utf-8")
        amount = 1 if quick else amount
        names = [name for name, (module, _) in TOOLS.items() if importlib.util.find_spec(module) is not None]
        more = [package, folder, str(amount)]
        commands: dict[str, Sequence[str]] = {
            name: [sys.executable, __file__, "--child", name, *more] for name in ["plain", *names]
        }
        for name in [] if quick else list(commands):  # fills the caches, and shows who takes too long
            try:
                measure({name: commands[name]}, 1, timeout=longest)
            except subprocess.TimeoutExpired:
                del commands[name]
        found = measure(commands, rounds)
        made = found["glimpse, journal"][0]["calls"]
        for name in found.keys() - {"plain"}:
            cost = added(found[name], found["plain"], made)[0]
            table[name] = {"us": cost, "bytes": found[name][0]["bytes"] / made, "calls": made}
    return table


def show(package: str, costs: dict[str, dict[str, float]]) -> None:
    """A line for each tool, the cheapest first."""
    for name, cost in sorted(costs.items(), key=lambda each: each[1]["us"]):
        line = f"{package:11} {name:21} {cost['us']:8.2f} µs a call, of {cost['calls']:.0f}"
        sys.stdout.write(f"{line}, {cost['bytes']:.0f} bytes\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(PROGRAMS), help="packages, with commas between them")
    parser.add_argument("--longest", type=float, default=120.0, help="seconds for one run")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds = 1 if options.quick else options.rounds
    table: dict[str, dict[str, dict[str, float]]] = {}
    for package in options.only.split(","):
        if package == "giants" or importlib.util.find_spec(package) is not None:
            table[package] = compare(package, rounds, options.longest, quick=options.quick)
            if not options.json:
                show(package, table[package])
    if options.json:
        sys.stdout.write(json.dumps(table) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
    else:
        main()
