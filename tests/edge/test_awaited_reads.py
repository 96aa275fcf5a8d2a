"""Reads on PostgreSQL: one asynchronous statement, or a thread for anything that takes more."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from starlette.testclient import TestClient

from app.api.app import create_app
from app.api.delivery import respond
from app.bootstrap import Services, bootstrap
from app.settings import Settings
from tests.client import make_client
from tests.clock import HandClock
from tests.conftest import embargo_key
from tests.databases import count_queries
from tests.newsroom import Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["postgresql"])


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Nothing is cached, so each response is computed."""
    return Settings(database_url=database_url, cache_bytes=0)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The queries that were answered in a worker thread."""
    queries: list[bytes] = []
    run_for = respond.run_for

    async def run_and_note(services: object, request: object, work: object) -> object:
        queries.append(request.query)  # type: ignore[attr-defined]
        return await run_for(services, request, work)  # type: ignore[arg-type]

    monkeypatch.setattr(respond, "run_for", run_and_note)
    return queries


@contextmanager
def _other(services: Services, clock: HandClock) -> Iterator[TestClient]:
    """Another process on the same database."""
    with (
        closing(bootstrap(services.settings, clock=clock)) as other,
        make_client(create_app(other), base_url="http://testserver") as client,
    ):
        yield client


def _titles(client: TestClient, path: str, **headers: str) -> list[str]:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return [story["title"] for story in answer.json()["data"]]


def test_a_list_and_a_story_take_one_statement_and_no_thread(
    newsroom: Newsroom, client: TestClient, services: Services, threads: list[bytes]
) -> None:
    newsroom.category("World")
    for number in range(3):
        newsroom.story(f"Story {number}", categories=["world"], tags=["t"], body="<p>B.</p>")
    paths = [
        "/v1/headlines?limit=2",
        "/v1/headlines?category=world",
        "/v1/headlines?tag=nothing",
        "/v1/headlines?author=Nobody&kind=news&sort=updated_at",
        "/v1/articles?include=body&category=world&language=en",
        "/v1/articles/story-1",
    ]
    client.get("/v1/headlines")
    threads.clear()
    for path in paths:
        client.get(path)
        with count_queries(services.database) as sent:
            assert client.get(path).status_code == 200
        assert len(sent) == 1, (path, sent)
    assert threads == []


def test_an_empty_list_has_the_serial_of_the_log(client: TestClient, newsroom: Newsroom) -> None:
    before = int(client.get("/v1/headlines?tag=none").headers["dateline-serial"])
    newsroom.story("A story")
    answer = client.get("/v1/headlines?tag=none")
    assert answer.json()["data"] == []
    assert int(answer.headers["dateline-serial"]) > before


def test_pages_have_the_same_order_in_both_directions(
    client: TestClient, newsroom: Newsroom
) -> None:
    """Stories with the same instant are in the order of their ids."""
    for number in range(5):
        newsroom.story(f"Story {number}")
    listed = _titles(client, "/v1/headlines")
    page = client.get("/v1/headlines?limit=2").json()["page"]
    second = client.get(f"/v1/headlines?limit=2&cursor={page['next']}").json()
    assert [story["title"] for story in second["data"]] == listed[2:4]
    first = _titles(client, f"/v1/headlines?limit=2&cursor={second['page']['prev']}")
    assert first == listed[:2]
    assert _titles(client, "/v1/headlines?sort=published_at") == listed[::-1]


def test_writes_of_another_process_are_visible(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    newsroom.source("The Post")
    newsroom.story("Old", source="the-post")
    with _other(services, clock) as other:
        assert _titles(other, "/v1/headlines") == ["Old"]
        newsroom.category("World")
        newsroom.story("New", categories=["world"], source="the-post")
        assert _titles(other, "/v1/headlines?category=world") == ["New"]
        source = newsroom.call("GET", "/sources/the-post").json()
        newsroom.patch(source, "sources", name="Mail")
        listed = other.get("/v1/headlines?limit=1").json()["data"]
        assert listed[0]["source"]["name"] == "Mail"
        assert other.get("/v1/articles/new").json()["source"]["name"] == "Mail"


def test_errors_and_missing_stories_are_answered_as_on_other_paths(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    story = newsroom.story("A story")
    assert client.get("/v1/headlines?category=none").json()["code"] == "bad_parameter"
    assert client.get("/v1/headlines?limit=0").status_code == 400
    assert client.get("/v1/articles/none").status_code == 404
    assert client.get(f"/v1/articles/{story['id']}").json()["title"] == "A story"
    assert client.get("/v1/headlines?count=exact").json()["page"]["count"] == 1
    assert _titles(client, "/v1/headlines", **embargo_key(services)) == ["A story"]
