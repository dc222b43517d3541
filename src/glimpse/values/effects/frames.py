"""Goes through a code object with possibilities in the place of values, instruction by instruction.

Nothing is executed. Only the stack follows the flow of control. What variables may hold is collected over the whole
function, and all is looked through again for as long as that becomes more. An instruction that is not known is refused.
"""

from __future__ import annotations

import dis
from functools import lru_cache

from .places import EMPTY, UNKNOWN, Arguments, Made, Memory, RefusedError, Site, Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType
    from typing import Any, Protocol, TypeAlias
else:
    from glimpse.light import Protocol

__all__ = ["GENERATOR", "STEPS", "Frame", "Meaning", "Scope", "has", "step"]

GENERATOR = 0x20
_COROUTINE = 0x80 | 0x200
_MOST_INSTRUCTIONS = 3000


def has(instruction: str) -> bool:
    """Whether this interpreter has the instruction: from 256 on, there are names that only the compiler uses."""
    return dis.opmap.get(instruction, 256) < 256


@lru_cache(maxsize=256)
def _listed(code: CodeType) -> tuple[tuple[dis.Instruction, ...], tuple[Any, ...]]:
    """The instructions and exception handlers. To list them takes most of a look, and helpers are met often."""
    listing = dis.Bytecode(code)
    return tuple(listing), tuple(getattr(listing, "exception_entries", ()))


Step: TypeAlias = "Callable[[Frame, Any], None]"
STEPS: dict[str, Step] = {}
"""What each instruction does, by its name."""


class Meaning(Protocol):
    """What instructions mean for the values that they meet."""

    contents: Memory
    steps: int

    def do(self, op: str, values: Values) -> None:
        """An operation is carried out."""

    def attribute(self, values: Values, name: str) -> Values:
        """What reading an attribute may give."""

    def super_attribute(self, after: Values, receiver: Values, name: str) -> Values:
        """What ``super().name`` may give."""

    def item(self, container: Values, keys: list[Values]) -> Values:
        """What ``container[key]`` may give."""

    def elements(self, values: Values) -> Values:
        """What may be in a container."""

    def go_through(self, values: Values, *, mapping: bool = False) -> Values:
        """The same, while it is gone through."""

    def call(self, callees: Values, arguments: Arguments, site: Site) -> Values:
        """What a call may give."""

    def operate(self, left: Values, right: Values, sign: str, site: Site) -> Values:
        """What an operator may give."""

    def constant(self, value: Any) -> Values:
        """An object that is there already."""


class Scope:
    """Where the names are found that are not variables of the function itself."""

    def __init__(self, names: Callable[[str], Values], free: Callable[[str], Values]) -> None:
        self.names = names
        self.free = free


class Frame:
    """One function, called with some possible arguments."""

    def __init__(
        self, meaning: Meaning, code: CodeType, scope: Scope, variables: Memory, steps: Mapping[str, Step]
    ) -> None:
        if code.co_flags & _COROUTINE:
            raise RefusedError("makes a coroutine")
        self.meaning = meaning
        self.code = code
        self.scope = scope
        self.variables = variables
        self._steps = steps
        self.yielded = Site()
        self.stack: list[Values] | None = []
        self.results: Values = EMPTY
        self.grew = False
        self._keywords: tuple[str, ...] = ()
        self._stacks: dict[int, list[Values]] = {}
        self._made: dict[tuple[int, str], Any] = {}
        self._instructions, self._handlers = _listed(code)
        self._offset = 0

    def run(self) -> None:
        """Look through all instructions once, in their order."""
        self.stack = []
        self.grew = False
        handlers = list(self._handlers)
        self.meaning.steps += len(self._instructions)
        if self.meaning.steps > _MOST_INSTRUCTIONS:
            raise RefusedError("is long")
        for each in self._instructions:
            self._offset = each.offset
            if each.is_jump_target or each.offset in self._stacks:
                self._meet(each.offset)
            if self._is_beyond_reach():
                continue
            if handlers:
                handlers = [handler for handler in handlers if not self._guards(handler)]
            do = self._steps.get(each.opname)
            if do is None:
                raise RefusedError(f"uses {each.opname}")
            do(self, each)

    def free(self, name: str) -> Values:
        """What a variable of an outer function may hold, or one that inner functions use."""
        return self.variables.read(name) if name in self.code.co_cellvars else self.scope.free(name)

    def pop(self) -> Values:
        """Take the top of the stack."""
        if not self.stack:
            raise RefusedError("confuses the stack")
        return self.stack.pop()

    def pops(self, count: int) -> list[Values]:
        """Take that many, the deepest first."""
        return [self.pop() for _ in range(count)][::-1]

    def push(self, *values: Values) -> None:
        """Put on the stack."""
        if self.stack is not None:
            self.stack.extend(values)

    def jump(self, target: int, stack: list[Values] | None = None) -> None:
        """Remember that control may go there with this stack."""
        arriving = list(self.stack or ()) if stack is None else stack
        known = self._stacks.get(target)
        if known is None:
            self._stacks[target] = arriving
            self.grew |= target < self._offset
            return
        if len(known) != len(arriving):
            raise RefusedError("confuses the stack")
        merged = [old | new for old, new in zip(known, arriving, strict=True)]
        if merged != known:
            self._stacks[target] = merged
            self.grew |= target < self._offset

    def site(self, name: str = "") -> Site:
        """The container that this instruction makes: the same one each time."""
        return self._keep(name, Site)  # type: ignore[no-any-return]

    def make(self, code: CodeType, defaults: Values) -> Made:
        """The function that this instruction makes."""
        return self._keep("function", lambda: Made(code, self, defaults))  # type: ignore[no-any-return]

    def container(self, contents: Values) -> Values:
        """A new container of these."""
        site = self.site()
        self.meaning.contents.add(site, contents)
        return frozenset({site})

    def take_keywords(self) -> tuple[str, ...]:
        """The names of the next call's last arguments."""
        keywords, self._keywords = self._keywords, ()
        return keywords

    def keep_keywords(self, keywords: tuple[str, ...]) -> None:
        """Names for the next call."""
        self._keywords = keywords

    def _is_beyond_reach(self) -> bool:
        """Whether control does not come here, as far as is known by now."""
        return self.stack is None

    def _keep(self, name: str, make: Callable[[], Any]) -> Any:
        key = (self._offset, name)
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _meet(self, offset: int) -> None:
        if self.stack is not None:
            self.jump(offset)
        arriving = self._stacks.get(offset)
        self.stack = None if arriving is None else list(arriving)

    def _guards(self, handler: Any) -> bool:
        if self.stack is None or not handler.start <= self._offset < handler.end:
            return False
        caught = [UNKNOWN] * (2 if handler.lasti else 1)
        self.jump(handler.target, [*self.stack[: handler.depth], *caught])
        return True


def step(*names: str) -> Callable[[Step], Step]:
    """The decorated function is what the instructions of these names do."""

    def keep(function: Step) -> Step:
        STEPS.update(dict.fromkeys(names, function))
        return function

    return keep
