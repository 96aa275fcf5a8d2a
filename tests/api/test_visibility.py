"""Hidden stories are on no public route, and time takes effect without a worker."""

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.worker import log_due_changes
from tests.api.reading import fill_path, public_paths, read, titles
from tests.clock import HandClock
from tests.newsroom import Newsroom

SECRET = "Zanzibar"


@pytest.fixture
def hidden_stories(newsroom: Newsroom, clock: HandClock) -> list[dict[str, str]]:
    """A story in each hidden state, and a public one."""
    public = newsroom.story("Public")
    kinds = {
        "draft": newsroom.article(f"{SECRET} draft", language="fr", translation_of=public["id"]),
        "scheduled": newsroom.story(f"{SECRET} scheduled", published_at="2026-12-01T00:00:00Z"),
        "embargoed": newsroom.story(f"{SECRET} embargoed", embargo_until="2026-12-01T00:00:00Z"),
        "expired": newsroom.story(f"{SECRET} expired", expires_at="2026-11-22T12:00:30Z"),
        "over": newsroom.story(f"{SECRET} over", expires_at="2020-01-01T00:00:00Z"),
        "unpublished": newsroom.verb(newsroom.story(f"{SECRET} unpublished"), "unpublish"),
        "deleted": newsroom.story(f"{SECRET} deleted"),
    }
    newsroom.delete(kinds["deleted"])
    ahead = newsroom.story("Ahead")
    newsroom.patch(ahead, title=f"{SECRET} ahead", body=SECRET)
    clock.advance(minutes=1)
    return list(kinds.values())


def test_hidden_stories_are_on_no_public_route(
    hidden_stories: list[dict[str, str]], client: TestClient
) -> None:
    for path in public_paths():
        refs = [story[name] for story in hidden_stories for name in ("id", "slug")]
        for ref in refs if "{" in path else [""]:
            answer = client.get(fill_path(path, ref))
            assert SECRET not in answer.text, path
            assert "{ref}" not in path or answer.status_code == 404, path


def test_hidden_stories_are_in_no_list_and_no_count(
    hidden_stories: list[dict[str, str]], client: TestClient
) -> None:
    ids = ",".join(story["id"] for story in hidden_stories)
    for query in ("", "?sort=published_at", "?updated_after=2020-01-01", "?language=en"):
        assert sorted(titles(client, f"/v1/headlines{query}")) == ["Ahead", "Public"]
    page = read(client, f"/v1/articles?include=body&count=exact&ids={ids}")
    assert (page["data"], page["page"]["count"]) == ([], 0)
    assert read(client, "/v1/articles/public")["translations"] == []


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_hidden_story_gets_the_same_404_as_an_unknown_one(
    hidden_stories: list[dict[str, str]], client: TestClient
) -> None:
    other = client.get("/v1/articles/no-such-story")
    for story in hidden_stories:
        answer = client.get(f"/v1/articles/{story['slug']}")
        same = {"request_id": None}
        assert answer.json() | same == other.json() | same
        assert set(answer.headers) == set(other.headers)


def test_a_scheduled_story_is_published_on_time_without_a_worker(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    story = newsroom.story("Soon", published_at="2026-11-22T13:00:00Z")
    assert story["state"] == "scheduled"
    clock.advance(minutes=59, seconds=59)
    assert titles(client) == []
    clock.advance(seconds=1)
    assert titles(client) == ["Soon"]
    assert newsroom.call("GET", "/articles/soon").json()["state"] == "published"


def test_an_embargo_hides_a_story(newsroom: Newsroom, client: TestClient, clock: HandClock) -> None:
    story = newsroom.story("Held", embargo_until="2026-11-22T13:00:00Z")
    assert story["published_at"] == "2026-11-22T13:00:00Z"
    assert titles(client) == []
    clock.advance(hours=1)
    assert titles(client) == ["Held"]


def test_a_story_expires_on_time_without_a_worker(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    newsroom.story("Brief", expires_at="2026-11-22T13:00:00Z")
    clock.advance(minutes=59, seconds=59)
    assert titles(client) == ["Brief"]
    clock.advance(seconds=1)
    assert titles(client) == []
    assert client.get("/v1/articles/brief").status_code == 404
    assert newsroom.call("GET", "/articles/brief").json()["state"] == "expired"


def test_a_public_story_stays_public_when_the_clock_is_set_back(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    newsroom.story("Out")
    newsroom.story("Soon", published_at="2026-11-22T13:00:00Z")
    clock.advance(hours=2)
    assert log_due_changes(services) == 1
    clock.advance(days=-1)
    assert titles(client) == ["Soon", "Out"]
    assert client.get("/v1/articles/soon").status_code == 200


def test_the_worker_does_not_change_what_readers_see(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    newsroom.story("Soon", published_at="2026-11-22T13:00:00Z")
    newsroom.story("Brief", expires_at="2026-11-22T13:00:00Z")
    clock.advance(hours=2)
    before = client.get("/v1/articles?include=body").content
    assert log_due_changes(services) == 2
    assert client.get("/v1/articles?include=body").content == before
    assert log_due_changes(services) == 0


def test_the_working_copy_is_not_public_until_it_is_published(
    newsroom: Newsroom, client: TestClient
) -> None:
    edited = newsroom.patch(newsroom.story("First"), title="Second")
    assert (edited["status"], edited["version"], edited["published_version"]) == ("draft", 2, 1)
    assert (titles(client), read(client, "/v1/articles/first")["version"]) == (["First"], 1)
    newsroom.verb(edited, "publish")
    assert (titles(client), read(client, "/v1/articles/first")["version"]) == (["Second"], 3)
