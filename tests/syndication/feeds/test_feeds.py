"""Feeds contain the stories of the lists, in every format, by path and by filter."""

import json

import feedparser
import pytest
from starlette.testclient import TestClient

from app.content.body_text import extract_text
from app.settings import Settings
from tests.api.reading import read
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.syndication.feeds.feed_parsers import FORMATS, STORY_FORMATS, fetch, ids

SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])


@pytest.fixture
def archive(newsroom: Newsroom) -> dict[str, str]:
    """A few stories in two categories, two sources and three languages; ids by title."""
    newsroom.source("The Post", url="https://post.example")
    newsroom.source("Courier")
    newsroom.category("World")
    newsroom.category("Africa", parent="world")
    newsroom.category("Sport")
    more = {
        "one": {"source": "the-post", "categories": ["africa"], "tags": ["Climate change"]},
        "two": {"source": "courier", "categories": ["sport"], "language": "fr-CA", "tags": ["R&D"]},
        "three": {
            "source": "the-post",
            "categories": ["world"],
            "language": "ar",
            "kind": "opinion",
        },
    }
    ids_by_title = {}
    for day, (title, fields) in enumerate(more.items(), 1):
        body = f"<p>Body of {title}. ]]> & 🐝 المغرب</p>"
        at = f"2026-01-0{day}T10:00:00Z"
        ids_by_title[title] = newsroom.story(title, published_at=at, body=body, **fields)["id"]
    return ids_by_title


