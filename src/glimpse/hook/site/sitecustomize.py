# ruff: noqa: I002 - any Python may be started below `glimpse run`, also one that is too old for Glimpse
"""Switches Glimpse on in Python processes below ``glimpse run``, then gives way to the user's own sitecustomize."""

import os
import sys


def _switch_on():
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != own]
    try:
        from glimpse.auto import auto
    except (ImportError, SyntaxError):  # another environment, which has no Glimpse or is too old for it
        return
    auto()


_switch_on()
del sys.modules["sitecustomize"]
import sitecustomize  # noqa: E402, F401 - where there is none, it is reported as for any Python: not at all
