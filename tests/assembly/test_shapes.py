"""The text of a call's arguments."""

from __future__ import annotations

import pytest

from glimpse.assembly.pieces import plain_text_maker
from glimpse.assembly.shapes import FIRST, args_maker
from glimpse.entry import Site


@pytest.mark.parametrize(
    ("params", "values", "text"),
    [
        ("", (), "f()"),
        ("a", (1,), "f(a=1)"),
        ("a,b", ("it's", None), 'f(a="it\'s", b=None)'),
        ("@self", ("Item",), "f(self=<Item>)"),
        ("@self,qty", ("Item", 2), "f(self=<Item>, qty=2)"),
        ("user,!password", ("bo", None), "f(user='bo', password=<redacted>)"),
        ("*rest,k,**kw", (("(1, 2)",), True, ("{'z': 1.5}",)), "f(rest=(1, 2), k=True, kw={'z': 1.5})"),
        ("a", (1.5,), "f(a=1.5)"),
        ("a", ("tab\there",), "f(a='tab\\there')"),
        ("a", (10**500,), "f(a=<large>)"),
    ],
)
def test_every_parameter_is_named_as_it_was_bound(params: str, values: tuple[object, ...], text: str) -> None:
    """Atoms show their repr, texts are shown as they are, receivers as their class, hidden values not at all."""
    site = Site.parse(f"m:C.f:1:f:{params}:")

    def atom(value: object) -> str:
        return "<large>" if isinstance(value, int) and value.bit_length() > 1000 else repr(value)

    assert args_maker(site, plain_text_maker(atom), site.name)((None,) * FIRST + values) == text
