"""Answers that are ready: for whom they are, and when they go."""

import logging
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api.edge.entry import Entry, Facts, Name
from app.api.edge.ready import Ready, ReadyAnswers, is_anybodys, told_apart
from app.api.edge.store import EntryStore, Key
from app.api.metrics import Tally
from app.bootstrap import Services
from app.settings import Settings
from tests.clock import HandClock
from tests.databases import counted_queries
from tests.newsroom import Newsroom

KEY: Key = ("/v1/headlines", b"", False)


def _entry(*keys: str) -> Entry:
    return Entry.of(200, [], b"[]", Facts(1, keys, None), "/v1/headlines")


def _ready(entry: Entry) -> Ready:
    return Ready(200, [], {}, None, entry, Tally())


def _name(path: str = "/v1/headlines", query: bytes = b"", **headers: str) -> Name:
    fields = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    scope: dict[str, Any] = {"path": path, "query_string": query, "headers": fields}
    name, _ = told_apart({**scope, "raw_path": path.encode()})
    assert told_apart(scope)[0] == name, "servers may leave the raw path out"
    return name


def test_requests_are_told_apart_by_all_that_an_answer_depends_on() -> None:
    names = [
        _name(),
        _name("/v1/articles"),
        _name(query=b"limit=1"),
        _name(host="a"),
        _name(host="b"),
        _name(accept_encoding="gzip"),
        _name(if_none_match="gzip"),
        _name(if_modified_since="gzip"),
        _name(origin="gzip"),
        _name(origin="", host="a"),
        _name(authorization="Bearer a"),
        _name(x_api_key="a"),
    ]
    assert len(set(names)) == len(names)


def test_requests_are_not_told_apart_by_anything_else() -> None:
    assert _name(host="a", user_agent="x", cookie="y", x_request_id="z") == _name(host="a")


def test_who_has_a_key_or_names_no_host_is_looked_at_each_time() -> None:
    assert is_anybodys([b"host", b"accept"])
    for asked in ([b"accept"], [b"host", b"authorization"], [b"host", b"x-api-key"]):
        assert not is_anybodys(asked)


def test_what_is_ready_goes_with_its_entry() -> None:
    store = EntryStore(100_000)
    entry = _entry("story:1")
    store.put(KEY, entry)
    store.make_ready(b"a", KEY, _ready(entry))
    assert store.ready.get(b"a") is not None
    store.drop_showing(["story:1"])
    assert store.ready.get(b"a") is None


def test_nothing_is_ready_of_what_is_not_kept() -> None:
    store = EntryStore(100_000)
    entry, newer = _entry(), _entry()
    store.make_ready(b"a", KEY, _ready(entry))
    store.put(KEY, newer)
    store.make_ready(b"a", KEY, _ready(entry))
    assert store.ready.get(b"a") is None
    store.make_ready(b"a", KEY, _ready(newer))
    store.put(KEY, entry)
    assert store.ready.get(b"a") is None


def test_names_are_bounded_for_an_entry_in_all_and_in_length() -> None:
    answers, entry = ReadyAnswers(), _entry()
    for number in range(1_000):
        answers.put(b"%d" % number, _ready(entry))
        assert answers.get(b"%d" % number) is not None
    assert len(entry.names) <= 50
    for number in range(25_000):
        answers.put(b"%d" % number, _ready(_entry()))
    assert sum(answers.get(b"%d" % number) is not None for number in range(25_000)) <= 10_000
    answers.put(b"x" * 5_000, _ready(entry))
    assert answers.get(b"x" * 5_000) is None


