"""Redaction: which names are secret, and that no secret is ever seen in a text."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.errors import ConfigError
from glimpse.values import DEFAULT_NAMES, REDACTED, Limits, Redactor, Renderer
from tests.support.pages import example
from tests.support.project import write_policy

RENDERER = Renderer()
SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    "name",
    [
        *DEFAULT_NAMES,
        *(name.upper() for name in DEFAULT_NAMES),
        *(
            "user_password",
            "userPassword",
            "apiKey",
            "APIKey",
            "API-KEY",
            "api key",
            "X-Api-Key",
            "password2",
            "_token",
        ),
        *("access_token", "accessToken", "HTTP_AUTHORIZATION", "Set-Cookie", "privateKeyPem", "AWS_SECRET_ACCESS_KEY"),
        *("cardNumber", "sessionId", "db.credentials", "PassWord", "clientSecret", "auth", "basicAuth"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    """A name is secret if the words of a default name occur in it, however they are joined."""
    assert Redactor().hides(name)


@pytest.mark.parametrize(
    "name",
    ["author", "tokenize", "tokens", "max_tokens", "secretary", "passage", "key", "keys", "api", "apikeyring", "", "_"],
)
def test_names_that_only_look_like_secrets(name: str) -> None:
    """Words are whole: what merely contains the letters of a default name is shown."""
    assert not Redactor().hides(name)


def test_own_names_add_to_the_default_ones() -> None:
    """More names hide more, as whole words or, with wildcards, as whole names."""
    redactor = Redactor(["pin", "contraseña", "*_dsn"])
    hidden = ["pin", "user_pin", "userPin", "Contraseña", "main_dsn", "MAIN_DSN", "password"]
    assert [redactor.hides(name) for name in hidden] == [True] * len(hidden)
    assert not any(map(redactor.hides, ["spin", "pinned", "dsn", "main_dsn_name"]))
    assert redactor.scrub("main_dsn=x userPin: 1 spin=2") == f"main_dsn={REDACTED} userPin: {REDACTED} spin=2"


def test_defaults_can_be_turned_off() -> None:
    """Without defaults only the given names are hidden."""
    renderer = Renderer(redactor=Redactor(["pin"], defaults=False))
    assert renderer.text({"password": "shown", "pin": 1}) == f"{{'password': 'shown', 'pin': {REDACTED}}}"
    assert renderer.text("http://u:p@h/?token=1") == "'http://u:p@h/?token=1'"


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("password", "redact.*a list"),
        ([""], "redact.*''"),
        ([3], "redact.*3"),
        (["/(/"], r"redact.*regular expressions"),
        ([re.compile(b"x")], r"redact.*regular expressions"),
    ],
)
def test_bad_rules_are_refused(rules: Any, message: str) -> None:
    """The error names the option, the value and what is accepted."""
    with pytest.raises(ConfigError, match=message):
        Redactor(rules)


def test_patterns_hide_what_they_match() -> None:
    """A regular expression is looked for in every text, also in keys, bytes and objects' own texts."""
    renderer = Renderer(redactor=Redactor([r"/\bsk-\w+/", re.compile("internal", re.IGNORECASE)]))
    assert renderer.text("my sk-123abc key") == f"'my {REDACTED} key'"
    assert renderer.text({"sk-1": [b"Internal"]}) == f"{{'{REDACTED}': [b'{REDACTED}']}}"
    assert renderer.message(ValueError("no sk-9")) == f"no {REDACTED}"


def test_callback_gives_the_text() -> None:
    """A callable replaces every text; a text is hidden if the callable fails or gives something else."""

    def masked(text: str) -> Any:
        if "fail" in text:
            raise ValueError(text)
        return None if "none" in text else text.replace("bob", "***")

    renderer = Renderer(redactor=Redactor([masked]))
    assert renderer.text(["bob", "fail", "none"]) == f"['***', '{REDACTED}', '{REDACTED}']"


@dataclass
class Account:
    """A dataclass with hidden fields."""

    name: str
    password: str = SECRET
    unseen: str = field(default=SECRET, repr=False)


@dataclass
class OwnText:
    """A dataclass whose own text would show everything."""

    token: str = SECRET

    def __repr__(self) -> str:
        return f"OwnText<{self.token}>"


class Spoken:
    """A class whose text says what it should not."""

    def __init__(self) -> None:
        self.api_key = SECRET

    def __repr__(self) -> str:
        return f"Spoken of {self.api_key}"


