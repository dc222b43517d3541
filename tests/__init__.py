"""The tests, a package so that helpers and spawned processes can import them by one name."""

from __future__ import annotations
