"""What headers say and are made to say, by the W3C's specifications, with OpenTelemetry in the program and without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glimpse
from glimpse.context import TraceContext, active, context_of
from glimpse.errors import GlimpseError

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture(params=["own", "opentelemetry"])
def propagators(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Whose propagators are at work."""
    if request.param == "opentelemetry":
        pytest.importorskip("opentelemetry.propagate")
    else:
        for name in [name for name in sys.modules if name.partition(".")[0] == "opentelemetry"]:
            monkeypatch.delitem(sys.modules, name)
    return request.param


def passed_on(headers: Any) -> dict[str, str]:
    """What a program that takes these headers in sends to whom it calls."""
    with glimpse.extract(headers):
        return glimpse.inject()


@pytest.mark.usefixtures("propagators")
@pytest.mark.parametrize(
    "value",
    [
        PARENT,
        f"00-{TRACE}-{SPAN}-00",
        f" \t{PARENT}\t ",
        f"cc-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like",
        f"00-{TRACE}-{SPAN}-ff",
        f"00-{'0' * 31}1-{'0' * 15}1-01",
    ],
)
def test_a_valid_traceparent_is_taken(value: str) -> None:
    """Also one of a later version, of which the known parts are read, with anything behind a dash."""
    _, trace_id, span_id, flags = value.strip().split("-")[:4]
    assert context_of({"traceparent": value}).remote == (trace_id, span_id, bool(int(flags, 16) & 1))


@pytest.mark.usefixtures("propagators")
@pytest.mark.parametrize(
    "value",
    [
        "",
        "nonsense",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN.upper()}-01",
        f"00-{TRACE}-{SPAN}-0X",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01.more",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{TRACE}-{SPAN}0-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"0-{TRACE}-{SPAN}-01",
        f"000-{TRACE}-{SPAN}-01",
        f"00_{TRACE}_{SPAN}_01",
        f"00-{TRACE[:-1]}.-{SPAN}-01",
        f"{PARENT},{PARENT}",
        "\N{ARABIC-INDIC DIGIT ZERO}0" + PARENT[2:],
    ],
)
def test_an_invalid_traceparent_counts_as_none(value: str) -> None:
    """And so does the tracestate beside it: the trace begins here."""
    context = context_of({"traceparent": value, "tracestate": "a=1"})
    assert context == TraceContext()


@pytest.mark.usefixtures("propagators")
def test_two_traceparents_count_as_none() -> None:
    """Nobody knows which of them it was."""
    assert context_of([("traceparent", PARENT), ("traceparent", PARENT)]).remote is None


