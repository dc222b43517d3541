"""Makes programs at random: functions of all kinds that call each other, suspended, stopped and failing meanwhile."""

from __future__ import annotations

from random import Random

__all__ = ["nested_program"]

_KINDS = ("def", "generator", "async def", "async generator")
_FUNCTIONS = 7

PRELUDE = """\
import asyncio


class Oops(Exception): pass


async def pause(n):
    for _ in range(n): await asyncio.sleep(0)


async def stop(source):
    await source.aclose()

"""


def nested_program(random: Random) -> str:
    """The source of a program whose ``main`` runs functions ``f0`` to ``f6``; each calls only those after it.

    It prints ``call FUNCTION CALLER`` when a function begins to run.
    """
    kinds = [random.choice(_KINDS) for _ in range(_FUNCTIONS)]
    kinds[0] = "async def"
    parts = [PRELUDE]
    for place, kind in enumerate(kinds):
        parts += _function(random, place, kinds, kind)
    parts += ["def main():", "    try: asyncio.run(f0('main'), debug=False)", "    except Oops: print('Oops')"]
    return "\n".join(parts) + "\n"


def _function(random: Random, place: int, kinds: list[str], kind: str) -> list[str]:
    keyword = "async def" if kind.startswith("async") else "def"
    body = [f"print('call f{place}', caller)"]
    for _ in range(random.randint(2, 4)):
        body += _step(random, place, kinds, kind)
    if kind.endswith("generator"):
        body.append("yield 0")
    if random.random() < 0.3:
        body = ["try:", *_indented(body), "finally:", "    print('leaving')"]
    elif random.random() < 0.2:
        body.append("raise Oops")
    return [f"{keyword} f{place}(caller):", *_indented(body), ""]


def _step(random: Random, place: int, kinds: list[str], kind: str) -> list[str]:
    choices: list[list[str]] = [["print('here')"]]
    if kind.endswith("generator"):
        choices += [["yield 1"], ["try: yield 2", "except Oops: print('thrown')"]]
    if kind.startswith("async"):
        choices += [[f"await pause({random.randint(0, 2)})"]]
    for _ in range(8):
        if place + 1 < len(kinds):
            choices.append(_use(random, place, random.randrange(place + 1, len(kinds)), kinds, kind))
    step = random.choice(choices)
    if random.random() < 0.6:
        step = ["try:", *_indented(step), "except Oops:", "    print('caught')"]
    return step


def _use(random: Random, place: int, callee: int, kinds: list[str], kind: str) -> list[str]:
    call, callee_kind, waits = f"f{callee}('f{place}')", kinds[callee], kind.startswith("async")
    if callee_kind == "def":
        return [call]
    if callee_kind == "generator":
        uses = [
            [f"for each in {call}: print(each)"],
            [f"g = {call}", "print(next(g))", "g.close()"],
            [f"g = {call}", "print(next(g))", "g = None"],
            [f"g = {call}", "next(g)", "try: g.throw(Oops)", "except StopIteration: pass"],
            [f"a, b = {call}, {call}", "print(next(a), next(b), list(a), list(b))"],
        ]
        if kind == "generator":
            uses += [[f"yield from {call}"]] * 3
        return random.choice(uses)
    if not waits:
        return ["pass"]
    if callee_kind == "async def":
        return random.choice(
            [
                [f"await {call}"],
                [f"await asyncio.gather({call}, pause(1), {call}, return_exceptions=True)"],
                [f"try: await asyncio.wait_for({call}, 60)", "except ValueError: pass"],
                [f"t = asyncio.create_task({call})", "await pause(1)", "t.cancel()", "await asyncio.wait([t])",
                 "t.cancelled() or t.exception()"],
            ]
        )  # fmt: skip
    return random.choice(
        [
            [f"async for each in {call}: print(each)"],
            [f"print([each async for each in {call}])"],
            [f"a = {call}", "print(await a.__anext__())", "await stop(a)"],
            [f"a = {call}", "await a.__anext__()", "try: await a.athrow(Oops)", "except StopAsyncIteration: pass"],
        ]
    )


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
