"""Passwords are hidden wherever a configuration is shown."""

from __future__ import annotations

from typing import Any

import pytest

from glimpse.config.secrets import masked


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("uri", "mongodb://me:secret@host:27017/db", "mongodb://me:***@host:27017/db"),
        ("uri", "mongodb://me:se:cr@et@h1,h2/db?x=1", "mongodb://me:***@h1,h2/db?x=1"),
        ("uri", "redis://:secret@host", "redis://:***@host"),
        ("uri", "mongodb://host/db", "mongodb://host/db"),
        ("endpoint", "https://h/v1?api_key=abc&x=1", "https://h/v1?api_key=***&x=1"),
        ("log_path", "/var/me:you@home", "/var/me:you@home"),
        ("password", "abc", "***"),
        ("api_key", "abc", "***"),
        ("AUTH_TOKEN", "abc", "***"),
        ("key", "abc", "***"),
        ("password", None, None),
        ("author", "me", "me"),
        ("keyspace", "ks", "ks"),
        ("max_bytes", 5, 5),
        ("headers", {"authorization": "abc", "accept": "x"}, {"authorization": "***", "accept": "x"}),
    ],
)
def test_masked(name: str, value: Any, shown: Any) -> None:
    """Secrets in URLs and under telling names are hidden, everything else is shown as it is."""
    assert masked(name, value) == shown
