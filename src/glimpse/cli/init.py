"""``glimpse init``: a commented policy file for the packages found here."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from typing import Final

from glimpse.cli.files import replacing
from glimpse.errors import GlimpseError
from glimpse.policy import POLICY_FILE, TracingPolicy, project_packages

EXAMPLES: Final = """\
examples:
  glimpse init                     for the packages here, or in src
  glimpse init shop shop_db        for these
  glimpse init --force -o trace/glimpse-policy.json
"""

_TEXT: Final = """\
{{
  "version": "1.0",

  // What is recorded: modules and packages with everything below them.
  // Wildcards are allowed: "shop_*", "*.models", "config[12]".
  "included_packages": {included},

  // What is left out all the same.
  "excluded_packages": [],

  // By place instead of name: "src*" takes in every module in a folder of this
  // project that is called so, whatever it is imported as.
  "project_root_packages": [],

  // Functions, as qualified names: "shop.orders.Order.total", "*.__repr__".
  // If any are included here, no others are recorded.
  "included_functions": [],
  "excluded_functions": [],

  // Calls deeper than this are not recorded; null for no limit.
  "trace_depth": null,

  // Calls that take fewer milliseconds are not recorded, unless they raise.
  "min_duration_ms": 0,

  // The share of call trees that is recorded, from 0 to 1.
  "sample_rate": 1.0,

  // Parameters and keys whose values are hidden, in addition to the usual ones
  // such as password, token and api_key.
  "redact": [],

  // How much of a value is shown: characters of its text, items of a container,
  // containers within containers; null for what the configuration says.
  "max_field_length": null,
  "max_items": null,
  "max_depth": null
}}
"""


class CannotInit(GlimpseError):  # noqa: N818 - it is what the user reads
    """There is nothing to write a policy for."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="what to record (default: what is found here)")
    parser.add_argument("-o", "--out", metavar="FILE", default=POLICY_FILE, help=f"default: {POLICY_FILE}")
    parser.add_argument("--force", action="store_true", help="overwrite the file if there is one")


def execute(options: Namespace) -> int:
    """Write the file."""
    packages = options.packages or project_packages(os.getcwd())
    if not packages:
        raise CannotInit("no packages or modules found here or in src; name what to record: glimpse init PACKAGE")
    TracingPolicy(included_packages=packages)  # refuses a name that cannot be one
    with replacing(options.out, force=options.force) as part, open(part, "w", encoding="utf-8") as file:
        file.write(_TEXT.format(included=json.dumps(packages)))
    print(f"{options.out}: records {', '.join(packages)}")
    print("next: glimpse run SCRIPT, then glimpse tree")
    return 0
