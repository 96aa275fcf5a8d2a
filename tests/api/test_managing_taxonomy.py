"""Sources and categories in the newsroom: five methods each, cycles, and references in use."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.newsroom import MERGE_PATCH, Newsroom

KINDS = ("sources", "categories")


@pytest.mark.parametrize("kind", KINDS)
def test_sources_and_categories_support_the_five_methods(
    newsroom: Newsroom, client: TestClient, kind: str
) -> None:
    created = newsroom.call("POST", f"/{kind}", json={"name": "First"})
    assert (created.status_code, created.headers["etag"]) == (201, '"v1"')
    path = f"/{kind}/{created.json()['id']}"
    assert created.headers["location"] == f"/v1/manage{path}"
    read = newsroom.call("GET", path)
    assert (read.json(), read.headers["etag"]) == (created.json(), '"v1"')
    assert newsroom.call("GET", f"/{kind}/first").json() == created.json()

    replaced = newsroom.call("PUT", path, json={"name": "Second"}, headers={"if-match": '"v1"'})
    assert (replaced.status_code, replaced.headers["etag"], replaced.json()["slug"]) == (
        200,
        '"v2"',
        "first",
    )
    patched = newsroom.patch(replaced.json(), kind, slug="third")
    assert (patched["version"], patched["name"], patched["slug"]) == (3, "Second", "third")
    assert client.get(f"/v1/{kind}/third").json()["name"] == "Second"

    assert newsroom.delete(replaced.json(), kind).json()["code"] == "version_mismatch"
    gone = newsroom.delete(patched, kind)
    assert (gone.status_code, gone.content) == (204, b"")
    assert newsroom.call("GET", path).status_code == 404
    assert client.get(f"/v1/{kind}/third").status_code == 404
    assert newsroom.call("GET", f"/{kind}").json()["data"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_update_without_a_difference_changes_nothing(newsroom: Newsroom, kind: str) -> None:
    created = newsroom.call("POST", f"/{kind}", json={"name": "Same"}).json()
    assert newsroom.patch(created, kind, name="Same") == created
    again = newsroom.call("PUT", f"/{kind}/same", json=created, headers={"if-match": '"v1"'})
    assert again.json() == created


def test_put_resets_omitted_fields_and_patch_keeps_them(newsroom: Newsroom) -> None:
    source = newsroom.source("Desk", description="D", language="en", url="https://a.example/")
    patched = newsroom.patch(source, "sources", url=None)
    assert (patched["description"], patched["url"]) == ("D", None)
    dropped = newsroom.call(
        "PUT", "/sources/desk", json={"name": "Desk"}, headers={"if-match": "*"}
    ).json()
    assert (dropped["description"], dropped["language"], dropped["slug"]) == (None, None, "desk")


def test_names_are_patched_by_language(newsroom: Newsroom) -> None:
    category = newsroom.category("World", names={"fr": "Monde", "es": "Mundo"})
    changed = newsroom.patch(category, "categories", names={"es": None, "AR": "العالم"})
    assert changed["names"] == {"fr": "Monde", "ar": "العالم"}


def _parent(newsroom: Newsroom, slug: str, parent: str | None) -> Any:
    return newsroom.call(
        "PATCH",
        f"/categories/{slug}",
        json={"parent": parent},
        headers={"if-match": "*", "content-type": MERGE_PATCH},
    )


def test_a_category_cannot_be_its_own_ancestor(newsroom: Newsroom) -> None:
    newsroom.category("World")
    newsroom.category("Africa", parent="world")
    newsroom.category("Morocco", parent="africa")
    for slug, parent in (("world", "world"), ("world", "africa"), ("world", "morocco")):
        response = _parent(newsroom, slug, parent)
        (error,) = response.json()["errors"]
        assert (response.status_code, error["code"]) == (422, "cycle")
        assert error["pointer"] == "#/parent"
    assert newsroom.call("GET", "/categories/world").json()["parent"] is None
    assert _parent(newsroom, "morocco", "world").json()["parent"] == "world"
    assert _parent(newsroom, "morocco", None).json()["parent"] is None


def test_an_unknown_parent_is_refused(newsroom: Newsroom) -> None:
    response = newsroom.call("POST", "/categories", json={"name": "A", "parent": "none"})
    (error,) = response.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/parent", "unknown_reference")


def test_deleting_a_used_reference_is_refused_with_the_number_of_uses(newsroom: Newsroom) -> None:
    source, category = newsroom.source("Desk"), newsroom.category("World")
    newsroom.category("Africa", parent="world")
    for title in "abc":
        article = newsroom.article(title, source="desk", categories=["world"])
    newsroom.delete(article)
    for thing, kind, expected in (
        (source, "sources", ["3 article(s)"]),
        (category, "categories", ["3 article(s)", "1 category(ies)"]),
    ):
        response = newsroom.delete(thing, kind)
        assert (response.status_code, response.json()["code"]) == (409, "in_use")
        assert all(item in response.json()["detail"] for item in expected)
        assert newsroom.call("GET", f"/{kind}/{thing['id']}").status_code == 200


def test_a_reference_of_the_public_copy_counts_as_in_use(
    newsroom: Newsroom, client: TestClient
) -> None:
    source, category = newsroom.source("Desk"), newsroom.category("World")
    story = newsroom.story(source="desk", categories=["world"])
    newsroom.patch(story, source=None, categories=[])
    for thing, kind in ((source, "sources"), (category, "categories")):
        response = newsroom.delete(thing, kind)
        assert (response.status_code, response.json()["code"]) == (409, "in_use")
    shown = client.get(f"/v1/articles/{story['id']}").json()
    assert (shown["source"]["slug"], len(shown["categories"])) == ("desk", 1)
