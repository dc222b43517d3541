"""Makes Python programs at random: every control flow that a rewriter may get wrong, and always an end.

A program defines ``main(log, n)``, of any kind of function. It notes in ``log`` what it does, so two versions of it can
be compared by what they leave there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

__all__ = ["KINDS", "program"]

KINDS = ("def", "generator", "async def", "async generator")

_LARGE = 60  # how many values a program may make before it gets no new blocks

PRELUDE = """\
class Manager:
    def __init__(self, log, swallow): self.log, self.swallow = log, swallow
    def __enter__(self): self.log.append("enter"); return self
    def __exit__(self, kind, *rest): self.log.append(kind and kind.__name__); return self.swallow
    async def __aenter__(self): return self.__enter__()
    async def __aexit__(self, *info): return self.__exit__(*info)


class Pause:
    def __init__(self, value): self.value = value
    def __await__(self):
        try:  # without it, 3.11 forgets this frame in some tracebacks
            return (yield self.value)
        finally:
            pass


async def ticks(n):
    for i in range(n): yield i


class Oops(Exception): pass


def note(log, value):
    log.append(value)
    return value

"""


@dataclass(frozen=True)
class _Place:
    """Where a statement stands: what may be written there."""

    depth: int
    kind: str
    loop: bool = False
    in_handler: bool = False
    star: bool = False  # inside ``except*``, where nothing may jump out

    @property
    def asynchronous(self) -> bool:
        return self.kind.startswith("async")

    @property
    def yields(self) -> bool:
        return self.kind.endswith("generator")


def program(random: Random, kind: str, depth: int = 4) -> str:
    """The source of a program whose ``main`` is a function of this kind (see ``KINDS``), nested as deeply."""
    return PRELUDE + "\n".join(_Writer(random).function("main", kind, depth)) + "\n"


class _Writer:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.count = 0

    def function(self, name: str, kind: str, depth: int, parameters: str = "log, n") -> list[str]:
        """A function that always ends, of at most this nesting."""
        keyword = "async def" if kind.startswith("async") else "def"
        place = _Place(depth, kind)
        lead = self.pick([[], [], ['"""Doc."""'], ["nonlocal_free = 0"], ['"""Doc', 'of two lines."""']])
        if place.yields:
            lead += ["if n < -5: yield"]
        return [f"{keyword} {name}({parameters}):", *_indent([*lead, *self.block(place)])]

    def pick(self, choices: list[list[str]]) -> list[str]:
        return list(self.random.choice(choices))

    def fresh(self) -> int:
        self.count += 1
        return self.count

    def block(self, place: _Place) -> list[str]:
        size = self.random.randint(1, 3) if self.count < _LARGE else 1
        return [line for _ in range(size) for line in self.statement(place)]

    def statement(self, place: _Place) -> list[str]:
        inner = replace(place, depth=place.depth - 1)
        simple: list[Callable[[_Place], list[str]]] = [self.noting, self.noting, self.leaving, self.small]
        compound = [
            self.branch,
            self.loop,
            self.trying,
            self.trying,
            self.managed,
            self.nested,
            self.matched,
            self.counted,
        ]
        if sys.version_info >= (3, 11):
            compound.append(self.grouped)
        if place.depth > 0 and self.count < _LARGE and self.random.random() < 0.7:
            return self.random.choice(compound)(inner)
        return self.random.choice(simple)(place)

    # -- simple statements ---------------------------------------------------------------------------------------

    def noting(self, place: _Place) -> list[str]:
        return [f"log.append({self.expression(place)})"]

    def small(self, place: _Place) -> list[str]:
        value, number = self.expression(place), self.fresh()
        choices = [
            ["pass"], ["..."], [f"a = {value}; log.append(a)"], ["log.append(sorted(locals()))"],
            [f"a{number} = b = {value}"], [f"a: object = {value}"], ["log.append((", f"    {value},", "))"],
            [f"assert n < {number % 7}, {value}"], ["'text'"], ["a = 1", "del a"], ["import sys as s"],
            [f"log.append([i for i in range({number % 4}) if note(log, i)])"], ["note(log, 1) if n else note(log, 2)"],
            [f"log.append((lambda x=n: x + {number})())"], ["log.append(handling())"],
        ]  # fmt: skip
        return self.pick(choices)

    def leaving(self, place: _Place) -> list[str]:
        value = self.expression(place)
        choices = [[f"raise Oops({value})"], [f"if n == {self.fresh() % 4}: raise KeyError({value})"], ["1 / n"]]
        if not place.star:
            if place.kind == "async generator":
                choices += [["return"], ["if n: return"]]
            else:
                choices += [[f"return {value}"], ["return"], [f"if n: return {value}"], [f"return {value}, {value}"]]
                choices += [
                    ["return (", f"    {value}", ")"],
                    [f"return {value} if n else {value}"],
                    ["return [1,", "2, 3]"],
                ]
        if place.loop and not place.star:
            choices += [["break"], ["continue"], ["if n: break"], ["if n > 1: continue"]]
        if place.in_handler:
            choices += [["raise"], ["raise Oops(1) from None"]]
        return self.pick(choices)

    def expression(self, place: _Place) -> str:
        number = self.fresh()
        plain = [str(number), f"n + {number}", f"note(log, {number})", f"({number}, n)"]
        plain += ["n and 'yes'", "f'{n!r}'", "'é'"]
        if place.yields:
            plain += [f"(yield {number})", "(yield)", f"note(log, (yield note(log, {number})))"] * 2
        if place.kind == "generator":
            plain += ["(yield from range(2))", "(yield from [])", "(yield from (note(log, i) for i in 'ab'))"]
        if place.asynchronous:
            plain += [f"await Pause({number})", f"[await Pause(i) async for i in ticks({number % 3})]"] * 2
        return self.random.choice(plain)

    # -- compound statements -------------------------------------------------------------------------------------

    def branch(self, place: _Place) -> list[str]:
        lines = [f"if n > {self.fresh() % 3}:", *_indent(self.block(place))]
        if self.random.random() < 0.4:
            lines += [f"elif n == {self.fresh() % 3}:", *_indent(self.block(place))]
        if self.random.random() < 0.5:
            lines += ["else:", *_indent(self.block(place))]
        return lines

    def loop(self, place: _Place) -> list[str]:
        head = f"for i in range({self.fresh() % 3}):"
        if place.asynchronous and self.random.random() < 0.5:
            head = f"async for i in ticks({self.fresh() % 3}):"
        lines = [head, *_indent(self.block(replace(place, loop=True)))]
        if self.random.random() < 0.4:
            lines += ["else:", *_indent(self.block(place))]
        return lines

    def counted(self, place: _Place) -> list[str]:
        name = f"w{self.fresh()}"
        body = [f"{name} -= 1", *self.block(replace(place, loop=True))]
        return [f"{name} = 2", self.random.choice([f"while {name}:", f"while {name} > 0 and True:"]), *_indent(body)]

    def trying(self, place: _Place) -> list[str]:
        lines = ["try:", *_indent(self.block(place))]
        handlers = self.random.choice([[], ["except Oops:"], ["except (Oops, KeyError) as e:"], ["except:"],
                                       ["except ZeroDivisionError:", "except BaseException as e:"]])  # fmt: skip
        for handler in handlers:
            lines += [handler, *_indent(self.block(replace(place, in_handler=True)))]
        if handlers and self.random.random() < 0.3:
            lines += ["else:", *_indent(self.block(place))]
        if not handlers or self.random.random() < 0.5:
            lines += ["finally:", *_indent(self.block(place))]
        return lines

    def grouped(self, place: _Place) -> list[str]:
        handler = self.block(replace(place, star=True, in_handler=True, loop=False))
        return ["try:", *_indent(self.block(place)), "except* (Oops, KeyError) as g:", *_indent(handler)]

    def managed(self, place: _Place) -> list[str]:
        keyword = "async with" if place.asynchronous and self.random.random() < 0.5 else "with"
        items = self.pick(
            [["Manager(log, False)"], ["Manager(log, True) as m"], ["Manager(log, 0)", "Manager(log, n)"]]
        )
        return [f"{keyword} {', '.join(items)}:", *_indent(self.block(place))]

    def matched(self, place: _Place) -> list[str]:
        cases = self.random.sample(["0", "1 | 2", "int(x) if x > 2", "[_, *_]", "{'k': v}"], 2)
        lines = [f"match {self.expression(place)}:"]
        for case in [*cases, "_"]:
            lines += _indent([f"case {case}:", *_indent(self.block(place))])
        return lines

    def nested(self, place: _Place) -> list[str]:
        name, kind = f"f{self.fresh()}", self.random.choice(KINDS)
        lines = self.function(name, kind, min(place.depth, 2), "log, n, *more, key=None, **other")
        if self.random.random() < 0.3:
            lines = [f"class C{name}:", "    made = n", *_indent(lines), f"{name} = C{name}.{name}"]
        use = {
            "def": f"log.append({name}(log, n - 1, 5, other=6))",
            "generator": f"log.append(list({name}(log, n - 1)))",
            "async def": f"log.append(drained({name}(log, n - 1)))",
            "async generator": f"log.append(drained({name}(log, n - 1)))",
        }
        return [*lines, use[kind]]


def _indent(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def sources(seed: int) -> Iterator[str]:
    """Programs without end, of every kind in turn."""
    random = Random(seed)
    while True:
        for kind in KINDS:
            yield program(random, kind)
