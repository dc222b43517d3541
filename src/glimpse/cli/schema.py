"""``glimpse schema``: what an entry looks like, for validators and code generators."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import Final

from glimpse.record_schema import record_schema

EXAMPLES: Final = """\
examples:
  glimpse schema > glimpse.schema.json
  glimpse schema | jq '.properties | keys'
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options: there are none."""


def execute(options: Namespace) -> int:
    """Print the schema."""
    print(json.dumps(record_schema(), indent=2, ensure_ascii=False))
    return 0
