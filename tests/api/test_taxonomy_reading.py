"""Sources, categories and the tree for readers; former slugs redirect."""

import pytest
from starlette.testclient import TestClient

from tests.api.reading import read
from tests.newsroom import MERGE_PATCH, Newsroom


@pytest.fixture
def tree(newsroom: Newsroom) -> None:
    """Four categories: sport, and world with africa and morocco below it."""
    newsroom.category("World", names={"fr": "Monde", "ar": "العالم"})
    newsroom.category("Africa", parent="world")
    newsroom.category("Morocco", parent="africa")
    newsroom.category("Sport")


def test_sources_are_listed_by_slug(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.source("Wire")
    desk = newsroom.source("Desk", url="https://desk.example/", description="D.", language="en")
    page = read(client, "/v1/sources?count=exact")
    assert [item["slug"] for item in page["data"]] == ["desk", "wire"]
    assert page["page"]["count"] == 2
    expected = {
        "id": desk["id"],
        "slug": "desk",
        "name": "Desk",
        "url": "https://desk.example/",
        "description": "D.",
        "language": "en",
    }
    assert page["data"][0] == expected
    assert read(client, "/v1/sources/desk") == read(client, f"/v1/sources/{desk['id']}") == expected
    assert read(client, "/v1/sources/desk?fields=name") == {"name": "Desk"}


def test_sources_have_cursors_in_both_directions(newsroom: Newsroom, client: TestClient) -> None:
    for name in "abc":
        newsroom.source(name)
    first = read(client, "/v1/sources?limit=2")
    second = read(client, f"/v1/sources?limit=2&cursor={first['page']['next']}")
    again = read(client, f"/v1/sources?limit=2&cursor={second['page']['prev']}")
    assert [item["slug"] for item in second["data"]] == ["c"]
    assert (again["data"], again["page"]["prev"]) == (first["data"], None)


def test_a_category_has_its_parent_and_path(tree: None, client: TestClient) -> None:
    document = read(client, "/v1/categories/morocco")
    assert (document["parent"], document["path"]) == ("africa", ["world", "africa", "morocco"])
    top = read(client, "/v1/categories/world")
    assert (top["parent"], top["path"]) == (None, ["world"])
    assert top["names"] == {"fr": "Monde", "ar": "العالم"}
    listed = [item["slug"] for item in read(client, "/v1/categories")["data"]]
    assert listed == ["africa", "morocco", "sport", "world"]


def test_the_tree_nests_all_categories(tree: None, client: TestClient) -> None:
    answer = read(client, "/v1/categories?tree=true")
    sport, world = answer["data"]
    (africa,) = world["children"]
    assert (sport["slug"], sport["children"]) == ("sport", [])
    assert [item["slug"] for item in africa["children"]] == ["morocco"]
    assert (answer["page"]["next"], answer["page"]["prev"]) == (None, None)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_tree_has_no_pages_and_no_fields(tree: None, client: TestClient) -> None:
    for query in ("limit=2", "cursor=x", "fields=name"):
        assert client.get(f"/v1/categories?tree=true&{query}").json()["code"] == "bad_parameter"
    assert client.get("/v1/categories?tree=yes").json()["code"] == "bad_parameter"


def test_a_moved_category_immediately_has_its_new_path(
    tree: None, newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.patch(newsroom.call("GET", "/categories/africa").json(), "categories", parent="sport")
    assert read(client, "/v1/categories/morocco")["path"] == ["sport", "africa", "morocco"]


def test_a_renamed_category_is_immediately_renamed_in_its_stories(
    tree: None, newsroom: Newsroom, client: TestClient
) -> None:
    story = newsroom.story(categories=["sport", "morocco"])
    newsroom.patch(newsroom.call("GET", "/categories/sport").json(), "categories", name="Sports")
    shown = read(client, f"/v1/articles/{story['id']}")["categories"]
    assert [item["name"] for item in shown] == ["Sports", "Morocco"]


def test_former_slugs_redirect_readers(newsroom: Newsroom, client: TestClient) -> None:
    source, category = newsroom.source("Old"), newsroom.category("Old")
    story = newsroom.story("Old")
    newsroom.patch(source, "sources", slug="new")
    newsroom.patch(category, "categories", slug="new")
    newsroom.patch(story, slug="new", status="published")
    for path in ("/v1/sources", "/v1/categories", "/v1/articles"):
        response = client.get(f"{path}/old?fields=id")
        assert (response.status_code, response.content) == (301, b"")
        assert response.headers["location"] == f"{path}/new?fields=id"
        assert response.headers["cache-control"].startswith("public, max-age=0, s-maxage=")
        assert read(client, f"{path}/new")["slug"] == "new"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_redirect_to_a_slug_in_another_script_is_ascii(
    newsroom: Newsroom, client: TestClient
) -> None:
    story = newsroom.story("Old")
    newsroom.patch(story, slug="المغرب", status="published")
    response = client.get("/v1/articles/old")
    assert response.status_code == 301
    assert response.headers["location"].isascii()
    assert read(client, response.headers["location"])["slug"] == "المغرب"


def test_a_slug_that_was_never_public_does_not_redirect(
    newsroom: Newsroom, client: TestClient
) -> None:
    draft = newsroom.patch(newsroom.article("Never"), slug="now")
    newsroom.verb(draft, "publish")
    assert client.get("/v1/articles/never").status_code == 404


def test_a_former_slug_of_a_hidden_story_does_not_redirect(
    newsroom: Newsroom, client: TestClient
) -> None:
    story = newsroom.patch(newsroom.story("Old"), slug="new", status="published")
    assert client.get("/v1/articles/old").status_code == 301
    newsroom.verb(story, "unpublish")
    assert client.get("/v1/articles/old").status_code == 404


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_newsroom_redirect_keeps_the_method(newsroom: Newsroom) -> None:
    newsroom.patch(newsroom.source("Old"), "sources", slug="new")
    assert newsroom.call("GET", "/sources/old").status_code == 301
    response = newsroom.call(
        "PATCH",
        "/sources/old",
        json={"name": "New"},
        headers={"if-match": "*", "content-type": MERGE_PATCH},
    )
    assert (response.status_code, response.headers["location"]) == (308, "/v1/manage/sources/new")


def test_a_slug_can_be_returned_to_its_former_owner(newsroom: Newsroom, client: TestClient) -> None:
    source = newsroom.patch(newsroom.source("Old"), "sources", slug="new")
    newsroom.patch(source, "sources", slug="old")
    assert read(client, "/v1/sources/old")["slug"] == "old"
    assert client.get("/v1/sources/new").headers["location"] == "/v1/sources/old"
