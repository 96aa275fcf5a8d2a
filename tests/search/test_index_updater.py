"""How the index follows the log: in steps, from its position to the end of the log."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from app import worker
from app.bootstrap import Services
from app.delivery.snapshot import open_snapshot
from app.search.index import IndexPosition
from app.search.index_updater import IndexUpdater
from app.search.queries import Search, SearchAnswer, SearchQuery
from app.worker import Indexer, log_due_changes
from tests.api.reading import read, titles
from tests.clock import HandClock
from tests.newsroom import Newsroom

Follow = Callable[[], None]


def _head(services: Services) -> int:
    return services.delivery.load_log_state().serial


def test_the_index_catches_up_with_the_log(
    newsroom: Newsroom, services: Services, follow: Follow
) -> None:
    follow()
    assert services.search.position() == IndexPosition(complete=True)
    stories = [newsroom.story(f"Rain {number}") for number in range(3)]
    follow()
    newsroom.verb(stories[0], "unpublish")
    newsroom.article("A draft")
    newsroom.story("Later", published_at="2030-01-01T00:00:00Z")
    follow()
    assert services.search.status().stories == 2
    position = services.search.position()
    assert (position.serial, position.complete, dict(position.sources)) == (
        _head(services),
        True,
        {},
    )


def test_small_steps_lead_to_the_same_index(
    newsroom: Newsroom,
    services: Services,
    follower: IndexUpdater,
    monkeypatch: pytest.MonkeyPatch,
    client: TestClient,
) -> None:
    monkeypatch.setattr("app.search.index_updater._ROWS", 2)
    monkeypatch.setattr("app.search.index_updater._PAGE", 2)
    monkeypatch.setattr("app.search.index_updater._FIRST_PAGES", 1)
    monkeypatch.setattr("app.search.index_updater._MOST_PAGES", 1)
    source = newsroom.source("Evening Herald")
    for number in range(7):
        newsroom.story(f"Rain {number}", source=source["id"], published_at="2026-01-01T00:00:00Z")
    assert follower.step()
    building = services.search.position()
    assert not building.complete
    assert building.older_than is not None
    assert read(client, "/v1/search?q=rain")["complete"] is False
    assert read(client, "/readyz")["index"] == "is being built"
    newsroom.story("Rain 7")
    steps = 1
    while follower.step():
        steps += 1
    assert steps >= 3
    assert services.search.status().stories == 8
    newsroom.patch(source, "sources", name="Morning Courier")
    follower.step()
    assert len(services.search.position().sources) == 1
    while follower.step():
        pass
    assert len(titles(client, "/v1/search?q=courier")) == 7
    assert read(client, "/readyz")["index"] == "follows"


def test_another_updater_continues_an_unfinished_index(
    newsroom: Newsroom, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.search.index_updater._PAGE", 2)
    monkeypatch.setattr("app.search.index_updater._FIRST_PAGES", 1)
    stories = [newsroom.story(f"Rain {number}") for number in range(6)]
    first = IndexUpdater(services.index, services.delivery)
    first.step()
    first.close()
    status = services.search.status()
    assert (status.built, status.stories) == (False, 2)
    newsroom.verb(stories[0], "unpublish")
    newsroom.patch(stories[5], title="Snow", status="published")
    second = IndexUpdater(services.index, services.delivery)
    while second.step():
        pass
    second.close()
    assert services.search.status().stories == 5
    assert list(services.search.flaws()) == []


def test_a_scheduled_story_is_indexed_when_the_log_has_it(
    newsroom: Newsroom, services: Services, clock: HandClock, client: TestClient, follow: Follow
) -> None:
    newsroom.story("Rain soon", published_at="2026-11-22T13:00:00Z")
    clock.advance(hours=1)
    follow()
    assert services.search.status().stories == 0
    assert titles(client, "/v1/search?q=rain") == ["Rain soon"]
    clock.advance(hours=-1)
    assert titles(client, "/v1/search?q=rain") == []
    clock.advance(hours=1)
    log_due_changes(services)
    follow()
    assert services.search.status().stories == 1
    clock.advance(hours=-1)
    assert titles(client, "/v1/search?q=rain") == ["Rain soon"]


def test_a_position_of_another_log_is_detected(
    newsroom: Newsroom,
    services: Services,
    follow: Follow,
    follower: IndexUpdater,
    client: TestClient,
) -> None:
    newsroom.story("Rain")
    follow()
    follower.close()
    writer = services.index.writer()
    writer.save(replace(writer.position, mark=1))
    writer.close()
    assert titles(client, "/v1/search?q=rain&limit=50") == ["Rain"]
    follow()
    assert services.search.status().stories == 1
    with open_snapshot(services.delivery) as public:
        assert services.search.position().serial == public.log_state.serial


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_answers_are_cached_only_if_the_index_is_up_to_date(
    newsroom: Newsroom,
    client: TestClient,
    follow: Follow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed: list[SearchQuery] = []
    search = Search.search

    def search_and_note(self: Search, query: SearchQuery) -> SearchAnswer:
        computed.append(query)
        return search(self, query)

    monkeypatch.setattr(Search, "search", search_and_note)
    newsroom.story("Rain")
    for _ in range(2):
        client.get("/v1/search?q=rain")
    assert len(computed) == 2
    follow()
    for _ in range(3):
        client.get("/v1/search?q=rain&limit=20")
    assert len(computed) == 3
    newsroom.story("More rain")
    assert len(titles(client, "/v1/search?q=rain")) == 2
    assert len(computed) == 4


def test_the_updater_pauses_while_stories_are_published(
    newsroom: Newsroom, services: Services
) -> None:
    indexer = Indexer(services)
    try:
        while indexer._step() == 0.0:
            pass
        assert indexer._step() == worker._POLL_SECONDS
        newsroom.story("Rain")
        assert indexer._step() == worker._COMMIT_PAUSE
        assert services.search.position().serial == _head(services)
    finally:
        indexer.stop()
