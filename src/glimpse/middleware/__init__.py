"""Middleware for web servers: what is called for a request belongs to the trace of whoever sent it."""

from __future__ import annotations

from .asgi import asgi
from .wsgi import wsgi

__all__ = ["asgi", "wsgi"]
