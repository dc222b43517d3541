"""Objects of well-known libraries: no query, no download, no data; and what they hide stays hidden."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from glimpse.values import REDACTED, Renderer

RENDERER = Renderer()


def test_streams_and_processes_are_shown_by_their_type(tmp_path: Path) -> None:
    """Files, sockets, temporary files, processes and the environment are not asked for anything."""
    (tmp_path / "f").write_text("content")
    with (tmp_path / "f").open() as file, socket.socket() as sock, tempfile.TemporaryFile() as temporary:
        for value in (file, sock, temporary, io.StringIO("content"), os.environ):
            assert " object at 0x" in RENDERER.text(value)
            assert "content" not in RENDERER.text(value)
        assert file.read() == "content"
    assert "CompletedProcess" in RENDERER.text(subprocess.CompletedProcess(["x"], 0))


def test_numpy() -> None:
    """Arrays show shape and dtype, numbers themselves."""
    np = pytest.importorskip("numpy")
    assert RENDERER.text(np.zeros((3, 4))) == "<numpy.ndarray shape=(3, 4) dtype=float64>"
    assert RENDERER.text([np.arange(1_000_000)]) == f"[<numpy.ndarray shape=(1000000,) dtype={np.arange(1).dtype}>]"
    assert RENDERER.text(np.float64(1.5)) == repr(np.float64(1.5))
    assert "shape=(2,)" in RENDERER.text(np.ma.array([1, 2]))
    assert "ab" in RENDERER.text(np.str_("ab"))


@pytest.fixture(scope="module")
def pd() -> Any:
    """Imported before the test, since what it needs adds to the import hooks."""
    return pytest.importorskip("pandas")


def test_pandas(pd: Any) -> None:
    """Frames and series show shape and dtypes, and no data."""
    frame = pd.DataFrame({"a": [1, 2, 3], "password": ["p4ss", "p4ss", "p4ss"]})
    text = RENDERER.text(frame)
    assert text.startswith("<pandas.DataFrame shape=(3, 2) dtype=int64, ")
    assert "p4ss" not in text
    assert RENDERER.text(frame["a"]) == "<pandas.Series shape=(3,) dtype=int64>"
    assert RENDERER.text(frame.index).startswith("<pandas.RangeIndex shape=(3,) dtype=int64")
    assert RENDERER.text(pd.Timestamp("2024-01-02")) == "Timestamp('2024-01-02 00:00:00')"


def test_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames show their shape, and lazy ones are not collected."""
    monkeypatch.setenv("_RJEM_MALLOC_CONF", "")  # the import sets it
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"a": [1, 2]})
    assert RENDERER.text(frame) == "<polars.DataFrame shape=(2, 1) dtype=Int64>"
    assert RENDERER.text(frame["a"]) == "<polars.Series shape=(2,) dtype=Int64>"
    assert " object at 0x" in RENDERER.text(frame.lazy())


def test_pydantic() -> None:
    """Models are walked field by field; secret types stay hidden."""
    pydantic = pytest.importorskip("pydantic")

    class Inner(pydantic.BaseModel):
        token: str = "t0psecret"
        n: int = 1

    class Model(pydantic.BaseModel):
        model_config = {"extra": "allow"}
        name: str
        inner: Inner = Inner()
        key: pydantic.SecretStr = pydantic.SecretStr("t0psecret")
        unseen: str = pydantic.Field(default="t0psecret", repr=False)

    class Point(pydantic.BaseModel):
        x: int
        y: list[int]

    text = RENDERER.text(Model(name="n", other=2))
    assert text == f"Model(name='n', inner=Inner(token={REDACTED}, n=1), key=SecretStr({REDACTED}), other=2)"
    assert RENDERER.text(Point(x=1, y=[2])) == repr(Point(x=1, y=[2]))