class Slotted:
    """The same with slots."""

    __slots__ = ("secret",)

    def __init__(self) -> None:
        self.secret = SECRET.encode()

    def __repr__(self) -> str:
        return f"Slotted of {self.secret!r}"


class Written:
    """A class that writes its attributes as keywords."""

    def __repr__(self) -> str:
        return f"Written(user='bob', password='{SECRET}', nested={{'token': ['{SECRET}']}})"


class Login(NamedTuple):
    """A named tuple with a hidden field."""

    user: str
    passwd: str


class SecretStr:
    """A wrapper that exists to hide something, and forgets to."""

    def __init__(self) -> None:
        self.value = SECRET

    def __repr__(self) -> str:
        return f"SecretStr({self.value})"


class Own(dict):  # type: ignore[type-arg]
    """A dictionary of one's own."""


class Text(str):
    """A text of one's own."""

    __slots__ = ()


Pair = namedtuple("Pair", "key credential")
PLANTED: dict[str, Any] = {
    "key": {"password": SECRET},
    "bytes key": {b"authorization": SECRET.encode()},
    "text subclass as key": {Text("api_key"): SECRET},
    "mixed case": {"Authorization": f"Bearer {SECRET}"},
    "container under a key": {"credentials": {"user": SECRET, "deep": [SECRET]}},
    "deep": [({"a": [{"b": {"token": SECRET}}]},)],
    "pairs": [("Cookie", SECRET), (b"x-auth-token", SECRET.encode())],
    "dataclass": Account("bob"),
    "dataclass in a list": [Account("bob")] * 3,
    "dataclass with its own text": OwnText(),
    "attribute in an own text": Spoken(),
    "slot in an own text": Slotted(),
    "keywords in an own text": Written(),
    "named tuple": Login("bob", SECRET),
    "untyped named tuple": Pair(1, SECRET),
    "wrapper": SecretStr(),
    "namespace": SimpleNamespace(secret=SECRET),
    "own dictionary": Own(session=SECRET),
    "defaultdict": defaultdict(list, cookie=[SECRET]),
    "ordered": OrderedDict(ssn=SECRET),
    "counter": Counter({"card_number": 4111111111111111}),
    "user dictionary": UserDict(private_key=SECRET),
    "user list": UserList([{"secret": SECRET}]),
    "chain": ChainMap({"apikey": SECRET}),
    "deque": deque([{"token": SECRET}]),
    "views": {"password": SECRET}.items(),
    "proxy": MappingProxyType({"password": SECRET}),
    "exception": ValueError({"password": SECRET}),
    "url": f"postgres://bob:{SECRET}@db/main",
    "url with a token alone": f"https://{SECRET}@example.org/repo.git",
    "url beyond the cut": "x" * 440 + f"postgres://bob:{SECRET * 40}@db/main",
    "query": f"https://example.org/?a=1&access_token={SECRET}&b=2",
    "header": f"Authorization: Bearer {SECRET}",
    "basic header": f"GET / HTTP/1.1\r\nAuthorization: Basic {SECRET}\r\nHost: h",
    "cookie header": f"Cookie: theme=dark; sid={SECRET}",
    "scheme alone": f"Bearer {SECRET}",
    "json": f'{{"user": "bob", "password": "{SECRET} {SECRET}", "n": 1}}',
    "json in json": f'{{\\"client_secret\\": \\"{SECRET}\\"}}',
    "json bytes": f'{{"token": "{SECRET}"}}'.encode(),
    "json with a group": f'{{"credentials": {{"a": {{"b": 1}}, "c": "{SECRET}"}}}}',
    "assignment": f"export API_KEY={SECRET}",
    "quoted assignment": f"password = '{SECRET} and {SECRET}'",
    "call in a text": f"Login(password=SecretStr('{SECRET}'))",
    "object in a text": f"password=<Secret of {SECRET}>",
    "hash rocket": f"'password' => '{SECRET}'",
    "key of a text": {f"token={SECRET}": 1},
    "text subclass": Text(f"token={SECRET}"),
    "options": ["prog", "--token", SECRET, f"--password={SECRET}", "--api-key", {"a": SECRET}],
    "command": f"mysql --user bob --password {SECRET} db",
    "pair as a list": [["X-Api-Key", SECRET], [b"cookie", SECRET.encode()]],
    "private key": f"-----BEGIN EC PRIVATE KEY-----\n{SECRET}\n-----END EC PRIVATE KEY-----",
    "long private key": f"-----BEGIN PRIVATE KEY-----\n{SECRET * 400}\n-----END PRIVATE KEY-----".encode(),
    "query in a query": f"next=%2Flogin%3Fpassword%3D{SECRET}%26q%3D1",
}


