"""Which modules and functions are traced, and why."""

from __future__ import annotations

from glimpse.policy.decisions import Decider
from glimpse.policy.discovery import POLICY_FILE, closest, find_policy_file, main_script
from glimpse.policy.model import PolicySet, TracingPolicy
from glimpse.policy.places import script_names
from glimpse.policy.rules import Decision
from glimpse.policy.surroundings import importable_names, project_packages

__all__ = [
    "POLICY_FILE",
    "Decider",
    "Decision",
    "PolicySet",
    "TracingPolicy",
    "closest",
    "find_policy_file",
    "importable_names",
    "main_script",
    "project_packages",
    "script_names",
]
