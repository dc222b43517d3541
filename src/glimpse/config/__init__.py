"""The configuration of a tracer, from the constructor, the environment and the project's ``pyproject.toml``."""

from __future__ import annotations

from glimpse.config.destinations import BUILT_IN, known_destinations, register_dest
from glimpse.config.model import CORES, LEVELS, OPTIONS, Config
from glimpse.config.options import Option

__all__ = [
    "BUILT_IN",
    "CORES",
    "LEVELS",
    "OPTIONS",
    "Config",
    "Option",
    "known_destinations",
    "register_dest",
]
