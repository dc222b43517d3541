"""Code made for one kind of thing, a class or dictionaries with the same keys: it shows all fields in one go.

A field is *settled* while its values are short immutable built-ins of the kinds that it had in samples, such as texts
and numbers; any other is *live*. The texts of settled fields are made together and remembered for each object with the
values that they show: as long as the object still holds those very values, which their identity tells, the texts stand.
Live fields are shown anew each time. Nothing is remembered of an object but such values, and nothing of hidden fields.

What was measured on 3 to 7 fields, ratios to a loop over them: a half, and a quarter for an object that is seen again.
Anything out of the ordinary (a missing attribute, no room, a cycle) is left to the loop.
"""

from __future__ import annotations

import keyword
from functools import cache, lru_cache

from . import classes
from .limits import REDACTED, more
from .plans import Plan
from .strings import LEAST, MOST
from .walk import MOST_REMEMBERED, Label, Path, Render, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import CodeType
    from typing import Any, Final, NamedTuple, TypeAlias
else:
    from glimpse.light import NamedTuple

__all__ = [
    "LIVE", "MAY_HIDE", "Form", "Kinds", "assigned", "code_of", "compile_renderer", "condition", "form_of_class",
    "form_of_dict", "namespace",
]  # fmt: skip

_MOST_FIELDS: Final = 40
_MOST_KINDS: Final = 3
_MISFITS_BEFORE_FITTING: Final = 16
_MOST_FITTINGS: Final = 8
_NEVER_CUT: Final = 4096
LIVE: Final = "live"
MAY_HIDE: Final = (
    "'=' in texts or ':' in texts or ' ' in texts and ('earer ' in texts or '-' in texts and '--' in texts)"
)
_SETTLED: Final = {
    "str": "type({v}) is str and len({v}) < 256",
    "int": "type({v}) is int and (-1_000_000_000 < {v} < 1_000_000_000 or LEAST < {v} < MOST)",
    "NoneType": "{v} is None",
    "bool": "type({v}) is bool",
    "float": "type({v}) is float",
    "decimal.Decimal": "type({v}) is {kind} and {v}.__sizeof__() < 200",
    "datetime.date": "type({v}) is {kind}",
    "datetime.datetime": "type({v}) is {kind} and {v}.tzinfo is None",
    "datetime.timedelta": "type({v}) is {kind}",
}
"""Kinds of immutable built-in values: the condition on which ``repr`` is short, and safe to call."""


class Form(NamedTuple):
    """What the text of things of one kind is made of: ``opening label value, label value … closing``.

    :ivar reading: the assignments of what is shown to variables, each named by its place.
    :ivar attributes: whether what is shown are attributes of an object.
    """

    opening: str
    closing: str
    names: tuple[str, ...]
    labels: Mapping[str, Label]
    reading: str
    values_of: Callable[[Any], Sequence[Any]]
    attributes: bool = False

    @property
    def shown(self) -> list[str]:
        """The names of what is not hidden."""
        return [name for name in self.names if not self.labels[name][1]]


Kinds: TypeAlias = dict[str, dict[str, type]]
"""By the name of a field: the classes of its values, by name; or ``{"live": object}``."""


def form_of_class(plan: Plan, labels: Mapping[str, Label]) -> Form | None:
    """The form of a class's instances; None if its fields cannot be written in code."""
    if not all(map(_is_plain, plan.fields)):
        return None
    shown = [(place, name) for place, name in enumerate(plan.fields) if not labels[name][1]]
    if plan.indexed:
        reading = f"{''.join(f'v{place}, ' for place in range(len(plan.fields)))}= value"
    else:
        reading = "; ".join(f"v{place} = value.{name}" for place, name in shown)

    def values_of(value: Any) -> Sequence[Any]:
        return value if plan.indexed else [getattr(value, name, None) for name in plan.fields]

    return Form(f"{plan.name}(", ")", plan.fields, labels, reading, values_of, not plan.indexed)


def form_of_dict(keys: tuple[str, ...], labels: Mapping[str, Label]) -> Form:
    """The form of dictionaries that have these keys, in this order."""
    reading = f"{''.join(f'v{place}, ' for place in range(len(keys)))}= value.values()"
    return Form("{", "}", keys, labels, reading, lambda value: list(value.values()))


