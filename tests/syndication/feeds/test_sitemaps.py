"""Sitemaps: every public story once, the news of two days, and no file above the limit."""

from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from app.api.delivery import sitemaps
from app.settings import Settings
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.syndication.feeds.feed_parsers import fetch, locations

SITE = "https://site.example"
API = "https://api.example"
SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment with configured addresses."""
    return Settings(
        database_url=database_url,
        public_url=API,
        story_url=SITE + "/{slug}",
        site_name="The Site",
    )


def whole(client: TestClient) -> list[str]:
    """Return every address that the index leads to."""
    parts = [location.removeprefix(API) for location in locations(client, "/sitemap.xml")]
    return [address for part in parts for address in locations(client, part)]


def test_the_sitemap_index_contains_every_story(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    for title, at in (
        ("old", "1999-12-31T23:59:59.999Z"),
        ("january", "2026-01-01T00:00:00Z"),
        ("ancient", "1969-07-20T20:17:40Z"),
        ("soon", "2026-11-22T13:00:00Z"),
    ):
        newsroom.story(title, published_at=at)
    newsroom.article("draft")
    assert locations(client, "/sitemap.xml") == [
        f"{API}/sitemap-{month}.xml" for month in ("1969-07", "1999-12", "2026-01")
    ]
    assert whole(client) == [f"{SITE}/{slug}" for slug in ("ancient", "old", "january")]
    clock.advance(hours=1)
    assert f"{SITE}/soon" in whole(client)
    assert client.get("/sitemap-2026-02.xml").status_code == 404


def test_a_sitemap_without_stories_is_empty(client: TestClient) -> None:
    root = ElementTree.fromstring(fetch(client, "/sitemap-news.xml"))
    assert root.tag == "{http://www.sitemaps.org/schemas/sitemap/0.9}urlset"
    assert list(root) == []
    assert whole(client) == []


@SQLITE
def test_a_long_month_has_parts(
    newsroom: Newsroom, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemaps, "_ARCHIVE_PART", 2)
    for number in range(5):
        newsroom.story(f"Story {number}", published_at=f"2026-01-0{number + 1}T00:00:00Z")
    names = ("2026-01", "2026-01-2", "2026-01-3")
    assert locations(client, "/sitemap.xml") == [f"{API}/sitemap-{name}.xml" for name in names]
    assert whole(client) == [f"{SITE}/story-{number}" for number in range(5)]
    assert client.get("/sitemap-2026-01-4.xml").status_code == 404


def test_news_sitemaps_contain_two_days(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    newsroom.story("Bees & kings", language="zh-Hant", published_at="2026-11-20T12:00:00Z")
    newsroom.story("old", published_at="2026-11-20T11:59:59Z")
    body = fetch(client, "/sitemap-news.xml")
    (news,) = [
        element for element in ElementTree.fromstring(body).iter() if element.tag.endswith("}news")
    ]
    elements = {element.tag.rpartition("}")[2]: element.text for element in news.iter()}
    assert (elements["name"], elements["language"]) == ("The Site", "zh-tw")
    assert (elements["title"], elements["publication_date"]) == (
        "Bees & kings",
        "2026-11-20T12:00:00Z",
    )
    clock.advance(seconds=1)
    # Nothing was written; the cached response expires.
    assert locations(client, "/sitemap-news.xml") == []


@SQLITE
def test_many_news_stories_have_a_sitemap_index(
    newsroom: Newsroom, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemaps, "_NEWS_PART", 2)
    for number in range(5):
        newsroom.story(f"Story {number}", published_at=f"2026-11-22T0{number}:00:00Z")
    parts = locations(client, "/sitemap-news.xml")
    assert parts == [f"{API}/sitemap-news-{number}.xml" for number in (1, 2, 3)]
    listed = [location for part in parts for location in locations(client, part.removeprefix(API))]
    assert listed == [f"{SITE}/story-{number}" for number in (4, 3, 2, 1, 0)]
    assert client.get("/sitemap-news-4.xml").status_code == 404


@SQLITE
def test_sitemaps_are_cached_and_revalidated(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.story()
    for path in ("/sitemap.xml", "/sitemap-2026-11.xml", "/sitemap-news.xml"):
        answer = client.get(path)
        assert answer.headers["content-type"] == "application/xml"
        again = client.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
