"""``python -m glimpse``: the same as the ``glimpse`` command."""

from __future__ import annotations

import sys

from glimpse.cli import main

if __name__ == "__main__":
    sys.exit(main())
