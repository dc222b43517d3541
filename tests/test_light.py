"""The stand-ins for dataclasses and typing: what is made with them is what the real ones would make."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import inspect
import pickle
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from glimpse.light import KW_ONLY, NamedTuple, contextmanager, field, fields, record, replace, runtime_checkable

TYPES = "kind", [dataclasses.dataclass, record]


@record(frozen=True)
class Order:
    """What is bought."""

    item: str
    number: int = 1
    notes: Mapping[str, str] = field(default_factory=dict, hash=False)
    _: KW_ONLY
    gift: bool = False

    def __post_init__(self) -> None:
        if self.number < 1:
            raise ValueError("number")


@record(slots=True)
class Point:
    x: int
    y: int = 0


@record(slots=True, frozen=True)
class Fixed:
    x: int
    y: int = 0


class Pair(NamedTuple):
    left: int
    right: str = "r"

    @property
    def both(self) -> str:
        """The two."""
        return f"{self.left}{self.right}"


def made_by(kind: Any) -> Any:
    """A class like ``Order``, by one of the two decorators."""
    made = type("Order", (), {**{name: vars(Order)[name] for name in ("__module__", "__post_init__")}})
    made.__annotations__ = {"item": "str", "number": "int", "gift": "bool"}
    made.number, made.gift = 1, False  # type: ignore[attr-defined]
    return kind(frozen=True)(made)


@pytest.mark.parametrize(*TYPES)
def test_a_record_behaves_as_a_dataclass(kind: Any) -> None:
    """Construction, text, comparison, hash and refusal to be changed are those of a frozen dataclass."""
    made = made_by(kind)
    one, same, other = made("tea"), made("tea", 1), made("tea", number=2, gift=True)
    assert (one == same, one == other, one == "tea", hash(one) == hash(same)) == (True, False, False, True)
    assert repr(other) == "Order(item='tea', number=2, gift=True)"
    assert str(inspect.signature(made)) == "(item: 'str', number: 'int' = 1, gift: 'bool' = False) -> None"
    for change in (lambda: setattr(one, "item", "milk"), lambda: delattr(one, "item")):
        with pytest.raises(dataclasses.FrozenInstanceError, match="item"):
            change()
    with pytest.raises(TypeError):
        made()
    with pytest.raises(ValueError, match="number"):
        made("tea", 0)


def test_dataclasses_takes_it_for_one_of_its_own() -> None:
    """``fields``, ``replace``, ``asdict`` and ``copy.replace`` work on records."""
    order = Order("tea", notes={"a": "b"}, gift=True)
    assert dataclasses.is_dataclass(order)
    assert [(each.name, each.kw_only) for each in dataclasses.fields(Order)] == [
        ("item", False), ("number", False), ("notes", False), ("gift", True),
    ]  # fmt: skip
    assert dataclasses.replace(order, number=3) == replace(order, number=3) == Order("tea", 3, {"a": "b"}, gift=True)
    assert dataclasses.asdict(order) == {"item": "tea", "number": 1, "notes": {"a": "b"}, "gift": True}
    assert dataclasses.astuple(Point(1, 2)) == (1, 2)
    if sys.version_info >= (3, 13):
        assert copy.replace(order, number=3).number == 3


def test_fields_have_defaults_of_their_own() -> None:
    """A default factory is called for each record, keywords are no positions, and what is not hashed is compared."""
    assert Order("tea").notes == {}
    assert Order("tea").notes is not Order("tea").notes
    with pytest.raises(TypeError):
        Order("tea", 1, {}, True)  # type: ignore[misc]
    assert hash(Order("tea", notes={"a": "b"})) == hash(Order("tea"))
    assert Order("tea", notes={"a": "b"}) != Order("tea")
    assert [each.name for each in fields(Order)] == ["item", "number", "notes", "gift"]
    assert Order.__match_args__ == ("item", "number", "notes")


@pytest.mark.parametrize("made", [Order("tea", 2, {"a": "b"}), Point(1, 2), Fixed(1, 2), Pair(1)], ids=repr)
def test_records_are_copied_and_pickled(made: Any) -> None:
    """With and without slots, frozen or not."""
    assert pickle.loads(pickle.dumps(made)) == copy.copy(made) == copy.deepcopy(made) == made


def test_slots_leave_no_dict() -> None:
    """A record with slots takes no other attributes, and can be changed unless it is frozen."""
    point = Point(1)
    point.y = 5
    assert (point.y, hasattr(point, "__dict__"), Point.__slots__) == (5, False, ("x", "y"))  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        point.z = 1  # type: ignore[attr-defined]
    assert Point.__hash__ is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        Fixed(1).x = 2  # type: ignore[misc]


def test_named_tuples_are_named_tuples() -> None:
    """Fields, defaults, methods and text are those of ``typing.NamedTuple``."""
    pair = Pair(3)
    assert (pair, pair.right, pair.both, repr(pair)) == ((3, "r"), "r", "3r", "Pair(left=3, right='r')")
    assert (pair._replace(left=4), Pair._fields, pair._asdict()) == (
        (4, "r"), ("left", "right"), {"left": 3, "right": "r"},
    )  # fmt: skip
    assert (Pair.__module__, Pair.__qualname__, Pair.__annotations__["left"]) == (__name__, "Pair", "int")


@pytest.mark.parametrize("manager", [contextlib.contextmanager, contextmanager])
def test_a_context_manager(manager: Any) -> None:
    """Runs up to the ``yield``, and to the end with what ended the block: handled, replaced, or raised as it was."""
    seen: list[Any] = []

    def steps(swallowed: type[BaseException], instead: type[BaseException]) -> Any:
        try:
            yield "given"
        except swallowed as error:
            seen.append(error)
        except instead as error:
            raise LookupError("other") from error
        finally:
            seen.append("end")

    managed = manager(steps)
    with managed(KeyError, OSError) as given:
        seen.append(given)
    with managed(KeyError, instead=OSError):
        raise KeyError("swallowed")
    with pytest.raises(LookupError, match="other"), managed(KeyError, OSError):
        raise OSError("replaced")
    for error in (ValueError("as it was"), StopIteration(1), RuntimeError("own")):
        with pytest.raises(type(error)) as raised, managed(KeyError, OSError):
            raise error
        assert raised.value is error
    assert list(map(str, seen)) == ["given", "end", "'swallowed'", *["end"] * 5]


def test_a_checkable_protocol_asks_for_its_methods() -> None:
    """What has all methods of the protocol is an instance of it."""

    @runtime_checkable
    class Closes:
        def close(self) -> None: ...

    assert isinstance(type("File", (), {"close": print})(), Closes)
    assert not isinstance(object(), Closes)
