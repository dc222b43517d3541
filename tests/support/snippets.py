"""Short sources, each with a function ``f`` of one argument: what has surprised a rewriter, and since which Python."""

from __future__ import annotations

from textwrap import dedent
from typing import Final

__all__ = ["SNIPPETS"]

_ALWAYS = (3, 10)

_TEXTS = {
    "multi_line_docstring_only": '''
        def f(x):
            """One
            two."""
        ''',
    "string_on_next_line_only": "def f(x):\n    'text'\n",
    "docstring_then_number": "def f(x):\n    'doc'\n    5\n",
    "docstring_semicolon_return": "def f(x): 'doc'; return x\n",
    "string_is_no_docstring": "def f(x):\n    f'{x}'\n    'text'\n",
    "bytes_is_no_docstring": "def f(x):\n    b'doc'\n",
    "constant_list_over_lines": "def f(x):\n    a = [\n        'a',\n        'b',\n        'c',\n    ]\n    return a\n",
    "constant_set_over_lines": "def f(x):\n    return {\n        1,\n        2,\n        3,\n    }\n",
    "constant_tuple_over_lines": "def f(x):\n    return (\n        1,\n        2,\n    )\n",
    "return_over_lines": "def f(x):\n    return (\n        x\n        and 1 / x\n    )\n",
    "return_call_over_lines": "def f(x):\n    return str(\n        1 / x\n    )\n",
    "return_attribute_chain": "def f(x):\n    return (\n        x\n        .real\n        .imag\n        .no\n    )\n",
    "first_statement_over_lines": "def f(x):\n    print(\n        end=str(\n            1 / x\n        )[:0]\n    )\n",
    "first_statement_decorated": "def f(x):\n    @(lambda g:\n        g)\n    def g():\n        return 1 / x\n    return g()\n",
    "first_statement_class": "def f(x):\n    class C(\n        object\n    ):\n        y = 1 / x\n    return C.y\n",
    "first_statement_with": "import contextlib\ndef f(x):\n    with (\n        contextlib.nullcontext(x)\n    ) as y:\n        1 / y\n",
    "first_statement_while": "def f(x):\n    while (\n        x\n    ):\n        x -= 1\n    1 / x\n",
    "first_statement_try": "def f(x):\n    try:\n        1 / x\n    except ZeroDivisionError:\n        pass\n",
    "first_statement_try_pass": "def f(x):\n    try:\n        pass\n    finally:\n        1 / x\n",
    "first_statement_annotation": "def f(x):\n    y: int\n    y = 1 / x\n    return y\n",
    "first_statement_match": "def f(x):\n    match (\n        x\n    ):\n        case 1: return 1\n        case _: 1 / x\n",
    "first_statement_pass": "def f(x):\n    pass\n    pass\n",
    "first_statement_import": "def f(x):\n    import os, \\\n        sys\n    return 1 / x\n",
    "first_statement_delete": "def f(x):\n    del x\n    x\n",
    "first_statement_global": "def f(x):\n    global y\n    y = 1 / x\n",
    "first_statement_constant_if": "def f(x):\n    if 1:\n        return 1 / x\n",
    "first_statement_false_if": "def f(x):\n    if 0:\n        y = 1\n    return 1 / x\n",
    "only_global": "def f(x):\n    global y\n",
    "only_annotation": "def f(x):\n    y: int\n",
    "only_nested": "def f(x):\n    def g(): return 1\n",
    "only_false_if": "def f(x):\n    if 0: y = 1\n",
    "falls_off_with_two_managers": "import contextlib as c\ndef f(x):\n    with c.nullcontext(), c.nullcontext():\n        x += 1\n",
    "falls_off_with_swallowing": "import contextlib\ndef f(x):\n    with contextlib.suppress(ZeroDivisionError):\n        1 / x\n",
    "falls_off_while_true": "def f(x):\n    while True:\n        x += 1\n        if x > 3: break\n",
    "falls_off_while_condition": "def f(x):\n    w = 2\n    while w > 0 and True:\n        w -= 1\n",
    "falls_off_for_else": "def f(x):\n    for i in range(x):\n        if i: break\n    else:\n        x = 5\n",
    "falls_off_loop_continue": "def f(x):\n    for i in range(2):\n        if x:\n            continue\n        x = 3\n",
    "falls_off_nested_loops": "def f(x):\n    for i in range(2):\n        for j in range(2):\n            y = i\n",
    "falls_off_handler": "def f(x):\n    try:\n        1 / x\n    except ZeroDivisionError as e:\n        y = 1\n    else:\n        y = 2\n",
    "falls_off_finally": "def f(x):\n    try:\n        y = x\n    finally:\n        y = 2\n",
    "falls_off_match": "def f(x):\n    match x:\n        case 1:\n            y = 1\n        case 2:\n            y = 2\n",
    "falls_off_elif": "def f(x):\n    if x > 1:\n        y = 1\n    elif x:\n        y = 2\n",
    "finally_return_over_lines": "def f(x):\n    try:\n        1 / x\n    finally:\n        return (\n            x\n        )\n",
    "finally_raises": "def f(x):\n    try:\n        return 1\n    finally:\n        1 / x\n",
    "finally_in_loop": "def f(x):\n    for i in range(3):\n        try:\n            if i: return i\n        finally:\n            if x: continue\n",
    "return_constant_overruled": "def f(x):\n    try:\n        return 'a', 'b'\n    finally:\n        if x: return 'c'\n",
    "return_in_nested_with": "import contextlib as c\ndef f(x):\n    with c.suppress(ZeroDivisionError):\n        with c.nullcontext(1) as y:\n            return y / x\n",
    "return_starred": "def f(x): return *range(x), 1 / x\n",
    "return_walrus": "def f(x): return (y := x) / y\n",
    "return_lambda": "def f(x): return (lambda: 1 / x)()\n",
    "return_without_space": "def f(x):\n    if x: return[x]\n    return(1)/x\n",
    "return_conditional": "def f(x): return 1 if x else 1 / x\n",
    "return_yield": "def f(x): return (yield) if x else (yield x)\n",
    "yield_statement_forms": "def f(x):\n    y = yield\n    z = yield y, x\n    z += yield\n    (yield)\n    return [(yield), z]\n",
    "yield_in_conditions": "def f(x):\n    if (yield 1): pass\n    while (yield 2): break\n    for i in (yield [3]) or (): pass\n    with (yield) or open('/') as g: pass\n",
    "yield_in_decorator": "def f(x):\n    @((yield 1) or (lambda g: g))\n    def g(a=(yield 2), *, b: (yield 3) = 4): return a\n    return g\n",
    "yield_in_arguments": "def f(x):\n    print(*[(yield 1)], **{'end': ''}, sep=(yield 2) or '')\n    assert x, (yield 4)\n    raise ValueError((yield 5))\n",
    "yield_from_in_expression": "def f(x):\n    y = (yield from range(2)) or 1\n    return y / x, (yield from [5])\n",
    "yield_in_comprehension_source": "def f(x):\n    return [i for i in (yield [1, 2])]\n",
    "yield_in_match": "def f(x):\n    match (yield 1):\n        case y if (yield 2): return y\n        case _: return 1 / x\n",
    "yield_in_subscript": "def f(x):\n    a = [0, 1]\n    a[(yield 0) or 0] = yield 1\n    del a[(yield 2) or 0]\n    return a\n",
    "generator_never_yields": "def f(x):\n    return 1 / x\n    yield\n",
    "generator_in_with": "import contextlib as c\ndef f(x):\n    with c.suppress(ZeroDivisionError):\n        yield 1\n        yield 1 / x\n",
    "lambda_yields": "def f(x):\n    g = lambda: (yield x)\n    return list(g())\n",
    "async_plain": "async def f(x):\n    return 1 / x\n",
    "async_with_for": "async def f(x):\n    async for i in g(2):\n        if i: return i / x\nasync def g(n):\n    for i in range(n): yield i\n",
    "async_comprehension": "async def f(x):\n    return [1 / i async for i in g(x + 1)]\nasync def g(n):\n    for i in range(n): yield i + 1\n",
    "async_generator_ends": "async def f(x):\n    yield 1\n    while x:\n        x -= 1\n",
    "async_generator_returns": "async def f(x):\n    try:\n        yield 1\n        if x: return\n    finally:\n        yield 2\n",
    "super_and_class": "class B:\n    def m(self): return __class__.__name__\nclass C(B):\n    def m(self): return super().m()\ndef f(x): return C().m(), 1 / x\n",
    "private_names": "class C:\n    def __m(self, __a, *, __b=1): return __a, __b, locals()\n    def n(self): return self.__m(2)[:2]\ndef f(x): return C().n(), 1 / x\n",
    "cells": "def f(x):\n    def g():\n        nonlocal x\n        x -= 1\n        return x\n    return g(), 1 / x\n",
    "placeholder_look_alikes": "def f(x):\n    return ('glimpse', 'enter1') in {('glimpse', 'enter1')}, x in {('glimpse', 'end_f')}, 1 / x\n",
    "names_of_ours": "def f(x):\n    __glimpse_end_f__ = __glimpse_ = x\n    return __glimpse_end_f__ / __glimpse_, sorted(locals())\n",
    "many_returns": "def f(x):\n" + "".join(f"    if x == {n + 5}: return {n}\n" for n in range(120)) + "    return 1 / x\n",
    "many_arguments": "def f(x, " + ", ".join(f"a{n}={n}" for n in range(300)) + "): return a299 / x\n",
    "many_constants": "def f(x): return [" + ", ".join(f"'s{n}' + str(x)" for n in range(400)) + "][1 // x]\n",
    "deep_expression": "def f(x): return " + "(" * 60 + "1 / x" + ")" * 60 + "\n",
    "long_key": "class " + "C" * 200 + ":\n    def " + "m" * 200 + "(self, x): return 1 / x\ndef f(x): return " + "C" * 200 + "().m\n",
}  # fmt: skip

