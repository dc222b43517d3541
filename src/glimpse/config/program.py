"""The name of the running program: what entries call the service if nobody says otherwise."""

from __future__ import annotations

import os
import sys

from glimpse.policy import main_script, script_names

__all__ = ["program_name"]


def program_name() -> str:
    """The module that ``python -m`` runs, or the script's name; ``python`` if there is neither."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    module = spec.name if spec is not None else _module_to_be_run()
    if module and module != "__main__":  # that is a folder or an archive with a __main__.py
        return str(module.removesuffix(".__main__"))
    script = main_script()
    if script and os.path.isdir(script):
        return os.path.basename(os.path.abspath(script))
    return (script_names(script) or ("python",))[0]


def _module_to_be_run() -> str | None:
    """The argument of ``-m`` before Python has found the module, at start-up."""
    if not getattr(sys, "argv", None) or sys.argv[0] != "-m":
        return None
    arguments = iter(sys.orig_argv[1:])
    for argument in arguments:
        if argument.startswith("-") and not argument.startswith("--") and argument.endswith("m"):
            return next(arguments, None)
    return None