@pytest.mark.parametrize("ext", FORMATS)
def test_a_feed_contains_the_newest_stories(
    ext: str, archive: dict[str, str], newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.article("draft")
    newest_first = list(archive.values())[::-1]
    assert ids(client, f"/feeds/latest.{ext}") == newest_first
    assert ids(client, f"/feeds/latest.{ext}?limit=1&sort=published_at") == newest_first[-1:]


PLACES = {
    "categories/world": ["three", "one"],
    "categories/africa": ["one"],
    "sources/the-post": ["three", "one"],
    "languages/fr": ["two"],
    "languages/fr-CA": ["two"],
    "languages/ar": ["three"],
    "tags/climate-change": ["one"],
    "tags/r-d": ["two"],
    "tags/nobody-knows": [],
}


def test_each_list_has_its_feed(archive: dict[str, str], client: TestClient) -> None:
    for place, titles in PLACES.items():
        for ext in ("rss", "csv"):
            expected = [archive[title] for title in titles]
            assert ids(client, f"/feeds/{place}.{ext}") == expected, place


QUERIES = (
    "category=world",
    "category=-sport",
    "source=courier,the-post&language=-ar",
    "tag=climate%20change",
    "kind=opinion",
    "published_after=2026-01-02",
    "published_before=2026-01-02",
    "updated_after=2026-01-02",
    "limit=2",
    "sort=published_at",
    "category=world&category=africa",
)


@pytest.mark.parametrize("query", QUERIES)
@SQLITE
def test_every_filter_of_the_lists_works_on_every_feed(
    query: str, archive: dict[str, str], client: TestClient
) -> None:
    expected = [story["id"] for story in read(client, f"/v1/headlines?{query}")["data"]]
    assert expected
    for ext in FORMATS:
        assert ids(client, f"/feeds/latest.{ext}?{query}") == expected, ext


@SQLITE
def test_filters_narrow_the_selection_of_the_path(
    archive: dict[str, str], client: TestClient
) -> None:
    path = "/feeds/sources/the-post.json"
    assert ids(client, f"{path}?language=ar") == [archive["three"]]
    assert ids(client, f"{path}?source=courier") == []


REFUSED = {
    "/feeds/latest.rss?categry=world": (400, "category"),
    "/feeds/latest.rss?category=wrld": (400, "world"),
    "/feeds/latest.rss?limit=1000": (400, "limit"),
    "/feeds/latest.rss?fields=title": (400, "fields"),
    "/feeds/latest.atmo": (404, "atom"),
    "/feeds/latest.json?cursor=x": (400, "cursor"),
    "/feeds/categories/wrld.rss": (404, "world"),
    "/feeds/sources/the-past.rss": (404, "the-post"),
    "/feeds/languages/not_a_tag.rss": (404, "not_a_tag"),
    "/feeds/nowhere.rss": (404, "/feeds/nowhere.rss"),
    "/v1/articles/one.nijs": (404, "ninjs"),
    "/v1/articles/nothing.ninjs": (404, "public"),
    "/v1/articles/one.ninjs?fields=title": (400, "fields"),
    "/sitemap-2026-13.xml": (404, "part"),
    "/sitemap.xml?limit=3": (400, "limit"),
}


@SQLITE
def test_an_unknown_feed_is_a_helpful_problem(archive: dict[str, str], client: TestClient) -> None:
    for path, (status, word) in REFUSED.items():
        answer = client.get(path)
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert word in answer.json()["detail"], path


def test_former_slugs_redirect_to_the_current_ones(
    archive: dict[str, str], newsroom: Newsroom, client: TestClient
) -> None:
    for kind, old, new in (("categories", "sport", "sports"), ("sources", "courier", "herald")):
        thing = newsroom.call("GET", f"/{kind}/{old}").json()
        newsroom.patch(thing, kind, slug=new)
        answer = client.get(f"/feeds/{kind}/{old}.atom?limit=3")
        assert answer.status_code == 301
        assert answer.headers["location"] == f"/feeds/{kind}/{new}.atom?limit=3"
        assert ids(client, answer.headers["location"]) == [archive["two"]]


@SQLITE
def test_paths_redirect_to_their_normal_form(
    archive: dict[str, str], newsroom: Newsroom, client: TestClient
) -> None:
    for path, present in (
        ("/feeds/languages/fr-ca.rss", "/feeds/languages/fr-CA.rss"),
        ("/feeds/tags/Climate-Change.rss", "/feeds/tags/climate-change.rss"),
        ("/feeds/categories/WORLD.rss", "/feeds/categories/world.rss"),
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (301, present)
    story = newsroom.call("GET", f"/articles/{archive['one']}").json()
    newsroom.patch(story, slug="first", status="published")
    answer = client.get("/v1/articles/one.md")
    assert (answer.status_code, answer.headers["location"]) == (301, "/v1/articles/first.md")


@SQLITE
def test_tags_of_later_stories_are_found(
    archive: dict[str, str], newsroom: Newsroom, client: TestClient
) -> None:
    assert ids(client, "/feeds/tags/sao-paulo.json") == []
    later = newsroom.story("later", tags=["São Paulo"])
    other = newsroom.story("other", tags=["sao paulo"], published_at="2026-01-01T00:00:00Z")
    assert ids(client, "/feeds/tags/sao-paulo.json") == [later["id"], other["id"]]


@SQLITE
def test_feed_parsers_read_the_same_stories(archive: dict[str, str], client: TestClient) -> None:
    stories = read(client, "/v1/articles?include=body")["data"]
    for ext in ("rss", "atom"):
        feed = feedparser.parse(fetch(client, f"/feeds/latest.{ext}"))
        assert feed.feed.title == "Dateline"
        for entry, story in zip(feed.entries, stories, strict=True):
            assert entry.id == f"urn:uuid:{story['id']}"
            assert entry.title == story["title"]
            assert extract_text(entry.content[0].value) == story["body_text"]
            assert entry.link.endswith(f"/v1/articles/{story['slug']}")
            assert entry.published_parsed[:3] == (2026, 1, int(story["published_at"][8:10]))
            shown = "name" if ext == "rss" else "slug"
            filed = [*(category[shown] for category in story["categories"]), *story["tags"]]
            assert [tag.term for tag in entry.get("tags", [])] == filed


TYPES = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
    "ninjs": "application/ninjs+json",
    "newsml": "application/vnd.iptc.g2.newsmessage+xml",
    "csv": "text/csv; charset=utf-8",
}


@SQLITE
def test_feeds_use_the_response_cache(archive: dict[str, str], client: TestClient) -> None:
    for ext, media_type in TYPES.items():
        path = f"/feeds/latest.{ext}"
        answer = client.get(path, headers={"accept-encoding": "gzip"})
        assert answer.headers["content-type"] == media_type
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["cache-control"].startswith("public, max-age=0, s-maxage=15")
        for name in ("etag", "surrogate-key", "dateline-serial", "vary"):
            assert name in answer.headers, name
        known = {"if-none-match": answer.headers["etag"], "accept-encoding": "gzip"}
        again = client.get(path, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert client.head(path).status_code == 200
        assert client.get(f"{path}?limit=20&sort=-published_at").content == client.get(path).content


@SQLITE
def test_a_feed_changes_when_its_stories_change(
    archive: dict[str, str], newsroom: Newsroom, client: TestClient
) -> None:
    for ext in FORMATS:
        assert len(ids(client, f"/feeds/latest.{ext}")) == 3
    newsroom.verb(newsroom.call("GET", f"/articles/{archive['two']}").json(), "unpublish")
    for ext in FORMATS:
        assert ids(client, f"/feeds/latest.{ext}") == [archive["three"], archive["one"]]


def test_no_format_shows_stories_that_are_not_public(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    """Scheduled, expired and unpublished stories and drafts, in every format."""
    out = newsroom.story("out-story", body="<p>Public.</p>")
    newsroom.article("secret-draft")
    newsroom.story("secret-scheduled", published_at="2026-11-22T13:00:00Z")
    newsroom.story("secret-expired", expires_at="2026-11-22T12:00:30Z")
    newsroom.verb(newsroom.story("secret-unpublished"), "unpublish")
    changed = newsroom.story("changed")
    newsroom.patch(changed, title="secret-working-copy")
    clock.advance(minutes=1)
    paths = [f"/feeds/latest.{ext}" for ext in FORMATS]
    paths += ["/sitemap-news.xml", "/sitemap-2026-11.xml"]
    for path in paths:
        body = fetch(client, path)
        assert b"secret" not in body, path
        assert out["id"].encode() in body or b"out-story" in body
    for slug in ("secret-draft", "secret-scheduled", "secret-expired", "secret-unpublished"):
        for ext in STORY_FORMATS:
            assert client.get(f"/v1/articles/{slug}.{ext}").status_code == 404, (slug, ext)
    clock.advance(hours=1)
    for path in paths:
        assert b"secret-scheduled" in fetch(client, path), path


@SQLITE
class TestConfiguredSite:
    """A deployment with the address and the name of its site."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(
            database_url=database_url,
            public_url="https://api.example",
            story_url="https://site.example/news/{slug}",
            site_name="The Site",
        )

    def test_links_refer_to_the_site(self, newsroom: Newsroom, client: TestClient) -> None:
        newsroom.category("World")
        newsroom.story("النحل", url="https://publisher.example/x", categories=["world"])
        feed = feedparser.parse(fetch(client, "/feeds/categories/world.rss"))
        assert feed.feed.title == "The Site: World"
        assert feed.feed.link == "https://site.example/"
        encoded = "%D8%A7%D9%84%D9%86%D8%AD%D9%84"
        assert [entry.link for entry in feed.entries] == [f"https://site.example/news/{encoded}"]
        here = {link.rel: link.href for link in feed.feed.links}
        assert here["self"] == "https://api.example/feeds/categories/world.rss"
        story = json.loads(fetch(client, "/feeds/latest.json"))["items"][0]
        assert story["external_url"] == "https://publisher.example/x"


@SQLITE
class TestHeadlinesOnly:
    """A deployment that shows headlines to all readers, and stories to readers with a key."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(database_url=database_url, anonymous="headlines")

    def test_feeds_contain_bodies_for_readers_with_a_key(
        self, newsroom: Newsroom, client: TestClient
    ) -> None:
        newsroom.story("Out", summary="In short.", body="<p>At length.</p>")
        for ext in FORMATS:
            path = f"/feeds/latest.{ext}"
            assert b"At length" not in fetch(client, path), path
            assert b"Out" in fetch(client, path), path
            assert b"At length" in fetch(client, path, **newsroom.headers), path
        for ext in STORY_FORMATS:
            assert client.get(f"/v1/articles/out.{ext}").status_code == 401
            assert b"At length" in fetch(client, f"/v1/articles/out.{ext}", **newsroom.headers)
