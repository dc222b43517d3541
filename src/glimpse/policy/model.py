"""The policies that users write: one, or several in order."""

from __future__ import annotations

from glimpse.errors import PolicyError, PolicyNotFound, refuse_unknown_keywords
from glimpse.parsers import Redaction
from glimpse.policy.decisions import Decider
from glimpse.policy.discovery import POLICY_FILE, closest, starting_folders
from glimpse.policy.document import load
from glimpse.policy.schema import (
    CHECKS,
    VERSION,
    check_keys,
    check_name,
    check_policies,
    check_root,
    check_version,
    has_several,
)

TYPE_CHECKING = False
if not TYPE_CHECKING:
    from glimpse.light import KW_ONLY, fields, record, replace
else:  # what is read last is what the reference shows
    import os
    from collections.abc import Iterator, Mapping, Sequence
    from dataclasses import KW_ONLY, fields, replace
    from dataclasses import dataclass as record
    from typing import Any

__all__ = ["PolicySet", "TracingPolicy"]


@refuse_unknown_keywords(PolicyError)
@record(frozen=True)
class TracingPolicy(Decider):
    """What is traced, and how much of it. Immutable; every value is checked when it is built.

    :param included_packages: patterns of module names; see the guide to policies for what patterns match.
    :param excluded_packages: patterns of module names that are left out; they win.
    :param project_root_packages: patterns of modules by their files' places below ``root``.
    :param trace_depth: how many traced frames deep a call tree is recorded, from 1; None for no limit.
    :param auto_trace_subpackages: whether a pattern also takes in everything below what it matches.
    :param included_functions: patterns of qualified names; if there are any, only these functions are traced.
    :param excluded_functions: patterns of qualified names that are left out; they win.
    :param min_duration_ms: calls that took fewer milliseconds leave no entries, unless they raise.
    :param sample_rate: the share of root calls, from 0 to 1, that are recorded with all that they call.
    :param redact: names whose values are hidden, in addition to the usual ones; also regular expressions (compiled, or
        as text between slashes) and functions from a text to the one to show.
    :param level: ``DEBUG``, ``INFO`` or ``ERROR``, in place of the configuration's; None for that.
    :param max_field_length: characters after which the text of a value is cut; None for the configuration's number.
    :param max_items: items shown of a container; None for the configuration's number.
    :param max_depth: levels shown of containers in containers; None for the configuration's number.
    :param name: shown in the entries; set by the place in a ``PolicySet``.
    :param root: the project's folder; the working directory if None.
    :raises PolicyError: a value is not accepted; the message says what is.
    """

    included_packages: Sequence[str] = ()
    excluded_packages: Sequence[str] = ()
    project_root_packages: Sequence[str] = ()
    trace_depth: int | None = None
    auto_trace_subpackages: bool = True
    included_functions: Sequence[str] = ()
    excluded_functions: Sequence[str] = ()
    min_duration_ms: float = 0
    sample_rate: float = 1.0
    redact: Sequence[Redaction] = ()
    level: str | None = None
    max_field_length: int | None = None
    max_items: int | None = None
    max_depth: int | None = None
    _: KW_ONLY
    name: str = ""
    root: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        for key, check in CHECKS.items():
            object.__setattr__(self, key, check(key, getattr(self, key)))
        object.__setattr__(self, "root", check_root(self.root))
        check_name(self.name)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> TracingPolicy:
        """The policy of a file; the file's folder is the project's root.

        :raises PolicyNotFound: there is no such file.
        :raises PolicyError: it is not a valid policy; with file, line and key.
        """
        return load(path, lambda data, folder: cls.from_dict(data, root=folder))

    @classmethod
    def discover(cls, start: str | os.PathLike[str] | None = None) -> TracingPolicy:
        """The policy of the closest ``glimpse-policy.json``.

        :param start: the file or folder to look upwards from; by default the main script's folder, then the working
            directory.
        :raises PolicyNotFound: there is none.
        :raises PolicyError: it is not a valid policy.
        """
        return cls.from_file(_discovered(start))

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], *, name: str = "", root: str | os.PathLike[str] | None = None
    ) -> TracingPolicy:
        """The policy of a mapping with the keys of a policy file.

        :raises PolicyError: a key is not known, or its value is not accepted.
        """
        if has_several(data):
            raise PolicyError("several policies where one is wanted: use PolicySet", key=("policies",))
        known = check_keys(data, ["version", *CHECKS])
        check_version(known)
        return cls(**{key: value for key, value in known.items() if key != "version"}, name=name, root=root)

    def to_dict(self) -> dict[str, Any]:
        """The mapping that ``from_dict`` reads: the version, and what differs from the defaults."""
        values = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        changed = {key: values[key][0] for key in CHECKS if values[key][0] != values[key][1]}
        return {"version": VERSION} | {
            key: list(value) if isinstance(value, tuple) else value for key, value in changed.items()
        }

    def level_in(self, configured: str) -> str:
        """The level of its functions, under a configuration of this level."""
        return self.level or configured

    def policies(self) -> tuple[TracingPolicy, ...]:
        """This policy: a set of one."""
        return (self,)


class PolicySet(Decider):
    """Several policies in order: the first that includes a function owns it, and entries carry its name.

    :param policies: the policies by name.
    :raises PolicyError: there is none, or one is not a ``TracingPolicy``.
    """

    def __init__(self, policies: Mapping[str, TracingPolicy]) -> None:
        check_policies(policies, TracingPolicy)
        self._policies = tuple(replace(policy, name=name) for name, policy in policies.items())

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> PolicySet:
        """The policies of a file, also of one that holds a single policy without a name.

        :raises PolicyNotFound: there is no such file.
        :raises PolicyError: it is not valid; with file, line and key.
        """
        return load(path, lambda data, folder: cls.from_dict(data, root=folder))

    @classmethod
    def discover(cls, start: str | os.PathLike[str] | None = None) -> PolicySet:
        """The policies of the closest ``glimpse-policy.json``; as ``TracingPolicy.discover``."""
        return cls.from_file(_discovered(start))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, root: str | os.PathLike[str] | None = None) -> PolicySet:
        """The policies of a mapping: ``{"policies": {name: policy, ...}}``, or a single policy.

        :raises PolicyError: a key is not known, or its value is not accepted.
        """
        if not has_several(data):
            return cls({"": TracingPolicy.from_dict(data, root=root)})
        check_version(check_keys(data, ["version", "policies"]))
        check_policies(data["policies"], dict)
        return cls({name: _named(name, part, root) for name, part in data["policies"].items()})

    def policies(self) -> tuple[TracingPolicy, ...]:
        """The policies, in order."""
        return self._policies

    def __iter__(self) -> Iterator[TracingPolicy]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def __eq__(self, other: object) -> bool:
        return self._policies == other._policies if isinstance(other, PolicySet) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._policies)

    def __repr__(self) -> str:
        return f"PolicySet({ {policy.name: policy for policy in self._policies}!r})"


def _named(name: str, data: Any, root: str | os.PathLike[str] | None) -> TracingPolicy:
    try:
        check_keys(data, CHECKS)
        return TracingPolicy.from_dict(data, name=name, root=root)
    except PolicyError as error:
        error.key = ("policies", name, *error.key)
        raise


def _discovered(start: str | os.PathLike[str] | None) -> str:
    found = closest(POLICY_FILE, start)
    if found is None:
        places = " or ".join(starting_folders(start))
        raise PolicyNotFound(f"no {POLICY_FILE} in {places} or above: write one, or pass a policy")
    return found
