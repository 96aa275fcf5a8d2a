"""The log loses its last rows, and other rows get their serials: every client notices it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.delivery import store
from app.delivery.log_follower import LogFollower
from app.search.index_updater import IndexUpdater
from app.settings import Settings
from tests.api.reading import read, titles
from tests.clock import HandClock
from tests.conftest import embargo_key
from tests.newsroom import Newsroom
from tests.rewinding import Copy
from tests.sync.offline_app import OfflineApp

UNTIL = "2026-12-24T09:00:00Z"


@pytest.fixture
def partner_headers(services: Services) -> dict[str, str]:
    """A key with embargo access, which is also in the copy."""
    return embargo_key(services)


class LogLoss:
    """Everything that is written after its creation is lost with `happen`."""

    def __init__(self, copy: Copy, services: Services, stories: list[dict[str, Any]]) -> None:
        self.stories = stories
        self._copy = copy
        self._services = services

    def lose_rows(self) -> None:
        """Restore the earlier state."""
        self._copy.restore()
        # On PostgreSQL a process does this when it listens again.
        self._services.watch.announce()


@pytest.fixture
def loss(
    settings: Settings,
    services: Services,
    newsroom: Newsroom,
    partner_headers: dict[str, str],
    tmp_path: Path,
) -> Iterator[LogLoss]:
    """A newsroom with a source and two stories, which remain after the loss."""
    newsroom.source("Wire")
    stories = [newsroom.story(f"Rain {name}", source="wire", tags=["a"]) for name in "AB"]
    copy = Copy(settings.database_url, tmp_path)
    yield LogLoss(copy, services, stories)
    copy.close()


def list_refusals(
    client: TestClient, cursor: str, headers: dict[str, str] | None = None
) -> set[str]:
    """Return how a cursor is refused on every path."""
    answers = [
        client.get(f"/v1/changes?cursor={cursor}", headers=headers),
        client.get(f"/v1/changes?cursor={cursor}&wait=30", headers=headers),
        client.get(f"/v1/stream?cursor={cursor}", headers=headers),
        client.get("/v1/stream", headers={**(headers or {}), "last-event-id": cursor}),
    ]
    assert {answer.status_code for answer in answers} == {410}, answers[0].text
    return {answer.json()["code"] for answer in answers}


def edit(newsroom: Newsroom, story: dict[str, Any], times: int) -> dict[str, Any]:
    for number in range(times):
        story = newsroom.patch(story, title=f"Rain {number}", status="published")
    return story


def test_a_kill_with_the_serial_of_a_lost_row_is_seen(
    newsroom: Newsroom, client: TestClient, loss: LogLoss
) -> None:
    first, second = loss.stories
    edit(newsroom, second, 3)
    paths = [f"/v1/articles/{first['id']}", "/v1/headlines", "/v1/articles?tag=a"]
    for path in paths:
        assert client.get(path).status_code == 200
    loss.lose_rows()
    newsroom.verb(first, "kill", notice="Withdrawn.")
    assert client.get(paths[0]).status_code == 410
    for path in paths[1:]:
        assert titles(client, path) == ["Rain B"]


def test_lost_changes_are_not_served_from_the_cache(
    newsroom: Newsroom, client: TestClient, loss: LogLoss
) -> None:
    first, _ = loss.stories
    newsroom.verb(first, "unpublish")
    assert client.get(f"/v1/articles/{first['id']}").status_code == 404
    assert titles(client, "/v1/headlines") == ["Rain B"]
    loss.lose_rows()
    assert client.get(f"/v1/articles/{first['id']}").status_code == 200
    assert sorted(titles(client, "/v1/headlines")) == ["Rain A", "Rain B"]


@pytest.mark.parametrize("times", [1, 2])
def test_lost_sources_leave_the_cached_directory(
    times: int, newsroom: Newsroom, client: TestClient, loss: LogLoss
) -> None:
    path = "/v1/sources/wire"
    before = newsroom.call("GET", "/sources/wire").json()
    changed = before
    for _ in range(times):
        changed = newsroom.patch(changed, "sources", name=f"Lost {changed['version']}")
    assert read(client, path)["name"] == changed["name"]
    assert read(client, "/v1/headlines")["data"][0]["source"]["name"] == changed["name"]
    loss.lose_rows()
    newsroom.patch(before, "sources", name="Kept")
    assert read(client, path)["name"] == "Kept"
    assert read(client, "/v1/headlines")["data"][0]["source"]["name"] == "Kept"


def test_a_tag_with_the_serial_of_a_lost_row_is_known(
    newsroom: Newsroom, client: TestClient, loss: LogLoss
) -> None:
    edit(newsroom, loss.stories[0], 2)
    assert client.get("/feeds/tags/zoo-park.json").json()["items"] == []
    loss.lose_rows()
    newsroom.story("Tagged", tags=["Zoo & Park"])
    items = client.get("/feeds/tags/zoo-park.json").json()["items"]
    assert [element["title"] for element in items] == ["Tagged"]


@pytest.mark.parametrize("lost", [1, 3])
def test_the_search_index_is_rebuilt_after_lost_rows(
    lost: int, newsroom: Newsroom, client: TestClient, services: Services, loss: LogLoss
) -> None:
    path = "/v1/search?q=rain&limit=50"
    follower = IndexUpdater(services.index, services.delivery)
    for number in range(lost):
        newsroom.story(f"Rain lost {number}")
    while follower.step():
        pass
    assert len(titles(client, path)) == 2 + lost
    loss.lose_rows()
    newsroom.story("Rain new")
    expected = ["Rain A", "Rain B", "Rain new"]
    assert set(titles(client, path)) <= set(expected)
    assert "Rain new" in titles(client, path)
    while follower.step():
        pass
    assert sorted(titles(client, path)) == expected
    assert services.search.position().serial == services.delivery.load_log_state().serial
    assert services.index.reader().count() == len(expected)
    follower.close()


@pytest.mark.parametrize("later", [0, 1, 3])
@pytest.mark.parametrize("filters", ["", "tag=a"])
def test_a_cursor_of_a_lost_row_is_answered_410(
    filters: str, later: int, newsroom: Newsroom, client: TestClient, loss: LogLoss
) -> None:
    """Now the log is shorter, or has another row there, or more rows after that."""
    _, second = loss.stories
    app = OfflineApp(client, filters)
    app.catch_up()
    cursor = app.cursor
    edit(newsroom, second, 1)
    assert len(app.catch_up()) == 1
    loss.lose_rows()
    if later:
        edit(newsroom, loss.stories[0], later)
    assert list_refusals(client, app.cursor) == {"cursor_too_old"}
    assert client.get(f"/v1/changes?cursor={cursor}").status_code == 200
    app.catch_up()
    assert app.refusals == ["cursor_too_old"]
    assert app.list_stories() == app.load_expected()


def test_cursors_inside_a_page_are_answered_410(
    newsroom: Newsroom, client: TestClient, loss: LogLoss
) -> None:
    following = OfflineApp(client)
    following.catch_up()
    for story in loss.stories:
        edit(newsroom, story, 1)
    assert following.step(limit=1)
    taking = OfflineApp(client)
    assert taking.step(limit=1)
    loss.lose_rows()
    edit(newsroom, loss.stories[0], 2)
    for app in (following, taking):
        assert list_refusals(client, app.cursor) == {"cursor_too_old"}


def test_a_cursor_of_lost_embargo_rows_is_answered_410(
    newsroom: Newsroom, client: TestClient, partner_headers: dict[str, str], loss: LogLoss
) -> None:
    headers = partner_headers
    public, partner = OfflineApp(client), OfflineApp(client, headers=headers)
    for app in (public, partner):
        app.catch_up()
    before = partner.cursor
    newsroom.story("Lost", embargo_until=UNTIL)
    assert (len(public.catch_up()), len(partner.catch_up())) == (0, 1)
    loss.lose_rows()
    newsroom.story("Other", embargo_until=UNTIL)
    assert list_refusals(client, partner.cursor, headers) == {"cursor_too_old"}
    assert client.get(f"/v1/changes?cursor={before}", headers=headers).status_code == 200
    assert public.catch_up() == []
    partner.catch_up()
    assert partner.list_stories() == partner.load_expected()


def test_cursors_without_lost_rows_still_work(
    newsroom: Newsroom, client: TestClient, services: Services, loss: LogLoss
) -> None:
    index = IndexUpdater(services.index, services.delivery)
    while index.step():
        pass
    position = services.search.position()
    app = OfflineApp(client)
    app.catch_up()
    etag = client.get("/v1/headlines").headers["etag"]
    loss.lose_rows()
    assert client.get("/v1/headlines").headers["etag"] == etag
    assert app.catch_up() == []
    assert not index.step()
    assert services.search.position() == position
    edit(newsroom, loss.stories[0], 1)
    assert len(app.catch_up()) == 1
    assert app.refusals == []
    index.close()


def test_a_follower_beyond_the_end_of_the_log_returns_to_the_end(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    follower = LogFollower(services.database, clock, "a follower")
    received: list[str] = []

    def take(rows: Any) -> bool:
        received.extend(row.id for row in rows)
        return True

    follower.follow(take)
    with services.database.write() as session:
        store.move_follower(session, "a follower", 1_000, clock.now())
    follower.follow(take)
    story = newsroom.story("Story")
    follower.follow(take)
    assert received == [story["id"]]
    assert follower.count_waiting() == 0


def test_cursors_without_marks_are_answered_410(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    """Earlier versions issued them: the rows before them may have been lost."""
    newsroom.story("Out")
    app = OfflineApp(client)
    app.catch_up()
    digest, nothing = services.sync_cursors.read(app.cursor)[1], [[], [[None, None], [None, None]]]
    old = [
        [1, *nothing, "log", 0, 0, 0],
        [1, *nothing, "all", 1, "source", "", None],
        [2, *nothing, 1, "log", 0, 0, 0, 0, 0, 0],
        [3, digest, *nothing, "log", 1, 1, 1],
    ]
    for value in old:
        assert list_refusals(client, services.sync_cursors.sign(value)) == {"cursor_too_old"}
