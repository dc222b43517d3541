"""Call trees cut to a number of lines: what led somewhere stays, then what is close to the root and to the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import heapify, heappop, heappush
from itertools import count
from math import log2
from typing import TypeAlias

from glimpse.traces.calls import Call
from glimpse.traces.tree import Fold, Node, Track

__all__ = ["trimmed"]

Tree: TypeAlias = "tuple[Track, Node | Fold]"


def trimmed(trees: Sequence[Tree], lines: int, stays: Callable[[Call], bool]) -> tuple[list[Tree], int]:
    """The trees with at most so many calls and folds, and how many calls of all are left out with their whole tree.

    Calls left out below one that is shown are counted in its ``hidden``. A call is never shown without its callers.

    :param stays: whether a call is to be shown rather than others.
    """
    kept = _chosen(trees, lines, stays)
    shown = [(track, tree) for track, tree in trees if id(tree) in kept]
    waiting = [tree for _, tree in shown]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Node):
            gone = [(mark, child) for mark, child in item.children.items() if id(child) not in kept]
            for mark, child in gone:
                item.hidden += child.size
                del item.children[mark]
            waiting.extend(item)
    return shown, sum(tree.size for _, tree in trees if id(tree) not in kept)


def _chosen(trees: Sequence[Tree], lines: int, stays: Callable[[Call], bool]) -> set[int]:
    """The identities of what is shown. Everything has a cost, of which its caller's is a part; the cheapest are shown.

    A level deeper costs 1 more, and so do half as many calls made after it by the same caller.
    """
    order = count()

    def offers(items: Iterable[Node | Fold], base: float) -> list[tuple[float, int, Node | Fold]]:
        listed = list(items)
        found = []
        for later, item in enumerate(reversed(listed)):
            free = isinstance(item, Node) and stays(item.call)
            found.append((base if free else base + 1 + log2(1 + later), next(order), item))
        return found

    waiting = offers((tree for _, tree in trees), 0.0)
    heapify(waiting)
    kept: set[int] = set()
    while waiting and len(kept) < lines:
        cost, _, item = heappop(waiting)
        kept.add(id(item))
        if isinstance(item, Node):
            for offer in offers(item, cost):
                heappush(waiting, offer)
    return kept
