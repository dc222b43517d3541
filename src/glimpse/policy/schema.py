"""What each key of a policy takes, said once for policies built in code and those read from a file."""

from __future__ import annotations

import os

from glimpse.errors import PolicyError, bad_value, unknown_name
from glimpse.parsers import Redaction, redactions
from glimpse.policy.patterns import problem_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Final
else:  # from where `collections.abc` has it
    from _collections_abc import Mapping

__all__ = [
    "CHECKS",
    "LEVELS",
    "VERSION",
    "check_keys",
    "check_name",
    "check_policies",
    "check_root",
    "check_version",
    "has_several",
]

LEVELS: Final = ("DEBUG", "INFO", "ERROR")
"""What ``level`` can be, most first."""

VERSION: Final = "1.0"
"""The version of the policy file's format."""


def check_version(data: Mapping[str, Any]) -> None:
    """Refuse a document that says it is of another version than this one."""
    version = data.get("version", VERSION)
    if version != VERSION:
        raise PolicyError(bad_value("version", version, f'"{VERSION}"'), key=("version",))


def check_keys(data: object, known: Iterable[str]) -> Mapping[str, Any]:
    """The mapping, if it is one and has only known keys."""
    if not isinstance(data, Mapping):
        raise PolicyError(f"a policy is an object with keys, not {_kind(data)}")
    accepted = list(known)
    for key in data:
        if key not in accepted:
            raise PolicyError(unknown_name("key", key, accepted), key=(key,))
    return data


def check_name(value: object) -> None:
    """Refuse a policy's name that is not text."""
    if not isinstance(value, str):
        raise _refused("name", value, "text")


def check_policies(policies: object, kind: type) -> None:
    """Refuse what is not a mapping of names to policies of that kind, or is empty."""
    if not isinstance(policies, Mapping) or not policies:
        raise _refused("policies", policies, "at least one policy, by name")
    for name, policy in policies.items():
        if not isinstance(name, str) or not isinstance(policy, kind):
            message = bad_value(f"policies[{name!r}]", policy, "a policy, with text for its name")
            raise PolicyError(message, key=("policies", str(name)))


def has_several(data: object) -> bool:
    """Whether the document is one of several policies."""
    return isinstance(data, Mapping) and "policies" in data


def check_root(value: object) -> str:
    """The absolute real path of an existing folder; the working directory if None."""
    try:
        path = os.getcwd() if value is None else os.fspath(value)  # type: ignore[call-overload]
    except FileNotFoundError:
        raise PolicyError("the working directory no longer exists: pass root=") from None
    except TypeError:
        path = value
    if not isinstance(path, str) or not os.path.isdir(path):
        raise _refused("root", value, "the path of an existing folder")
    return os.path.realpath(path)


def _patterns(key: str, value: object) -> tuple[str, ...]:
    """Patterns of dotted names, each once, in the order given."""
    patterns = _texts(key, value, "a list of patterns, such as ['myapp', 'api_v*']")
    for index, pattern in enumerate(patterns):
        problem = problem_of(pattern.replace("<locals>", "_"))
        if problem:
            raise PolicyError(bad_value(f"{key}[{index}]", pattern, problem), key=(key, index))
    return patterns


def _redactions(key: str, value: object) -> tuple[Redaction, ...]:
    if not isinstance(value, list | tuple | set | frozenset):
        raise _refused(key, value, "a list of names, such as ['iban', 'pin']")
    rules = sorted(value, key=str) if isinstance(value, set | frozenset) else value
    for index, rule in enumerate(rules):
        if isinstance(rule, str) and not rule.strip():
            raise PolicyError(bad_value(f"{key}[{index}]", rule, "a name that is not empty"), key=(key, index))
        try:
            redactions([rule])
        except ValueError as problem:
            raise PolicyError(bad_value(f"{key}[{index}]", rule, str(problem)), key=(key, index)) from None
    return tuple(rules)


def _texts(key: str, value: object, accepted: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple | set | frozenset):
        raise _refused(key, value, accepted)
    items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
    for index, item in enumerate(items):
        if not isinstance(item, str):
            raise PolicyError(bad_value(f"{key}[{index}]", item, "text"), key=(key, index))
    return tuple(items)


def _from_1(otherwise: str) -> Callable[[str, object], int | None]:
    def check(key: str, value: object) -> int | None:
        if value is None or (type(value) is int and value >= 1):
            return value
        raise _refused(key, value, f"a whole number from 1 up, or none for {otherwise}")

    return check


def _switch(key: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _refused(key, value, "true or false")


def _milliseconds(key: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return value
    raise _refused(key, value, "a number of milliseconds from 0 up")


def _share(key: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return value
    raise _refused(key, value, "a number from 0 (no calls) to 1 (all calls)")


def _level(key: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and value.upper() in LEVELS:
        return value.upper()
    raise PolicyError(bad_value(key, value, LEVELS), key=(key,))


def _refused(key: str, value: object, accepted: str) -> PolicyError:
    return PolicyError(bad_value(key, value, accepted), key=(key,))


def _kind(value: object) -> str:
    return {list: "a list", str: "text", type(None): "null", bool: "true or false"}.get(type(value), "a number")


CHECKS: Final[dict[str, Callable[[str, object], Any]]] = {
    "included_packages": _patterns,
    "excluded_packages": _patterns,
    "project_root_packages": _patterns,
    "trace_depth": _from_1("no limit"),
    "auto_trace_subpackages": _switch,
    "included_functions": _patterns,
    "excluded_functions": _patterns,
    "min_duration_ms": _milliseconds,
    "sample_rate": _share,
    "redact": _redactions,
    "level": _level,
    **dict.fromkeys(("max_field_length", "max_items", "max_depth"), _from_1("the configuration's")),
}
"""The keys of a policy, in their order in the constructor: each with what makes its value good or raises."""