_NEWER = {
    "except_star": ((3, 11), "def f(x):\n    try:\n        1 / x\n    except* ZeroDivisionError as g:\n        return_value = 1\n"),
    "except_star_end": (
        (3, 11),
        "def f(x):\n    try:\n        y = x\n    except* ValueError:\n        for i in 'ab':\n            y = i\n",
    ),
    "starred_subscript": ((3, 11), "def f(x): return {(1, 2): 1 / x}[*[1, 2]]\n"),
    "type_parameters": ((3, 12), "def f[T: int](x: T) -> T:\n    type A = list[T]\n    return A.__value__, 1 / x\n"),
    "generic_class": ((3, 12), "class C[T]:\n    def m[U](self, x: U) -> T: return 1 / x\ndef f(x): return C[int]().m(x)\n"),
    "nested_quotes": ((3, 12), "def f(x): return f\"{'a' + f\"{\"b\"}\"}\", f\"{\n    1 / x\n}\"\n"),
    "inlined_comprehension": ((3, 12), "def f(x):\n    return [(i, sorted(locals()), 1 / x) for i in range(2)]\n"),
    "parameter_defaults": ((3, 13), "def f[T = int, *Ts = *tuple[int]](x: T) -> T: return 1 / x\n"),
}

SNIPPETS: Final = {name: (_ALWAYS, dedent(text)) for name, text in _TEXTS.items()} | _NEWER
"""By name: the oldest Python that can read it, and the source."""
