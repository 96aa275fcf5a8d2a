"""Filters: or, not, and; categories with descendants; language ranges; escapes."""

import pytest
from starlette.testclient import TestClient

from tests.api.reading import titles
from tests.newsroom import Newsroom


@pytest.fixture
def archive(newsroom: Newsroom) -> dict[str, str]:
    """Four stories that differ in every filterable attribute; their ids by title."""
    newsroom.category("World")
    newsroom.category("Africa", parent="world")
    newsroom.category("Morocco", parent="africa")
    newsroom.category("Sport")
    newsroom.source("Desk")
    newsroom.source("Wire")
    rows: list[dict[str, object]] = [
        {"title": "a", "categories": ["morocco"], "source": "desk", "tags": ["Défense"]},
        {"title": "b", "categories": ["africa", "sport"], "source": "wire", "language": "fr-CA"},
        {"title": "c", "categories": ["sport"], "language": "fr", "kind": "analysis"},
        {"title": "d", "tags": ["a, b", "-x", "DÉFENSE"], "authors": [{"name": "Zoë Ng"}]},
    ]
    stories = [
        newsroom.story(published_at=f"2026-01-0{9 - number}T10:00:00Z", **row)  # type: ignore[arg-type]
        for number, row in enumerate(rows)
    ]
    return {item["title"]: item["id"] for item in stories}


CASES = {
    "a category takes in all below it": ("category=world", "ab"),
    "a category may be the lowest": ("category=morocco", "a"),
    "a comma means or": ("category=morocco,sport", "abc"),
    "a minus means not": ("category=-africa", "cd"),
    "or and not in one list": ("category=world,-morocco", "b"),
    "repeating means and": ("category=africa&category=sport", "b"),
    "filters of several names mean and": ("category=africa&source=desk", "a"),
    "sources": ("source=desk,wire", "ab"),
    "not a source takes in those with none": ("source=-desk", "bcd"),
    "a language is a range": ("language=fr", "bc"),
    "a range may be narrow": ("language=FR-ca", "b"),
    "not a language": ("language=-fr", "ad"),
    "kinds": ("kind=analysis", "c"),
    "kinds in any case": ("kind=Analysis", "c"),
    "kinds in capitals, excluded": ("kind=-ANALYSIS&category=sport", "b"),
    "no stories of a kind": ("kind=opinion", ""),
    "tags are compared folded": ("tag=d%C3%A9fense", "ad"),
    "tags are compared in NFC": ("tag=de%CC%81FENSE", "ad"),
    "an escaped comma": ("tag=a%5C,%20b", "d"),
    "an escaped minus": ("tag=%5C-x", "d"),
    "not an escaped minus": ("tag=-%5C-x", "abc"),
    "a minus within a value": ("tag=-défense", "bc"),
    "authors are compared folded": ("author=zo%C3%AB%20NG", "d"),
    "spans go with filters": ("category=world&published_before=2026-01-09", "b"),
    "a sort goes with filters": ("category=world&sort=published_at", "ba"),
    "an order of updates goes with filters": ("category=world&sort=updated_at", "ba"),
}


def test_each_filter_selects_the_matching_stories(
    archive: dict[str, str], client: TestClient
) -> None:
    for path in ("/v1/headlines", "/v1/articles"):
        for what, (query, expected) in CASES.items():
            assert "".join(titles(client, f"{path}?{query}")) == expected, what
            counted = client.get(f"{path}?{query}&count=exact").json()["page"]["count"]
            assert counted == len(expected), what


def test_ids_select_stories(archive: dict[str, str], client: TestClient) -> None:
    query = f"ids={archive['a']},{archive['c'].upper()}"
    assert titles(client, f"/v1/headlines?{query}") == ["a", "c"]
    query = f"ids={archive['d']},{archive['a']},{archive['c'].upper()},{archive['a']}"
    for path in ("/v1/headlines", "/v1/articles", "/v1/articles?include=body"):
        mark = "&" if "?" in path else "?"
        assert titles(client, f"{path}{mark}{query}") == ["d", "a", "c"]
        dated = titles(client, f"{path}{mark}{query}&sort=-published_at")
        assert dated == ["a", "c", "d"]
    assert titles(client, f"/v1/headlines?ids=-{archive['a']}") == ["b", "c", "d"]


def test_ids_accepts_current_and_former_slugs(
    archive: dict[str, str], newsroom: Newsroom, client: TestClient
) -> None:
    query = f"ids=nowhere,C,{archive['a']},b,a"
    assert titles(client, f"/v1/headlines?{query}") == ["c", "a", "b"]
    assert titles(client, "/v1/headlines?ids=nowhere") == []
    assert titles(client, "/v1/headlines?ids=-c,-nowhere") == ["a", "b", "d"]
    story = newsroom.call("GET", "/articles/c").json()
    newsroom.patch(story, slug="sea", status="published")
    assert titles(client, f"/v1/headlines?{query}") == ["c", "a", "b"]
    assert titles(client, "/v1/headlines?ids=d,sea") == ["d", "c"]
    assert titles(client, "/v1/headlines?ids=later") == []
    newsroom.story("Later", slug="later")
    assert titles(client, "/v1/headlines?ids=later") == ["Later"]
    newsroom.verb(newsroom.call("GET", "/articles/later").json(), "unpublish")
    assert titles(client, "/v1/headlines?ids=later,a") == ["a"]