def test_sqlalchemy_runs_no_query() -> None:
    """Instances show what they have loaded; nothing else is fetched, also when a text of one's own would."""
    sa = pytest.importorskip("sqlalchemy")
    from sqlalchemy import orm
    from sqlalchemy.pool import StaticPool

    base = orm.declarative_base()

    class User(base):  # type: ignore[valid-type, misc]
        __tablename__ = "users"
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String)
        password = sa.Column(sa.String)
        posts = orm.relationship("Post", back_populates="user")

        def __repr__(self) -> str:
            return f"User({self.name}, {self.posts})"

    class Post(base):  # type: ignore[valid-type, misc]
        __tablename__ = "posts"
        id = sa.Column(sa.Integer, primary_key=True)
        user_id = sa.Column(sa.ForeignKey("users.id"))
        user = orm.relationship(User, back_populates="posts")

    engine = sa.create_engine("sqlite://", poolclass=StaticPool)
    base.metadata.create_all(engine)
    queries: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *event: queries.append(event[2]))
    with orm.Session(engine) as session:
        session.add(User(id=1, name="bob", password="p4ss", posts=[Post(id=1)]))
        session.commit()
        user = session.get(User, 1)
        row = session.execute(sa.select(User.id, User.password)).one()
        lazy = [session, session.query(User), sa.select(User), session.execute(sa.select(User)), engine]
        expired = session.get(Post, 1)
        session.expire(expired)
        queries.clear()
        assert RENDERER.text(user) == f"User(id=1, name='bob', password={REDACTED})"
        assert RENDERER.text(row) == f"Row(id=1, password={REDACTED})"
        for value in [*lazy, expired, [user, expired], user.__dict__]:
            assert "p4ss" not in RENDERER.text(value)
        assert queries == []
        assert len(lazy[3].all()) == 1
    engine.dispose()


def test_django_runs_no_query() -> None:
    """Querysets, managers, lazy objects and models are shown without the database."""
    django = pytest.importorskip("django")
    from django.conf import settings

    if not settings.configured:
        databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        settings.configure(DATABASES=databases, INSTALLED_APPS=[], DEFAULT_AUTO_FIELD="django.db.models.AutoField")
        django.setup()
    from django.db import connection, models
    from django.test.utils import CaptureQueriesContext
    from django.utils.functional import SimpleLazyObject, lazystr

    class Author(models.Model):
        name = models.CharField(max_length=9)
        password = models.CharField(max_length=9)

        class Meta:
            app_label = "library"

        def __str__(self) -> str:
            return f"{self.name} of {Author.objects.count()}"

    with connection.schema_editor() as editor:
        editor.create_model(Author)
    Author.objects.create(name="ann", password="p4ss")
    author: Any = Author.objects.only("name").get()
    lazy: Any = SimpleLazyObject(Author.objects.get)
    with CaptureQueriesContext(connection) as queries:
        assert RENDERER.text(author) == "Author(id=1, name='ann')"
        assert RENDERER.text(Author(id=2, name="b", password="p4ss")) == f"Author(id=2, name='b', password={REDACTED})"
        queryset = Author.objects.all()
        for value in (queryset, Author.objects, lazy, lazystr("x"), settings, [queryset], {"a": lazy}):
            assert " object at 0x" in RENDERER.text(value)
    assert len(queries) == 0
    connection.close()


def test_responses_are_not_read() -> None:
    """A response that streams is not read for its text."""
    httpx = pytest.importorskip("httpx")
    requests = pytest.importorskip("requests")
    read: list[int] = []

    def chunks() -> Any:
        read.append(1)
        yield b"data"

    response = httpx.Response(200, content=chunks())
    assert "200" in RENDERER.text(response)
    plain = requests.Response()
    plain.status_code = 404
    plain.raw = io.BytesIO(b"data")
    assert RENDERER.text(plain) == "<Response [404]>"
    assert (read, plain.raw.read()) == ([], b"data")
    assert "t0psecret" not in RENDERER.text(httpx.Headers({"Cookie": "t0psecret", "X-Token": "t0psecret"}))


def test_proxies_are_not_touched() -> None:
    """What a proxy stands for is neither set up nor asked."""
    werkzeug = pytest.importorskip("werkzeug.local")
    wrapt = pytest.importorskip("wrapt")

    def trap() -> Any:
        raise AssertionError

    class Trap:
        def __repr__(self) -> str:
            return trap()

    for value in (werkzeug.LocalProxy(trap), wrapt.ObjectProxy(Trap()), wrapt.LazyObjectProxy(trap)):
        assert "Proxy object at 0x" in RENDERER.text([value])


def test_namespaces_follow_what_they_hold() -> None:
    """A shape of attributes that has code of its own gives the text that a fresh renderer gives."""
    value = SimpleNamespace(name="a", token="t0ken-t0ken", size=1, _inner=None)
    states: list[dict[str, Any]] = [{}, {"size": True}, {"name": None}, {"name": ["x"]}, {"more": value}, {"_inner": 2}]
    renderer = Renderer()
    for state in states:
        value.__dict__.update(state)
        assert {renderer.text(value) for _ in range(200)} == {Renderer().text(value)}
        assert "t0ken" not in renderer.text(value)
    value.__dict__.clear()
    assert renderer.text(value) == "namespace()"