STATES = [
    (["a=1"], "a=1"),
    (["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"], "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
    (["a=1", "b=2"], "a=1,b=2"),
    (["a=1 \t, \tb=2"], "a=1,b=2"),
    (["a=1,,b=2,"], "a=1,b=2"),
    ([""], ""),
    (["tenant@system=x,0tenant@s=y"], "tenant@system=x,0tenant@s=y"),
    ([f"{'z' * 256}=1"], f"{'z' * 256}=1"),
    ([f"{'t' * 241}@{'v' * 14}=1"], f"{'t' * 241}@{'v' * 14}=1"),
    ([f"a={'v' * 256}"], f"a={'v' * 256}"),
    (["a=" + "".join(map(chr, range(0x20, 0x7F))).replace(",", "").replace("=", "")], None),
    ([",".join(f"k{n}={n}" for n in range(32))], None),
]


@pytest.mark.usefixtures("propagators")
@pytest.mark.parametrize(("values", "wanted"), STATES)
def test_a_valid_tracestate_is_handed_on(values: list[str], wanted: str | None) -> None:
    """In its order, several headers as one, up to 32 members."""
    given_headers = [("traceparent", PARENT), *(("TraceState", value) for value in values)]
    assert passed_on(given_headers).get("tracestate", "") == (values[0] if wanted is None else wanted)


@pytest.mark.usefixtures("propagators")
@pytest.mark.parametrize(
    "value",
    [
        "a",
        "=1",
        "a=",
        "A=1",
        "a =1",
        "a=1=2",
        "a=1,a=2",
        "a=\x7f",
        "a=é",
        "a@=1",
        "@b=1",
        "a@b@c=1",
        f"{'z' * 257}=1",
        f"{'t' * 242}@v=1",
        f"t@{'v' * 15}=1",
        f"a={'v' * 257}",
        ",".join(f"k{n}={n}" for n in range(33)),
    ],
)
def test_an_invalid_tracestate_is_left_out_as_a_whole(value: str) -> None:
    """The traceparent beside it stays."""
    headers = passed_on({"traceparent": PARENT, "tracestate": f"ok=1,{value}"})
    assert headers == {"traceparent": PARENT}


BAGGAGE = [
    ("a=1", {"a": "1"}),
    (" a = 1 ,\tb = 2", {"a": "1", "b": "2"}),
    ("a=1;p=2;q, b=2", {"a": "1", "b": "2"}),
    ("user=Am%C3%A9lie", {"user": "Amélie"}),
    ("a=%E4%BD%A0%2C%3B%25", {"a": "你,;%"}),
    ("a=", {"a": ""}),
    ("a=b=c", {"a": "b=c"}),
    ("a,b=2", {"b": "2"}),
    ("sp ace=1,b=2", {"b": "2"}),
    ("", {}),
    ("a=1,a=2", {"a": "2"}),
]


@pytest.mark.usefixtures("propagators")
@pytest.mark.parametrize(("value", "wanted"), BAGGAGE)
def test_baggage_is_read(value: str, wanted: dict[str, str]) -> None:
    """Percent-encoded text too; what is no member is left out."""
    assert {name: text for name, (text, _) in context_of({"baggage": value}).baggage.items()} == wanted


@pytest.mark.usefixtures("propagators")
def test_baggage_is_handed_on_without_a_trace() -> None:
    """It is a specification of its own."""
    assert passed_on({"Baggage": "a=b%20c,d=1"}) == {"baggage": passed_on({"baggage": "a=b%20c,d=1"})["baggage"]}
    again = passed_on(passed_on({"baggage": "a=b%20c%2C,d=1"}))
    assert context_of(again).baggage == {"a": ("b c,", ""), "d": ("1", "")}


@pytest.mark.usefixtures("propagators")
def test_baggage_has_limits() -> None:
    """180 members, 8,192 bytes."""
    many = ",".join(f"k{n}=1" for n in range(200))
    assert len(context_of({"baggage": many}).baggage) == 180
    long = ",".join(f"k{n}={'v' * 3000}" for n in range(5))
    assert len(context_of({"baggage": long}).baggage) <= 2


def test_baggage_keeps_its_properties() -> None:
    """They are handed on as they came."""
    assert passed_on({"baggage": "a=1 ; p=2;q ,b=2"}) == {"baggage": "a=1;p=2;q,b=2"}


@settings(max_examples=40)
@given(st.dictionaries(st.from_regex(r"[a-z!#$*]{1,5}", fullmatch=True), st.text(max_size=20), max_size=8))
def test_baggage_comes_back_as_it_was_sent(members: dict[str, str]) -> None:
    """Whatever text the values are."""
    from glimpse.context.baggage import format_baggage, parse_baggage

    texts = {name: value for name, value in members.items() if value.isprintable() or value.isascii()}
    pairs = {name: (value, "") for name, value in texts.items()}
    assert parse_baggage([format_baggage(pairs)]) == pairs


@pytest.mark.parametrize(
    "headers",
    [
        {"x-correlation-id": " order-7 "},
        {"X-Request-ID": "order-7"},
        {"X-Request-ID": "other", "X-Correlation-ID": "order-7"},
        {"X-Correlation-ID": "\x00", "X-Request-ID": "order-7"},
        [(b"x-correlation-id", b"order-7")],
        {"X-Correlation-ID": ["order-7", "other"]},
    ],
)
def test_correlation_id_of_a_request(headers: Any) -> None:
    """The first header that has a usable one; it is sent on as X-Correlation-ID."""
    with glimpse.extract(headers) as context:
        assert context.correlation_id == "order-7"
        assert glimpse.inject() == {"X-Correlation-ID": "order-7"}
    assert active() == TraceContext()


def test_a_correlation_id_cannot_smuggle_a_header() -> None:
    """What headers cannot hold is percent-encoded; line breaks cannot be printed, so they are no id at all."""
    with glimpse.correlation("Größe 1"):
        assert glimpse.inject()["X-Correlation-ID"] == "Gr%C3%B6%C3%9Fe 1"
    with pytest.raises(GlimpseError, match=r"option id of correlation: bad value 'a\\r\\nb'; accepted: text of 1 to"):
        glimpse.correlation("a\r\nb")


def test_inject_replaces_what_is_there_in_any_case() -> None:
    """The mapping that is given is changed, and returned."""
    headers = {"TRACEPARENT": "old", "Accept": "*/*"}
    with glimpse.extract({"traceparent": PARENT}):
        assert glimpse.inject(headers) is headers
    assert headers == {"Accept": "*/*", "traceparent": PARENT}


@pytest.mark.parametrize("headers", [None, 5, "text", [1], {"a": "b"}.keys()])
def test_what_are_no_headers(headers: Any) -> None:
    """One clear error."""
    with pytest.raises(GlimpseError, match=r"option headers: bad value .*; accepted: a mapping of names to values"):
        glimpse.extract(headers)