def test_requested_stories_are_paged_in_the_requested_order(
    archive: dict[str, str], client: TestClient
) -> None:
    query = "/v1/headlines?ids=d,a,nowhere,c,b&limit=2&count=exact"
    first = client.get(query).json()
    second = client.get(f"{query}&cursor={first['page']['next']}").json()
    back = client.get(f"{query}&cursor={second['page']['prev']}").json()
    assert [[item["title"] for item in page["data"]] for page in (first, second, back)] == [
        ["d", "a"],
        ["c", "b"],
        ["d", "a"],
    ]
    assert first["page"]["prev"] is second["page"]["next"] is back["page"]["prev"] is None
    assert first["page"]["count"] == 4


def test_a_hundred_stories_can_be_requested_by_id(newsroom: Newsroom, client: TestClient) -> None:
    ids = [newsroom.story(f"Story {number}")["id"] for number in range(30)][::-1]
    page = client.get(f"/v1/headlines?ids={','.join(ids)}").json()
    assert [item["id"] for item in page["data"]] == ids
    assert (page["page"]["limit"], page["page"]["next"]) == (100, None)
    twenty = client.get(f"/v1/headlines?ids={','.join(ids)}&limit=20").json()
    assert [entry["id"] for entry in twenty["data"]] == ids[:20]
    assert client.get("/v1/headlines").json()["page"]["limit"] == 20


def test_sources_and_categories_are_found_by_id_and_by_former_slug(
    archive: dict[str, str], newsroom: Newsroom, client: TestClient
) -> None:
    category = newsroom.call("GET", "/categories/morocco").json()
    newsroom.patch(category, "categories", slug="maroc")
    for ref in (category["id"], "maroc", "morocco", "MAROC"):
        assert titles(client, f"/v1/headlines?category={ref}") == ["a"]


def test_a_moved_category_keeps_its_stories(
    archive: dict[str, str], newsroom: Newsroom, client: TestClient
) -> None:
    category = newsroom.call("GET", "/categories/morocco").json()
    newsroom.patch(category, "categories", parent="sport")
    assert titles(client, "/v1/headlines?category=sport") == ["a", "b", "c"]
    assert titles(client, "/v1/headlines?category=world") == ["b"]


BAD = [
    ("categry=world", "unknown_parameter", "category"),
    ("Category=world", "unknown_parameter", "category"),
    ("category=wrld", "unknown_reference", "world"),
    ("source=wyre", "unknown_reference", "wire"),
    ("sort=published", "not_allowed", "published_at"),
    ("sort=-published_at&sort=updated_at", "repeated", "sort"),
    ("fields=titel", "not_allowed", "title"),
    ("count=exactly", "not_allowed", "exact"),
    ("limit=0", "out_of_range", "1 to 100"),
    ("limit=101", "out_of_range", "1 to 100"),
    ("limit=2.5", "out_of_range", "1 to 100"),
    ("limit=", "invalid", "limit"),
    ("category=", "invalid", "category"),
    ("category=world,,sport", "invalid", "category"),
    ("tag=%00", "invalid", "tag"),
    ("language=f", "bad_language", "'f'"),
    ("ids=first%20one", "bad_format", "'first one'"),
    ("kind=News%20flash", "bad_format", "'News flash'"),
    ("kind=op_ed", "bad_format", "'op_ed'"),
    ("kind=%C3%89dito", "bad_format", "'news'"),
    (f"kind={'a' * 41}", "bad_format", "kind"),
    ("count=Exact", "not_allowed", "exact"),
    ("sort=Published_at", "not_allowed", "published_at"),
    ("published_after=yesterday", "bad_instant", "2026-01-12T10:00:00Z"),
    ("published_after=2026-02-30", "bad_instant", "published_after"),
    ("published_after=10000-01-01", "bad_instant", "published_after"),
    ("updated_before=2026-01-12T10:00:00", "bad_instant", "updated_before"),
    (f"tag={','.join('a' * 101)}", "too_long", "100"),
]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_unknown_parameter_is_named_with_the_most_similar_known_one(
    archive: dict[str, str], client: TestClient
) -> None:
    for query, code, guess in BAD:
        response = client.get(f"/v1/headlines?{query}")
        assert response.status_code == 400, query
        problem = response.json()
        assert problem["code"] == "bad_parameter"
        (error,) = problem["errors"]
        assert (error["code"], error["pointer"]) == (code, "?" + query.partition("=")[0])
        assert guess in error["detail"]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_unparsable_query_is_refused(client: TestClient) -> None:
    for query in ("tag=%ff", "tag=%ED%A0%80", "&".join(["tag=a"] * 201)):
        assert client.get(f"/v1/headlines?{query}").json()["code"] == "bad_parameter"