def compile_renderer(
    walk: Walk, form: Form, general: Render, use: Callable[[Any, Render, Kinds], None]
) -> Render | None:
    """A renderer that fits itself to what it meets; None if code would be too long.

    :param general: the renderer for everything out of the ordinary.
    :param use: is given each fitted renderer, a value, and what the fields have held: it is for values of that kind.
    """
    if not form.shown or len(form.names) > min(_MOST_FIELDS, walk.limits.max_items):
        return None
    kinds: Kinds = {name: {} for name in form.shown}
    misfits = fittings = 0

    def misfit(value: Any, room: int, path: Path) -> str:
        nonlocal misfits, fittings
        misfits += 1
        if misfits % _MISFITS_BEFORE_FITTING == 0 and fittings < _MOST_FITTINGS:
            fittings += 1
            _take_sample(form, kinds, value, settles_texts=not walk.redactor.inspects_every_text)
            use(value, _made(walk, form, kinds, general, misfit), kinds)
        return general(value, room, path)

    return misfit


def _take_sample(form: Form, kinds: Kinds, sample: Any, *, settles_texts: bool) -> None:
    for name, value in zip(form.names, form.values_of(sample), strict=False):
        known = kinds.get(name)
        if known is None:
            continue
        kind = type(value)
        kind_name = classes.dotted_name(kind)
        fits = kind_name in _SETTLED and (settles_texts or kind is not str) and _check(kind_name)(value, kind)
        if LIVE in known or not fits or (kind_name not in known and len(known) >= _MOST_KINDS):
            known.clear()
            known[LIVE] = object
        else:
            known[kind_name] = kind


@cache
def _check(kind_name: str) -> Callable[[object, type], bool]:
    condition = _SETTLED[kind_name].format(v="value", kind="kind")
    found: Callable[[object, type], bool] = eval(f"lambda value, kind: {condition}", {"LEAST": LEAST, "MOST": MOST})
    return found


def _made(walk: Walk, form: Form, kinds: Kinds, general: Render, misfit: Render) -> Render:
    closing = form.closing

    def cut(text: str, room: int, path: Path) -> str:
        """The text cut where the room ends. Within other values only the outermost says how much is missing."""
        return f"{text[: room - 1]}{'…' if path else more(len(text) - room)}{closing}"

    space: dict[str, Any] = {
        **namespace(kinds),
        "__name__": __name__,
        "NOTHING": (object(),) * (len(kinds) + 1),
        "cut": cut,
        "general": general,
        "get": walk.renderers.get,
        "learn": walk.learn,
        "max_depth": walk.limits.max_depth,
        "memory": {},
        "misfit": misfit,
        "string": walk.string,
    }
    exec(code_of(_source(form, kinds)), space)
    made: Render = space["render"]
    return made


def namespace(kinds: Kinds) -> dict[str, Any]:
    """The names that conditions on these kinds use."""
    space: dict[str, Any] = {"LEAST": LEAST, "MOST": MOST}
    for known in kinds.values():
        space |= {_constant(name): kind for name, kind in known.items() if name != LIVE}
    return space


def _constant(kind_name: str) -> str:
    return f"kind_{kind_name.rpartition('.')[2]}"


# -- the source ------------------------------------------------------------------------------------------------------


def _source(form: Form, kinds: Kinds) -> str:
    variables = {name: f"v{place}" for place, name in enumerate(form.names)}
    live = [variables[name] for name in kinds if LIVE in kinds[name]]
    settled = [name for name in kinds if LIVE not in kinds[name]]
    pieces = [f"p{number}" for number in range(len(live) + 1)]
    least = len(form.opening) + sum(len(label) + 3 for label, _ in form.labels.values())
    lines = [
        "here = id(value)",
        f"if room < {least} or len(path) >= max_depth{' or here in path' if live else ''}:",
        "    return general(value, room, path)",
        "try:",
        f"    {form.reading}",
        "except (AttributeError, ValueError):",
        "    return general(value, room, path)",
        *(_remembered(form, kinds, settled, pieces) if settled else assigned(form, kinds, pieces, {})),
        *(_whole(live, pieces) if live else ()),
        "return p0 if len(p0) <= room else cut(p0, room, path)",
    ]
    return "def render(value, room, path):\n" + "".join(f"    {line}\n" for line in lines)