@pytest.fixture
def told(newsroom: Newsroom, clock: HandClock) -> None:
    """A story a minute old."""
    newsroom.story(body="<p>" + "word " * 300 + "</p>")
    clock.advance(minutes=1)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_answer_from_memory_has_the_id_that_the_request_was_given(
    told: None, client: TestClient
) -> None:
    seen = [
        client.get("/v1/headlines", headers={"x-request-id": id_}).headers["x-request-id"]
        for id_ in ("a-1", "a-2", "a-2", "a b", "a b")
    ]
    assert seen[:3] == ["a-1", "a-2", "a-2"]
    assert len({"a b", *seen[3:]}) == 3


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_ready_answer_is_for_one_kind_of_request_alone(told: None, client: TestClient) -> None:
    path = "/v1/articles/a-title"
    tag = client.get(path).headers["etag"]
    for _ in range(3):
        assert client.get(path).status_code == 200
        assert client.get(path, headers={"if-none-match": tag}).status_code == 304
        assert client.head(path).content == b""
        assert client.post(path).status_code == 405
        assert client.get(path, headers={"x-api-key": "wrong"}).status_code == 401
        assert client.get(path, headers={"accept-encoding": "identity"}).headers["etag"] != tag


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_head_makes_nothing_ready_for_a_get(told: None, client: TestClient) -> None:
    assert client.head("/v1/headlines").content == b""
    assert client.get("/v1/headlines").json()["data"]


def test_what_was_ready_before_something_was_scheduled_ends_at_it(
    told: None, newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    codings = ({"accept-encoding": "gzip"}, {"accept-encoding": "br"})
    for headers in codings:
        assert len(client.get("/v1/headlines", headers=headers).json()["data"]) == 1
    newsroom.story("Later", published_at="2026-11-22T13:00:00Z")
    client.get("/v1/headlines", headers=codings[0])
    clock.advance(hours=1)
    for headers in reversed(codings):
        assert len(client.get("/v1/headlines", headers=headers).json()["data"]) == 2


def test_an_answer_to_a_key_outlives_no_key(
    told: None, newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    fields = {"name": "app", "scopes": ["read"], "expires_at": "2026-11-22T13:00:00Z"}
    headers = {"x-api-key": newsroom.call("POST", "/keys", json=fields).json()["key"]}
    for _ in range(3):
        assert client.get("/v1/headlines", headers=headers).status_code == 200
    clock.advance(hours=1)
    assert client.get("/v1/headlines", headers=headers).status_code == 401


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_what_is_answered_from_memory_is_counted(told: None, client: TestClient) -> None:
    for _ in range(3):
        client.get("/v1/headlines")
        client.get("/v1/headlines", headers={"if-none-match": "*"})
        client.get("/v1/articles/none")
    counted = 'dateline_requests_total{method="GET",route="%s",status="%d"} 3.0'
    for _ in range(2):
        text = client.get("/metrics").text
        assert counted % ("/v1/headlines", 200) in text
        assert counted % ("/v1/headlines", 304) in text
        assert counted % ("/v1/articles/{ref}", 404) in text


class TestWhereAllIsLogged:
    """`DATELINE_ACCESS_LOG=all`."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        """Log all of it."""
        return Settings(database_url=database_url, access_log="all")

    @pytest.mark.parametrize("dialect", ["sqlite"])
    def test_answers_from_memory_are_logged(
        self, told: None, client: TestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        client.get("/v1/headlines")
        with caplog.at_level(logging.INFO, "dateline.access"):
            for _ in range(2):
                client.get("/v1/headlines")
        assert [one.getMessage() for one in caplog.records if one.name == "dateline.access"] == [
            "GET /v1/headlines 200 from memory"
        ] * 2


class TestWhereMemoryIsScarce:
    """Room for some twenty answers."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        """Keep little."""
        return Settings(database_url=database_url, cache_bytes=50_000)

    @pytest.mark.parametrize("dialect", ["sqlite"])
    def test_what_is_asked_for_again_and_again_stays(
        self, told: None, client: TestClient, services: Services
    ) -> None:
        client.get("/v1/headlines")
        for number in range(100):
            with counted_queries(services.database) as sent:
                client.get("/v1/headlines")
            assert sent == [], number
            client.get(f"/v1/articles/none-{number}")
