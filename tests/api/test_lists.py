"""Headlines and articles: the content, the order and the size of lists."""

import pytest
from starlette.testclient import TestClient

from tests.api.reading import read, titles
from tests.clock import HandClock
from tests.newsroom import Newsroom

SHORT = (
    "id slug kind language version title summary url published_at updated_at "
    "source categories tags authors image urgency"
).split()
FULL = (
    "first_published_at dateline word_count reading_minutes rights corrections translations "
    "digital_source_type"
).split()


@pytest.fixture
def three(newsroom: Newsroom) -> list[str]:
    """Three stories, whose publication order differs from their creation order."""
    for title, day in (("second", 2), ("third", 3), ("first", 1)):
        newsroom.story(title, published_at=f"2026-01-0{day}T10:00:00Z", body="<p>Words.</p>")
    return ["third", "second", "first"]


def test_headlines_have_the_short_form_and_the_newest_first(
    three: list[str], client: TestClient
) -> None:
    assert titles(client) == three
    for item in read(client, "/v1/headlines")["data"]:
        assert list(item) == SHORT


def test_articles_have_the_full_form_without_the_body(three: list[str], client: TestClient) -> None:
    assert titles(client, "/v1/articles") == three
    for item in read(client, "/v1/articles")["data"]:
        assert set(item) == {*SHORT, *FULL}


def test_include_body_adds_the_bodies(three: list[str], client: TestClient) -> None:
    listed = read(client, "/v1/articles?include=body")["data"]
    assert [item["body_html"] for item in listed] == ["<p>Words.</p>"] * len(three)
    assert {entry["body_text"] for entry in listed} == {"Words."}


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_headlines_refuse_include_body(client: TestClient) -> None:
    assert client.get("/v1/headlines?include=body").json()["code"] == "bad_parameter"


def test_an_article_is_complete_by_id_and_by_slug(newsroom: Newsroom, client: TestClient) -> None:
    article = newsroom.story("Barak enters service", body="<p>In <b>Rabat</b>.</p>")
    by_id, by_slug = (client.get(f"/v1/articles/{article[ref]}") for ref in ("id", "slug"))
    assert by_id.content == by_slug.content
    assert set(by_id.json()) == {*SHORT, *FULL, "body_html", "body_text"}
    assert by_id.json()["body_text"] == "In Rabat."


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_id_in_upper_case_is_the_same_id(newsroom: Newsroom, client: TestClient) -> None:
    article = newsroom.story()
    assert read(client, f"/v1/articles/{article['id'].upper()}")["id"] == article["id"]


SORTS = {
    "-published_at": ["third", "second", "first"],
    "published_at": ["first", "second", "third"],
    "-updated_at": ["first", "third", "second"],
    "updated_at": ["second", "third", "first"],
}


def test_sort_orders_the_list(
    three: list[str], newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    first = read(client, "/v1/headlines")["data"][-1]
    clock.advance(hours=1)
    newsroom.patch(first, summary="Edited.", status="published")
    for sort, expected in SORTS.items():
        assert titles(client, f"/v1/headlines?sort={sort}") == expected


def test_a_filter_by_update_time_sorts_by_update_time_by_default(
    three: list[str], newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    first = read(client, "/v1/headlines")["data"][-1]
    clock.advance(hours=1)
    newsroom.patch(first, summary="Edited.", status="published")
    query = "/v1/headlines?updated_after=2026-01-01"
    assert titles(client, query) == ["first", "third", "second"]
    assert titles(client, f"{query}&sort=-published_at") == three


SPANS = [
    ("published_after=2026-01-02T10:00:00Z", ["third", "second"]),
    ("published_before=2026-01-02T10:00:00Z", ["first"]),
    ("published_after=2026-01-02&published_before=2026-01-03", ["second"]),
    ("published_after=2026-01-02T11:00:00%2B01:00", ["third", "second"]),
    ("updated_before=2026-01-02T10:00:00Z", ["first"]),
    ("published_after=1969-07-20T20:17:40Z", ["third", "second", "first"]),
    ("published_before=0001-01-01", []),
    ("published_after=9999-12-31", []),
]


def test_time_ranges_include_their_start_and_not_their_end(
    three: list[str], client: TestClient
) -> None:
    for span, expected in SPANS:
        assert titles(client, f"/v1/headlines?{span}") == expected, span


FIELDS: dict[str, dict[str, object]] = {
    "title": {"title": "A title"},
    "title,source.name": {"title": "A title", "source": {"name": "The Post"}},
    "categories.slug": {"categories": [{"slug": "asia"}]},
    "source.name,source.slug": {"source": {"slug": "the-post", "name": "The Post"}},
}


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_fields_selects_members(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.source("The Post")
    newsroom.category("Asia")
    article = newsroom.story(source="the-post", categories=["asia"])
    whole = read(client, f"/v1/articles/{article['id']}")
    for fields, expected in (*FIELDS.items(), ("source,source.name", {"source": whole["source"]})):
        for path in ("/v1/headlines", "/v1/articles"):
            assert read(client, f"{path}?fields={fields}")["data"] == [expected]
        assert read(client, f"/v1/articles/{article['id']}?fields={fields}") == expected


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_selecting_a_body_field_includes_the_body(three: list[str], client: TestClient) -> None:
    listed = read(client, "/v1/articles?fields=body_text")["data"]
    assert listed == [{"body_text": "Words."}] * len(three)


def test_count_is_returned_on_request(three: list[str], client: TestClient) -> None:
    for count, expected in (("exact", 3), ("estimated", 3), ("none", None)):
        for limit in (1, 100):
            page = read(client, f"/v1/headlines?count={count}&limit={limit}")["page"]
            assert page["count"] == expected
    assert read(client, "/v1/headlines")["page"]["count"] is None


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_default_limit_is_20(newsroom: Newsroom, client: TestClient) -> None:
    for number in range(21):
        newsroom.story(f"Story {number}")
    page = read(client, "/v1/headlines")
    assert (len(page["data"]), page["page"]["limit"]) == (20, 20)
    assert len(read(client, "/v1/headlines?limit=100")["data"]) == 21
    assert len(read(client, "/v1/headlines?limit=1")["data"]) == 1


def test_an_empty_list_is_an_empty_array(client: TestClient) -> None:
    expected = {"data": [], "page": {"next": None, "prev": None, "limit": 20, "count": None}}
    assert read(client, "/v1/headlines") == read(client, "/v1/articles") == expected


def test_translations_link_to_each_other(newsroom: Newsroom, client: TestClient) -> None:
    english = newsroom.story("English")
    french = newsroom.story("Français", language="fr", translation_of=english["slug"])
    newsroom.article("Deutsch", language="de", translation_of=english["slug"])
    for item, other in ((english, french), (french, english)):
        shown = read(client, f"/v1/articles/{item['id']}")["translations"]
        assert shown == [{name: other[name] for name in ("language", "id", "slug")}]
