"""Items as lines of JSON, the default output. This is most of what a recorded call costs, so its form is measured.

Per entry, ratios on CPython 3.12: a dict given to ``orjson.dumps`` 1.0; this 0.55. What a site's entries share is made
once; numbers are written as they are; only text that holds strings goes through the JSON encoder, once an entry; a
duration is written as digits around a point, since ``repr`` of a float costs three times that.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from ..entry import Site
from . import events as ev
from .calls import Frame
from .clock import Clock
from .entries import Origin, exception_dict

__all__ = ["LineCodec"]

_NUMBERS = frozenset({int, float, bool, type(None)})


class _SiteText:
    """What all entries of a site have in common, as JSON text."""

    __slots__ = ("args_open", "end", "exception_open", "hidden", "labels", "start_open", "tail")

    def __init__(self, site: Site, origin: Origin) -> None:
        function, name = quoted(site.function), quoted(site.name)
        self.start_open = f',"level":"INFO","function":{function},"args":'
        self.exception_open = f',"level":"ERROR","function":{function},"args":'
        self.end = f',"level":"INFO","function":{function},"args":{name},"stage":"END","timestamp":"'
        self.args_open = f"{site.name}("
        self.labels = [f"{', ' if index else ''}{param.name}=" for index, param in enumerate(site.params)]
        self.hidden = [param.hidden or param.receiver for param in site.params]
        self.tail = _tail(site, origin)


def _tail(site: Site, origin: Origin) -> str:
    parts: dict[str, Any] = {"service": origin.service, "correlation_id": origin.correlation_id, "policy": site.policy or None}
    if origin.with_lines:
        parts |= {"file": origin.files.get(site.module), "line": site.line}
    return "".join(f',"{name}":{quoted(value)}' for name, value in parts.items() if value is not None) + "}\n"


def quoted(value: Any) -> str:
    """A value as JSON text. Lone surrogates are kept, as ``\\udXXX``."""
    try:
        return orjson.dumps(value).decode()
    except (TypeError, UnicodeError):
        return json.dumps(value)


class LineCodec:
    """Makes the JSON line of each entry; see ``Codec`` for the methods."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self._clock = Clock(origin.base)
        self._text = origin.atom_text
        self._sites: dict[str, _SiteText] = {}
        self._where: dict[int, str] = {}
        self._second, self._until, self._stamp = 0, 0, ""

    def thread(self, th: int, name: str) -> None:
        self._where[th] = f'","thread":{quoted(name)},"pid":{self.origin.pid}'

    def start(self, number: int, frame: Frame, th: int, first: int, task: str | None) -> str:
        site = self._sites.get(frame[3]) or self._site(frame[3])
        t = frame[4]
        parent = frame[1]
        return (
            f'{{"entry_id":{number},"call_id":{number},"parent_id":{"null" if parent is None else parent},'
            f'"depth":{frame[2]}{site.start_open}{self._args(site, frame[6], first)},"stage":"START","timestamp":"'
            f"{self._stamp if self._second <= t < self._until else self._seconds(t)}{(t - self._second) // 1000:06d}"
            f"{self._where.get(th) or self._unnamed(th)}{'' if task is None else self._task(task)}"
            f"{'' if frame[7] is None else self._ids(frame)}{site.tail}"
        )

    def end(self, number: int, frame: Frame, t: int, th: int, value: Any, task: str | None) -> str:
        site = self._sites.get(frame[3]) or self._site(frame[3])
        kind = type(value)
        if kind is int:
            result = f'"result":"{value}"' if -(1 << 63) < value < 1 << 63 else f'"result":{quoted(self._text(value))}'
        elif value is None:
            result = '"result":"None"'
        elif kind is tuple:
            result = f'"result":{quoted(value[0])}' if value else '"closed":true'
        else:
            result = f'"result":{quoted(self._text(value))}'
        spent = t - frame[4]
        parent = frame[1]
        call = frame[8]
        return (
            f'{{"entry_id":{number},"call_id":{frame[0]},"parent_id":{"null" if parent is None else parent},'
            f'"depth":{frame[2]}{site.end}'
            f"{self._stamp if self._second <= t < self._until else self._seconds(t)}{(t - self._second) // 1000:06d}"
            f"{self._where.get(th) or self._unnamed(th)}{'' if task is None else self._task(task)},{result},"
            f'"duration_ms":{spent // 1_000_000}.{spent % 1_000_000:06d}{"" if call is None else self._spans(frame)}'
            f"{'' if frame[7] is None else self._ids(frame)}{site.tail}"
        )

    def exception(self, number: int, frame: Frame, t: int, th: int, exc: Any, first: int, task: str | None) -> str:
        site = self._sites.get(frame[3]) or self._site(frame[3])
        spent = t - frame[4]
        timed = frame[6][0] != ev.ERROR_ONLY
        duration = f',"duration_ms":{spent // 1_000_000}.{spent % 1_000_000:06d}' if timed else ""
        return (
            f"{self._opening(number, frame)}{site.exception_open}{self._args(site, frame[6], first)}"
            f',"stage":"EXCEPTION","timestamp":"{self._at(t)}{self._where.get(th) or self._unnamed(th)}'
            f'{"" if task is None else self._task(task)},"exception":{quoted(exception_dict(exc))}{duration}'
            f"{'' if frame[8] is None else self._spans(frame)}{'' if frame[7] is None else self._ids(frame)}{site.tail}"
        )

    def pause(self, number: int, frame: Frame, t: int, th: int, stage: str, task: str | None) -> str:
        site = self._sites.get(frame[3]) or self._site(frame[3])
        shared = site.end.replace('"level":"INFO"', '"level":"DEBUG"', 1).replace('"stage":"END"', f'"stage":"{stage}"')
        return (
            f"{self._opening(number, frame)}{shared}{self._at(t)}{self._where.get(th) or self._unnamed(th)}"
            f"{'' if task is None else self._task(task)}{'' if frame[7] is None else self._ids(frame)}{site.tail}"
        )

    # -- parts ------------------------------------------------------------------------------------------------

    def _args(self, site: _SiteText, event: tuple[Any, ...], first: int) -> str:
        text = site.args_open
        plain = True
        for index, label in enumerate(site.labels, first):
            value = event[index]
            kind = type(value)
            if site.hidden[index - first]:
                text += f"{label}<{value or 'redacted'}>"
                plain = plain and (value is None or value.isidentifier())
            elif kind is int and -(1 << 63) < value < 1 << 63:
                text += f"{label}{value}"
            elif kind is tuple:
                text += label + value[0]
                plain = False
            else:
                text += label + self._text(value)
                plain = plain and kind in _NUMBERS
        return f'"{text})"' if plain else quoted(f"{text})")

    def _site(self, key: str) -> _SiteText:
        site = self._sites[key] = _SiteText(Site.parse(key), self.origin)
        return site

    def _seconds(self, t: int) -> str:
        """The timestamp up to its whole second, which is then kept for as long as it lasts."""
        self._stamp = self._clock.stamp(t)[:-6]
        self._second = t - (t + self.origin.base) % 1_000_000_000
        self._until = self._second + 1_000_000_000
        return self._stamp

    def _at(self, t: int) -> str:
        return self._clock.stamp(t)

    def _unnamed(self, th: int) -> str:
        self.thread(th, f"Thread-{th}")
        return self._where[th]

    def _opening(self, number: int, frame: Frame) -> str:
        parent = "null" if frame[1] is None else frame[1]
        return f'{{"entry_id":{number},"call_id":{frame[0]},"parent_id":{parent},"depth":{frame[2]}'

    @staticmethod
    def _task(task: str) -> str:
        return f',"task":{quoted(task)}'

    @staticmethod
    def _spans(frame: Frame) -> str:
        call = frame[8]
        assert call is not None
        yields = f',"yields":{call.yields}' if frame[6][0] == ev.GEN_START or call.yields else ""
        active = f',"active_ms":{call.active // 1_000_000}.{call.active % 1_000_000:06d}'
        return active + yields if frame[6][0] == ev.GEN_START else yields

    @staticmethod
    def _ids(frame: Frame) -> str:
        trace, span, parent = frame[7] or ("", "", None)
        above = f',"parent_span_id":"{parent}"' if parent else ""
        return f',"trace_id":"{trace}","span_id":"{span}"{above}'
