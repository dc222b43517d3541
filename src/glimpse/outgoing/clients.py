"""Clients of HTTP whose requests carry the trace: urllib, requests and whatever else uses http.client; httpx; aiohttp.

A header that the program sets itself is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, Final

from ..context import is_busy, outgoing
from .patches import Patches

__all__ = ["CLIENTS"]

_TRACE: Final = ("traceparent", "tracestate", "baggage")


def _missing(present: Iterable[str]) -> dict[str, str]:
    """What is to be added to a request that has these headers. Nothing to one of Glimpse's own, and never an error."""
    try:
        if is_busy():
            return {}
        there = {name.lower() for name in present}
        added = {name: value for name, value in outgoing().items() if name.lower() not in there}
        if "traceparent" in there:
            for name in _TRACE:
                added.pop(name, None)
    except Exception:  # the program's request goes out whatever happens here
        return {}
    return added


def _http_client(module: ModuleType, patches: Patches) -> None:
    def wrapper(original: Any) -> Any:
        def endheaders(self: Any, *args: Any, **kwargs: Any) -> Any:
            for name, value in _missing(_sent(self)).items():
                self.putheader(name, value)
            return original(self, *args, **kwargs)

        return endheaders

    patches.wrap(module.HTTPConnection, "endheaders", wrapper)


def _sent(connection: Any) -> list[str]:
    """The headers put so far; the first line is the request's own."""
    lines: list[bytes] = getattr(connection, "_buffer", [])
    return [line.partition(b":")[0].decode("latin-1") for line in lines[1:]]


def _httpx(module: ModuleType, patches: Patches) -> None:
    def wrapper(original: Any) -> Any:
        def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            request.headers.update(_missing(request.headers))
            return original(self, request, *args, **kwargs)

        return send

    def async_wrapper(original: Any) -> Any:
        async def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            request.headers.update(_missing(request.headers))
            return await original(self, request, *args, **kwargs)

        return send

    patches.wrap(module.Client, "send", wrapper)
    patches.wrap(module.AsyncClient, "send", async_wrapper)


def _aiohttp(module: ModuleType, patches: Patches) -> None:
    def wrapper(original: Any) -> Any:
        async def _request(self: Any, *args: Any, headers: Any = None, **kwargs: Any) -> Any:
            given = [] if headers is None else list(headers.items() if isinstance(headers, Mapping) else headers)
            added = _missing([*(str(name) for name, _ in given), *self.headers])
            if added:
                headers = [*given, *added.items()]
            return await original(self, *args, headers=headers, **kwargs)

        return _request

    patches.wrap(module.ClientSession, "_request", wrapper)


CLIENTS: Final[Mapping[str, Callable[[ModuleType, Patches], None]]] = {
    "http.client": _http_client,
    "httpx": _httpx,
    "aiohttp.client": _aiohttp,
}
"""By the module to wait for, what is done to it."""
