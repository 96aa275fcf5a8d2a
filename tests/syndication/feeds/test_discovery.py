"""How formats are found: links, `Accept`, robots.txt, the catalogue."""

import json
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from tests.newsroom import Newsroom
from tests.syndication.feeds.feed_parsers import STORY_FORMATS, fetch, ids

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
LISTS = ("/v1/headlines", "/v1/articles")


@pytest.fixture
def story(newsroom: Newsroom) -> str:
    """The slug of a story."""
    newsroom.category("World")
    slug: str = newsroom.story("Bees", categories=["world"], body="<p>Hum.</p>")["slug"]
    return slug


def test_lists_link_to_their_feeds(story: str, client: TestClient) -> None:
    for path in LISTS:
        for query, canonical in (
            ("", ""),
            ("?limit=5&category=world&fields=title", "?category=world&limit=5"),
        ):
            link = client.get(f"{path}{query}").headers["link"]
            for ext, media_type in (
                ("rss", "application/rss+xml"),
                ("atom", "application/atom+xml"),
                ("json", "application/feed+json"),
            ):
                expected = f'</feeds/latest.{ext}{canonical}>; rel="alternate"; type="{media_type}"'
                assert expected in link
                assert len(ids(client, f"/feeds/latest.{ext}{canonical}")) == 1


def test_stories_link_to_their_formats(story: str, client: TestClient) -> None:
    link = client.get(f"/v1/articles/{story}").headers["link"]
    for ext in STORY_FORMATS:
        answer = client.get(f"/v1/articles/{story}.{ext}")
        assert answer.status_code == 200
        bare = answer.headers["content-type"].partition(";")[0]
        assert f'</v1/articles/{story}.{ext}>; rel="alternate"; type="{bare}"' in link


def test_feeds_link_to_themselves_and_the_next_page(
    story: str, newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.story("Another")
    link = client.get("/feeds/latest.rss?limit=1").headers["link"]
    assert '</feeds/latest.rss?limit=1>; rel="self"' in link
    following = link.partition('>; rel="next"')[0].rpartition("<")[2]
    assert ids(client, following) == [client.get(f"/v1/articles/{story}").json()["id"]]


def test_accept_chooses_the_format_of_a_list(story: str, client: TestClient) -> None:
    for path in LISTS:
        for accepted, ext in (
            ("application/rss+xml", "rss"),
            ("application/atom+xml, application/rss+xml;q=0.9", "atom"),
            ("application/feed+json, */*;q=0.1", "json"),
            ("text/csv", "csv"),
            ("application/vnd.iptc.g2.newsmessage+xml", "newsml"),
            ("application/ninjs+json", "ninjs"),
        ):
            answer = client.get(f"{path}?category=world", headers={"accept": accepted})
            expected = client.get(f"/feeds/latest.{ext}?category=world")
            assert answer.content == expected.content, accepted
            assert answer.headers["content-type"] == expected.headers["content-type"]
            assert answer.headers["content-location"] == f"/feeds/latest.{ext}?category=world"
            assert "Accept" in answer.headers["vary"].split(", ")
            again = {"accept": accepted, "if-none-match": answer.headers["etag"]}
            assert client.get(f"{path}?category=world", headers=again).status_code == 304


def test_accept_chooses_the_format_of_a_story(story: str, client: TestClient) -> None:
    for accepted, ext in (
        ("application/ld+json", "jsonld"),
        ("text/markdown;q=0.9, text/html;q=0.5", "md"),
        ("application/vnd.iptc.g2.newsitem+xml", "newsml"),
    ):
        answer = client.get(f"/v1/articles/{story}", headers={"accept": accepted})
        assert answer.content == fetch(client, f"/v1/articles/{story}.{ext}")
    missing = client.get("/v1/articles/none", headers={"accept": "text/markdown"})
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_caches_store_each_format_of_a_withdrawn_story_separately(
    client: TestClient, newsroom: Newsroom
) -> None:
    story = newsroom.story("Was here", slug="was-here")
    newsroom.patch(story, slug="is-here", status="published")
    newsroom.verb(newsroom.story("Gone", slug="gone"), "kill", notice="Wrong.")
    for ref, status in (("was-here", 301), ("gone", 410), ("none", 404)):
        for query, accepted in (("", "*/*"), ("?fields=title", "*/*"), ("", "text/markdown")):
            answer = client.get(f"/v1/articles/{ref}{query}", headers={"accept": accepted})
            assert answer.status_code == status
            assert answer.headers["vary"].split(", ").count("Accept") == 1
            assert "content-location" not in answer.headers
        plain = client.get(f"/v1/articles/{ref}.md")
        assert "Accept" not in plain.headers["vary"].split(", ")


def test_json_is_the_default_format(story: str, client: TestClient) -> None:
    for accepted in (
        "*/*",
        "application/json",
        "application/json, application/rss+xml",
        "application/rss+xml;q=0.5, */*",
        "application/rss+xml;q=0",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "image/png",
        "a" * 5_000,
    ):
        for path in (*LISTS, f"/v1/articles/{story}"):
            answer = client.get(path, headers={"accept": accepted})
            assert answer.headers["content-type"] == "application/json", accepted
            assert "Accept" in answer.headers["vary"].split(", ")
    sources = client.get("/v1/sources", headers={"accept": "application/rss+xml"})
    assert sources.headers["content-type"] == "application/json"
    assert "Accept" not in sources.headers["vary"].split(", ")


def test_single_stories_have_the_media_type_of_their_format(story: str, client: TestClient) -> None:
    id_ = client.get(f"/v1/articles/{story}").json()["id"]
    item = ElementTree.fromstring(fetch(client, f"/v1/articles/{story}.newsml"))
    assert (item.get("guid"), item.get("version")) == (f"urn:uuid:{id_}", "1")
    assert json.loads(fetch(client, f"/v1/articles/{id_}.ninjs"))["uri"] == f"urn:uuid:{id_}"
    assert json.loads(fetch(client, f"/v1/articles/{story}.jsonld"))["@type"] == "NewsArticle"
    assert fetch(client, f"/v1/articles/{story}.md").decode().endswith("# Bees\n\nHum.\n")


def test_crawlers_find_the_sitemaps(client: TestClient) -> None:
    answer = client.get("/robots.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    sitemaps = [line.split(": ")[1] for line in answer.text.splitlines() if "Sitemap" in line]
    for address in sitemaps:
        assert client.get(address.removeprefix("http://127.0.0.1:8000")).status_code == 200


def test_the_api_catalogue_links_to_the_openapi_document(client: TestClient) -> None:
    answer = client.get("/.well-known/api-catalog")
    assert answer.headers["content-type"].startswith("application/linkset+json")
    (api,) = answer.json()["linkset"]
    for relation in ("service-desc", "service-doc", "status"):
        (link,) = api[relation]
        document_answer = client.get(link["href"].removeprefix("http://127.0.0.1:8000"))
        assert document_answer.headers["content-type"].startswith(link["type"])


class TestClosed:
    """A deployment that shows nothing without a key."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(database_url=database_url, anonymous="none")

    def test_robots_txt_excludes_crawlers(self, client: TestClient) -> None:
        assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
        for path in ("/feeds/latest.rss", "/sitemap.xml", "/sitemap-news.xml"):
            assert client.get(path).status_code == 401
