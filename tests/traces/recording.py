"""Makes traces as programs leave them, with a clock of its own, for the tests of everything that reads.

Run as a program, it writes the trace of ``shop`` to the file on its command line, to look at.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glimpse.traces.records import timestamp_of

START_US = 1_701_426_615_123_456  # 2023-12-01 10:30:15.123456


class Recorder:
    """One process that leaves entries. ``spend`` passes time; ``call`` nests, and lets exceptions through."""

    def __init__(
        self, pid: int = 4711, *, ids: bool = False, service: str | None = None, start_us: int = START_US
    ) -> None:
        self.pid = pid
        self.ids = ids
        self.service = service
        self.now_us = start_us
        self.entries: list[dict[str, Any]] = []
        self.stacks: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
        self.spans = 0

    def spend(self, ms: float) -> None:
        """Let time pass."""
        self.now_us += round(ms * 1000)

    def start(
        self, function: str, args: str = "", *, thread: str = "MainThread", task: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """Begin a call below what is open in its thread and task; ``args`` without the name and brackets."""
        stack = self.stacks.setdefault((thread, task), [])
        outer = more.pop("parent", stack[-1] if stack else None)
        number = len(self.entries) + 1
        entry: dict[str, Any] = {
            "entry_id": number,
            "call_id": number,
            "parent_id": outer["call_id"] if outer else None,
            "depth": outer["depth"] + 1 if outer else 1,
            "level": "INFO",
            "function": function,
            "args": f"{function.rpartition('.')[2]}({args})",
            "stage": "START",
            "timestamp": timestamp_of(self.now_us),
            "thread": thread,
            "pid": self.pid,
        }
        if task is not None:
            entry["task"] = task
        if self.ids:
            self.spans += 1
            entry["trace_id"] = outer["trace_id"] if outer else more.pop("trace_id", f"{self.pid:032x}")
            entry["span_id"] = f"{self.pid:08x}{self.spans:08x}"
            if outer:
                entry["parent_span_id"] = outer["span_id"]
        if self.service:
            entry["service"] = self.service
        entry.update(more)
        self.entries.append(dict(entry))
        stack.append(entry)
        entry["_began"] = self.now_us
        return entry

    def end(self, call: dict[str, Any], result: str | None = "None", **more: Any) -> None:
        """End a call with a result."""
        self._last(call, "END", "INFO", call["function"].rpartition(".")[2], {"result": result, **more})

    def fail(self, call: dict[str, Any], error: BaseException, **more: Any) -> None:
        """End a call with an exception; the first call that it leaves keeps the traceback."""
        seen = getattr(error, "seen", False)
        error.seen = True  # type: ignore[attr-defined]
        detail = {"type": type(error).__name__, "message": str(error), "line": more.pop("line", 31)}
        if not seen:
            detail["traceback"] = (
                f'Traceback (most recent call last):\n  File "app.py", line 31\n{type(error).__name__}: {error}\n'
            )
        self._last(call, "EXCEPTION", "ERROR", call["args"], {"exception": detail, **more})

    def _last(self, call: dict[str, Any], stage: str, level: str, args: str, more: dict[str, Any]) -> None:
        self.stacks[call["thread"], call.get("task")].remove(call)
        entry = {name: value for name, value in call.items() if name != "_began"}
        entry.update(
            entry_id=len(self.entries) + 1, level=level, args=args, stage=stage, timestamp=timestamp_of(self.now_us)
        )
        entry.update({name: value for name, value in more.items() if value is not None})
        entry["duration_ms"] = more.get("duration_ms", (self.now_us - call["_began"]) / 1000)
        self.entries.append(entry)

    @contextmanager
    def call(
        self, function: str, args: str = "", result: str | None = "None", ms: float = 0.0, **more: Any
    ) -> Iterator[dict[str, Any]]:
        """A call around a block, which takes ``ms`` more than what it calls."""
        call = self.start(function, args, **more)
        self.spend(ms)
        try:
            yield call
        except BaseException as error:
            self.fail(call, error)
            raise
        self.end(call, result)

    def leaf(self, function: str, args: str = "", result: str | None = "None", ms: float = 0.1, **more: Any) -> None:
        """A call that calls nothing."""
        with self.call(function, args, result, ms, **more):
            pass

    def save(self, path: Path, *, spaces: bool = False) -> Path:
        """Write the entries as JSON Lines."""
        separators = (", ", ": ") if spaces else (",", ":")
        lines = [json.dumps(entry, separators=separators, ensure_ascii=False) for entry in self.entries]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path


def shop(rows: int = 1000) -> Recorder:
    """A program with a loop, recursion, errors caught and not, threads, tasks, a generator, and one call unfinished."""
    program = Recorder(service="shop")
    main = program.start("shop.main.main", "path='orders.csv'")
    program.spend(0.4)
    with program.call(
        "shop.load.load_orders", "path='orders.csv', strict=False", f"[Order(id=1, total=12.5), … {rows - 1} more]", 3
    ):
        program.leaf("shop.load.open_csv", "path='orders.csv'", "<_csv.reader object>", 12.1)
        for number in range(rows):
            row_of(program, number)
    with program.call("shop.report.outline", "categories={'food': {'fruit': {}}}", "'food\\n  fruit'", 0.2):
        walk(program, 6)
    try:
        with (
            program.call("shop.mail.send_all", "to=['a@example.com'], retries=3", ms=1.5),
            program.call("shop.mail.Mailer.send", "self=<Mailer>, to='a@example.com', body='Your order …'", ms=200),
        ):
            raise ConnectionRefusedError(111, "Connection refused")
    except ConnectionRefusedError:
        pass
    for number in range(3):
        with program.call("shop.worker.handle", f"job=Job({number})", "True", 40, thread=f"worker-{number % 2}"):
            program.leaf(
                "shop.pricing.price",
                f"quantity={number}, unit=Decimal('1.20')",
                "Decimal('2.40')",
                0.02,
                thread=f"worker-{number % 2}",
            )
    program.start("shop.worker.handle", "job=Job(99)", thread="worker-0")
    program.spend(10)
    program.end(main)
    return program


def row_of(program: Recorder, number: int) -> None:
    """One row: parsed into an order and priced, or refused and caught."""
    try:
        with program.call(
            "shop.load.parse_item",
            f"row={{'id': '{number}', 'price': '12.50'}}",
            f"Order(id={number}, total=12.5)",
            0.15,
        ):
            if number % 400 == 37:
                raise ValueError("could not convert string to float: '12,50'")
            program.leaf("shop.models.Order.total", f"self=<Order>, quantity={number % 5}", f"{number % 5 * 2.5}", 0.05)
    except ValueError:
        pass


def walk(program: Recorder, depth: int) -> None:
    """Recursion with two branches a level."""
    with program.call("shop.report.walk", f"node=<Category depth={depth}>, indent={6 - depth}", f"{2**depth}", 0.01):
        if depth:
            walk(program, depth - 1)
            walk(program, depth - 1)


if __name__ == "__main__":
    shop().save(Path(sys.argv[1]))
