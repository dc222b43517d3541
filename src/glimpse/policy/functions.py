"""Patterns of functions: which function they name, and in which modules they can name any."""

from __future__ import annotations

from glimpse.policy.patterns import PatternSet, has_wildcard, literal_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["FunctionPatterns"]

_LOCALS = "<locals>."


class FunctionPatterns:
    """Patterns of ``included_functions`` or ``excluded_functions``.

    - Without a dot (``get_*``) a pattern is the bare name of a function or class, in any module.
    - With dots it is a qualified name from the module on (``myapp.services.get_user``, ``myapp.*.save``). Where it
      begins with a capital letter or a wildcard, the module may be left out (``Order.total``).
    - What is nested in a matched function, class or module is matched too; ``<locals>`` may be left out.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(dict.fromkeys(patterns))
        plain = {_without_locals(pattern): pattern for pattern in self._patterns}
        dotted = [pattern for pattern in plain if "." in pattern]
        self._original = plain
        self._bare = PatternSet((pattern for pattern in plain if "." not in pattern), below=False)
        self._qualified = PatternSet(dotted, below=True)
        self._from_class = PatternSet(filter(_may_leave_module_out, dotted), below=True)
        anchored = [pattern for pattern in dotted if literal_head(pattern)]
        self._covering = PatternSet(anchored, below=True)
        self._parents = {parent: pattern for pattern in anchored for parent in _parents(literal_head(pattern))}
        self._by_head = {literal_head(each) + "*": each for each in anchored if has_wildcard(each)}
        self._heads = PatternSet(self._by_head, below=False)

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def find(self, modules: Sequence[str], qualname: str) -> str | None:
        """The pattern that names the function; ``modules`` are the names that its module is known under."""
        qualname = _without_locals(qualname)
        found = _first_found(self._bare, qualname.split("."))
        if found is None:
            found = _first_found(self._qualified, (f"{module}.{qualname}" for module in modules))
        if found is None and self._from_class:
            found = _first_found(self._from_class, _endings(qualname))
        return None if found is None else self._original[found]

    def brings_in(self, module: str) -> str | None:
        """The pattern by which the module is included for its functions' sake.

        Only patterns that begin with a literal name do: ``*.save`` selects among included modules, otherwise it would
        include every module there is.
        """
        if not self._patterns:
            return None
        found = self._covering.find(module) or self._parents.get(module)
        if found is None and (head := self._heads.find(f"{module}.")):
            found = self._by_head[head]
        return None if found is None else self._original[found]

    def touching(self, modules: Sequence[str]) -> list[str]:
        """The patterns that can name a function of the module, in a fixed order."""
        return sorted(
            original
            for plain, original in self._original.items()
            if "." not in plain or _may_leave_module_out(plain) or any(_reaches(plain, module) for module in modules)
        )


def _first_found(patterns: PatternSet, names: Iterable[str]) -> str | None:
    for name in names:
        found = patterns.find(name)
        if found is not None:
            return found
    return None


def _without_locals(name: str) -> str:
    return name.replace(_LOCALS, "")


def _may_leave_module_out(pattern: str) -> bool:
    return pattern[0] in "*?[" or pattern.lstrip("_")[:1].isupper()


def _reaches(pattern: str, module: str) -> bool:
    """Whether a qualified pattern can match the module, a parent of it, or a name inside it."""
    inside, head = f"{module}.", literal_head(pattern)
    if head.startswith(inside):
        return True
    return inside.startswith(head if has_wildcard(pattern) else f"{head}.")


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _endings(qualname: str) -> Iterator[str]:
    while qualname:
        yield qualname
        qualname = qualname.partition(".")[2]
