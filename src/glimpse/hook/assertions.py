"""What pytest makes of test modules, ``conftest.py`` and plugins: its rewriting of assertions, and ours, in one code.

pytest changes the syntax tree and compiles it in its loader's ``exec_module``. The same function of pytest's is given
the tree that holds the probe's calls. Where that cannot be, pytest loads the module by itself, and it is not traced.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from typing import Any, NamedTuple
else:
    from glimpse.light import NamedTuple

__all__ = ["Assertions", "rewrites_assertions"]

_MODULE = "_pytest.assertion.rewrite"


class Assertions(NamedTuple):
    """How pytest rewrites the assertions of one session's modules.

    :param config: pytest's configuration.
    :param key: differs where the outcome does.
    """

    config: Any
    key: str

    @classmethod
    def of(cls, loader: Any) -> Assertions:
        """How pytest's loader does it.

        :raises AttributeError, ImportError: this pytest is made in another way.
        """
        import pytest
        from _pytest.assertion.rewrite import rewrite_asserts  # noqa: F401 - asked for now, not when it is late

        return cls(loader.config, f"pytest {pytest.__version__} {loader.config.getini('enable_assertion_pass_hook')}")

    def rewrite(self, tree: ast.Module, source: bytes, filename: str) -> None:
        """Change the tree as pytest would."""
        from _pytest.assertion.rewrite import rewrite_asserts

        rewrite_asserts(tree, source, filename, self.config)


def rewrites_assertions(kind: type[Any]) -> bool:
    """Whether it is a class of pytest's that finds and loads what it rewrites."""
    return kind.__module__ == _MODULE