def _remembered(form: Form, kinds: Kinds, settled: list[str], pieces: list[str]) -> list[str]:
    """The texts of the settled fields: those remembered if the values are the same, else made and remembered."""
    variables = {name: f"v{form.names.index(name)}" for name in settled}
    held = [*variables.values()]
    kept = [f"k{variable[1:]}" for variable in held]
    conditions = [condition(kinds[name], variables[name]) for name in settled]
    unlike = " or ".join(f"{variable} is not {before}" for variable, before in zip(held, kept, strict=True))
    strings = {name: variables[name] for name in settled if "str" in kinds[name]}
    making = assigned(form, kinds, pieces, {})
    if strings:
        looked_into = {name: f"{{{_text_of(kinds[name], variable)}}}" for name, variable in strings.items()}
        making = [
            f"texts = f'{''.join(f'{{{variable}}}' for variable in strings.values())}'",
            f"if {MAY_HIDE}:",
            *(f"    {line}" for line in assigned(form, kinds, pieces, looked_into)),
            "else:",
            *(f"    {line}" for line in making),
        ]
    return [
        f"{', '.join([*kept, *pieces])}, = memory.get(here) or NOTHING",
        f"if {unlike}:",
        f"    if not ({' and '.join(conditions)}):",
        "        return misfit(value, room, path)",
        *(f"    {line}" for line in making),
        f"    if len(memory) >= {MOST_REMEMBERED}:",
        "        memory.clear()",
        f"    memory[here] = ({', '.join([*held, *pieces])},)",
    ]


def assigned(form: Form, kinds: Kinds, pieces: list[str], texts: Mapping[str, str]) -> list[str]:
    """Assignments of the pieces of the text between the live fields."""
    parts = [_literal(form.opening)]
    for place, name in enumerate(form.names):
        label, hidden = form.labels[name]
        parts[-1] += (", " if place else "") + _literal(label)
        if hidden:
            parts[-1] += REDACTED
        elif LIVE in kinds[name]:
            parts.append("")
        else:
            parts[-1] += texts.get(name) or f"{{v{place}!r}}"
    parts[-1] += _literal(form.closing)
    return [f"{piece} = f{part!r}" for piece, part in zip(pieces, parts, strict=True)]


def _whole(live: list[str], pieces: list[str]) -> list[str]:
    """The texts of the live fields, in the room that those before them leave; all in the first piece."""
    lines = ["inside = (*path, here)", "left = room"]
    texts = [f"t{variable[1:]}" for variable in live]
    for variable, text, before in zip(live, texts, pieces, strict=False):
        lines += [
            f"left -= len({before})",
            "if left > 0:",
            f"    kind = type({variable})",
            f"    {text} = (get(id(kind)) or learn(kind))({variable}, left, inside)",
            f"    left -= len({text})",
            "else:",
            f"    {text} = '…'",
        ]
    whole = "".join(f"{{{before}}}{{{text}}}" for before, text in zip(pieces, texts, strict=False))
    return [*lines, f"p0 = f'{whole}{{{pieces[-1]}}}'"]


def condition(kinds: Mapping[str, type], variable: str) -> str:
    """The condition on which the value is of one of these kinds, and its ``repr`` short and safe."""
    return "(" + " or ".join(_SETTLED[name].format(v=variable, kind=_constant(name)) for name in kinds) + ")"


def _text_of(kinds: Mapping[str, type], variable: str) -> str:
    if "str" not in kinds:
        return f"{variable}!r"
    text = f"string({variable}, {_NEVER_CUT})"
    return text if len(kinds) == 1 else f"{text} if type({variable}) is str else repr({variable})"


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


@lru_cache(maxsize=256)
def code_of(source: str) -> CodeType:
    """The code of a module with this text."""
    return compile(source, "<glimpse.values.compiled>", "exec", dont_inherit=True)