@pytest.mark.parametrize("value", PLANTED.values(), ids=PLANTED.keys())
def test_planted_secrets_are_not_seen(value: Any) -> None:
    """No way of holding a secret shows it: alone, in containers, in an object, in a message, often or cut short."""
    holder = Account(value)
    makes = [
        lambda: RENDERER.text(value),
        lambda: RENDERER.text([value, {"x": value}]),
        lambda: RENDERER.text(holder),
        lambda: RENDERER.message(ValueError(value)),
        lambda: Renderer(Limits(max_field_length=40)).text(value),
    ]
    for make in makes:
        for _ in range(30):
            text = make()
            assert "hunter2" not in text
            assert "411111" not in text


def test_the_rest_of_a_text_stays_readable() -> None:
    """Only the secret itself is replaced."""
    assert RENDERER.text({"user": "bob", "password": SECRET}) == f"{{'user': 'bob', 'password': {REDACTED}}}"
    assert RENDERER.text(Account("bob")) == f"{Account.__qualname__}(name='bob', password={REDACTED})"
    assert RENDERER.text(PLANTED["url"]) == f"'postgres://bob:{REDACTED}@db/main'"
    assert RENDERER.text(PLANTED["query"]) == f"'https://example.org/?a=1&access_token={REDACTED}&b=2'"
    assert RENDERER.text(PLANTED["json"]) == f"""'{{"user": "bob", "password": {REDACTED}, "n": 1}}'"""
    assert RENDERER.text(["--token", "a", "--token"]) == f"['--token', {REDACTED}, '--token']"
    assert RENDERER.text(PLANTED["command"]) == f"'mysql --user bob --password {REDACTED} db'"
    assert RENDERER.text(f"{PLANTED['private key']} end") == f"'-----BEGIN EC PRIVATE KEY-----{REDACTED} end'"
    assert RENDERER.text(Written()) == f"Written(user='bob', password={REDACTED}, nested={{'token': {REDACTED}}})"


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:8080/a@b",
        "10:30:15",
        "author: bob, tokenize=yes",
        "if token == x: pass",
        "std::auth::User",
        "mail bob@example.org",
        '{"key": 1}',
        "a=1&b=2",
        "secret://vault/path",
        "",
        "bearer of news",
        "the password -- nobody knows it",
        "run --auth --verbose",
        "-----BEGIN CERTIFICATE-----",
    ],
)
def test_harmless_texts_are_left_alone(text: str) -> None:
    """A text without secrets comes back as the very same object, so it needs no copy."""
    assert Redactor().scrub(text) is text
    assert RENDERER.freeze(text) is text


@given(st.text(alphabet="password:=\"'\\{}[]<> &;,@/ab1", max_size=80))
def test_scrubbing_any_text_leaves_no_simple_pair(text: str) -> None:
    """Whatever stands around it, a plain pair at the start of a line is hidden."""
    assert SECRET not in Redactor().scrub(f"password={SECRET}\n{text}\npassword={SECRET}")


@pytest.mark.parametrize(
    "unit",
    [
        "key",
        "password",
        "password=",
        'password="',
        "password={",
        "token: ",
        "://a:",
        "://",
        "a" * 50 + "key ",
        "=:",
        "<",
    ],
)
def test_scrubbing_takes_linear_time(unit: str) -> None:
    """A text made against the scanner costs no more a character than others do."""

    def seconds(size: int) -> float:
        text = "x=" + unit * (size // len(unit))
        started = time.process_time()
        Redactor().scrub(text)
        return time.process_time() - started

    small, large = min(seconds(20_000) for _ in range(3)), min(seconds(200_000) for _ in range(3))
    assert large < max(small * 50, 0.05)


def test_the_example_of_the_guide(tmp_path: Path) -> None:
    """What the page on values says of ``redact`` does what it says."""
    calls = 'pay("DE1", "Ann: 4111111111111111, Internal")\npay({"pin": 1, "iban": 2}, b"main_dsn=x")\n'
    script = tmp_path / "example.py"
    script.write_text(f"{example('docs/values.md', 'redact')}\n{calls}", encoding="utf-8")
    write_policy(tmp_path, "nothing")
    subprocess.run([sys.executable, str(script)], cwd=tmp_path, check=True, timeout=60)
    text = (tmp_path / "glimpse.jsonl").read_text(encoding="utf-8")
    assert "pay(iban=<redacted>, amount='A.: <redacted>, <redacted>')" in text
    assert "pay(iban=<redacted>, amount=b'main_dsn=<redacted>')" in text
