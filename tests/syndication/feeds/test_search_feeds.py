"""Feeds of search results, newest first, in every format."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import feedparser
import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.search.index_updater import IndexUpdater
from app.settings import Settings
from tests.api.reading import read
from tests.newsroom import Newsroom
from tests.syndication.feeds.feed_parsers import FORMATS, fetch, ids, links, withdrawn

SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])
UNTIL = "2026-11-25T18:00:00Z"


@pytest.fixture
def follow(services: Services) -> Callable[[], None]:
    """Bring the index up to the end of the log."""

    def until_done() -> None:
        follower = IndexUpdater(services.index, services.delivery)
        while follower.step():
            pass
        follower.close()

    return until_done


@pytest.fixture
def rains(newsroom: Newsroom, follow: Callable[[], None]) -> dict[str, str]:
    """Stories of which some mention rain, the oldest ones most; ids by title."""
    newsroom.category("World")
    more: dict[str, dict[str, Any]] = {
        "Rain, rain, rain": {"body": "<p>Rain.</p>", "categories": ["world"]},
        "Une pluie": {"body": "<p>Il pleut : rain.</p>", "language": "fr"},
        "Snow": {"body": "<p>White.</p>"},
        "Storm": {"body": "<p>Wind and rain.</p>", "tags": ["Weather"]},
    }
    ids_by_title = {}
    for day, (title, fields) in enumerate(more.items(), 1):
        at = f"2026-01-0{day}T10:00:00Z"
        ids_by_title[title] = newsroom.story(title, published_at=at, **fields)["id"]
        if day == 3:
            follow()
    return ids_by_title


def test_a_search_feed_contains_the_results_newest_first(
    rains: dict[str, str], client: TestClient
) -> None:
    expected = [rains[title] for title in ("Storm", "Une pluie", "Rain, rain, rain")]
    for ext in FORMATS:
        path = f"/feeds/search.{ext}"
        assert ids(client, f"{path}?q=rain") == expected
        assert ids(client, f"{path}?q=rain&sort=published_at") == expected[::-1]
        assert ids(client, f"{path}?q=rain&language=fr") == [rains["Une pluie"]]
        assert ids(client, f"{path}?q=rain&category=-world&limit=1") == [rains["Storm"]]
        assert ids(client, f"{path}?q=nothing-like-it") == []


@SQLITE
def test_a_search_feed_without_query_equals_the_list_with_the_same_filters(
    rains: dict[str, str], client: TestClient
) -> None:
    for query in ("language=en", "tag=weather", "updated_after=2020-01-01", ""):
        assert ids(client, f"/feeds/search.json?{query}") == ids(
            client, f"/feeds/latest.json?{query}"
        )


@SQLITE
def test_the_title_of_a_search_feed_contains_the_query(
    rains: dict[str, str], client: TestClient
) -> None:
    typed = 'rain <b>"\x07 & ]]>'
    for ext in ("rss", "atom"):
        feed = feedparser.parse(fetch(client, f"/feeds/search.{ext}?q={quote(typed)}"))
        assert not feed.bozo
        assert feed.feed.title.startswith("Dateline: rain")


@SQLITE
def test_pages_contain_all_results(rains: dict[str, str], client: TestClient) -> None:
    path, entry_ids = "/feeds/search.atom?q=rain&limit=1", []
    while path:
        entry_ids += ids(client, path)
        link = client.get(path).headers["link"]
        before, there, _ = link.partition('>; rel="next"')
        path = before.rpartition("<")[2] if there else ""
    assert entry_ids == [rains[title] for title in ("Storm", "Une pluie", "Rain, rain, rain")]


@SQLITE
def test_a_cursor_belongs_to_its_query_and_filters(
    rains: dict[str, str], client: TestClient
) -> None:
    following = read(client, "/feeds/search.json?q=rain&limit=1")["next_url"]
    other = following.partition("/feeds")[2].replace("q=rain", "q=wind")
    assert client.get(f"/feeds{other}").json()["code"] == "bad_cursor"


@SQLITE
def test_a_killed_story_is_removed_and_named_as_withdrawn(
    rains: dict[str, str], newsroom: Newsroom, client: TestClient
) -> None:
    assert "prev-archive" not in links(client, "/feeds/search.atom?q=rain&limit=1")
    story = newsroom.call("GET", f"/articles/{rains['Storm']}").json()
    newsroom.verb(story, "kill", notice="Wrong.")
    assert rains["Storm"] not in ids(client, "/feeds/search.atom?q=rain")
    assert withdrawn(client, "/feeds/search.atom?q=rain") == [rains["Storm"]]


@SQLITE
def test_search_feeds_use_the_response_cache(
    rains: dict[str, str], client: TestClient, newsroom: Newsroom, follow: Callable[[], None]
) -> None:
    follow()
    path = "/feeds/search.rss?q=rain"
    answer = client.get(path)
    assert answer.headers["cache-control"].startswith("public, max-age=0, s-maxage=15")
    again = client.get(path, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"{path}&limit=20&sort=-published_at").content == answer.content
    newsroom.story("More rain")
    assert len(ids(client, path)) == 4


@SQLITE
def test_searches_link_to_their_feeds_and_accept_selects_them(
    rains: dict[str, str], client: TestClient
) -> None:
    query = "language=en&q=rain"
    link = client.get(f"/v1/search?{query}&facets=tag&sort=relevance").headers["link"]
    expected = f'</feeds/search.rss?{query}>; rel="alternate"; type="application/rss+xml"'
    assert expected in link
    headers = {"accept": "application/rss+xml"}
    answer = client.get(f"/v1/search?{query}", headers=headers)
    assert answer.content == fetch(client, f"/feeds/search.rss?{query}")
    assert answer.headers["content-location"] == f"/feeds/search.rss?{query}"


REFUSED = {
    "/feeds/search.rss?q=a&q=b": (400, "q"),
    "/feeds/search.rss?q=a&sort=relevance": (400, "sort"),
    "/feeds/search.rss?q=a&facets=tag": (400, "facets"),
    "/feeds/search.rsss?q=a": (404, "rss"),
    "/feeds/latest.rss?q=a": (400, "q"),
}


@SQLITE
def test_unsupported_parameters_are_refused(client: TestClient) -> None:
    for path, (status, word) in REFUSED.items():
        answer = client.get(path)
        assert (answer.status_code, word in answer.json()["detail"]) == (status, True), path


@SQLITE
def test_only_formats_that_mark_an_embargo_contain_embargoed_stories(
    newsroom: Newsroom, client: TestClient
) -> None:
    held = newsroom.story("Held rain", embargo_until=UNTIL)["id"]
    body = {"name": "partner", "scopes": ["read"], "embargoed": True}
    key = newsroom.call("POST", "/keys", json=body).json()["key"]
    entitled = {"authorization": f"Bearer {key}"}
    for ext in FORMATS:
        path = f"/feeds/search.{ext}?q=rain"
        tells = ext in {"ninjs", "newsml"}
        assert (held in fetch(client, path, **entitled).decode()) is tells
        assert held not in fetch(client, path).decode()


class TestHeadlines:
    """A deployment that shows only headlines to readers without a key."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(database_url=database_url, anonymous="headlines")

    @pytest.fixture(params=["sqlite"])
    def dialect(self, request: pytest.FixtureRequest) -> str:
        name: str = request.param
        return name

    def test_bodies_are_neither_searched_nor_shown(
        self, rains: dict[str, str], newsroom: Newsroom, client: TestClient
    ) -> None:
        path = "/feeds/search.json?q=rain"
        assert ids(client, path) == [rains["Rain, rain, rain"]]
        assert "content_html" not in read(client, path)["items"][0]
        whole = client.get(path, headers=newsroom.headers).json()["items"]
        assert (len(whole), "content_html" in whole[0]) == (3, True)


@SQLITE
def test_categories_have_names_in_the_requested_language(
    rains: dict[str, str], newsroom: Newsroom, client: TestClient
) -> None:
    world = newsroom.call("GET", "/categories/world").json()
    newsroom.patch(world, "categories", names={"fr": "Le monde"})
    # CSV contains slugs only.
    for ext in (name for name in FORMATS if name != "csv"):
        assert b"Le monde" in fetch(client, f"/feeds/search.{ext}?q=rain&names_in=fr"), ext
        assert b"Le monde" not in fetch(client, f"/feeds/search.{ext}?q=rain"), ext
    link_header = client.get("/v1/search?q=rain&names_in=fr").headers["link"]
    assert "</feeds/search.rss?names_in=fr&q=rain>" in link_header
