"""Cached lists with filters survive changes of other stories, and are never outdated."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.access.selection import Clause, Selection
from app.bootstrap import Services
from app.delivery.invalidation import LISTS, list_keys
from tests.databases import count_queries
from tests.newsroom import Newsroom

_LISTS = (
    "category=politics",
    "category=elections",
    "source=wire",
    "language=fr",
    "tag=budget",
    "author=Ada",
    "kind=analysis",
    "category=politics&language=-en",
    "kind=analysis&tag=-sport",
)


@pytest.fixture
def story(newsroom: Newsroom) -> dict[str, Any]:
    newsroom.source("Wire")
    newsroom.category("Politics")
    newsroom.category("Elections", parent="politics")
    newsroom.category("Sport")
    return newsroom.story(
        "A",
        source="wire",
        categories=["elections"],
        tags=["Budget"],
        authors=[{"name": "Ada"}],
        kind="analysis",
        language="fr-CA",
    )


def _titles(client: TestClient) -> dict[str, list[str]]:
    titles = {}
    for query in _LISTS:
        shown = client.get(f"/v1/headlines?{query}").json()["data"]
        titles[query] = [item["title"] for item in shown]
    return titles


def test_a_cached_list_survives_changes_of_other_stories(
    client: TestClient, newsroom: Newsroom, services: Services, story: dict[str, Any]
) -> None:
    before = _titles(client)
    other = newsroom.story("B", categories=["sport"], tags=["Sport"], language="en")
    client.get("/v1/headlines")
    with count_queries(services.database) as sent:
        assert _titles(client) == before == {key: ["A"] for key in _LISTS}
    assert sent == []
    newsroom.verb(other, "unpublish")
    client.get("/v1/headlines")
    with count_queries(services.database) as sent:
        assert _titles(client) == before
    assert sent == []


def test_a_cached_list_is_dropped_by_stories_that_enter_stay_or_leave(
    client: TestClient, newsroom: Newsroom, story: dict[str, Any]
) -> None:
    assert _titles(client) == {key: ["A"] for key in _LISTS}
    story = newsroom.patch(story, title="B", status="published")
    assert _titles(client) == {key: ["B"] for key in _LISTS}
    elsewhere: dict[str, Any] = {
        "source": None,
        "categories": ["sport"],
        "tags": ["Sport"],
        "authors": [],
        "language": "en",
    }
    there = {name: story[name] for name in elsewhere}
    story = newsroom.patch(story, **elsewhere, status="published")
    assert _titles(client) == {key: [] for key in _LISTS} | {"kind=analysis": ["B"]}
    story = newsroom.patch(story, **there, status="published")
    assert _titles(client) == {key: ["B"] for key in _LISTS}
    newsroom.verb(story, "kill", notice="Wrong.")
    assert _titles(client) == {key: [] for key in _LISTS}


def test_a_cached_list_is_dropped_by_a_moved_category(
    client: TestClient, newsroom: Newsroom, story: dict[str, Any]
) -> None:
    assert client.get("/v1/headlines?category=sport").json()["data"] == []
    before = newsroom.call("GET", "/categories/elections").json()
    newsroom.patch(before, "categories", parent="sport")
    assert len(client.get("/v1/headlines?category=sport").json()["data"]) == 1
    assert client.get("/v1/headlines?category=politics").json()["data"] == []


def test_lists_in_full_form_depend_on_every_story_because_of_translations(
    client: TestClient, newsroom: Newsroom, story: dict[str, Any]
) -> None:
    path = "/v1/articles?category=politics"
    assert client.get(path).json()["data"][0]["translations"] == []
    newsroom.story("Other", language="en", translation_of=story["slug"])
    assert len(client.get(path).json()["data"][0]["translations"]) == 1


def test_a_list_with_only_exclusions_depends_on_every_story() -> None:
    excluding = Clause("category", excluded=("1",))
    assert list_keys(Selection((excluding,))) == (LISTS,)
    narrow = Selection((excluding, Clause("kind", ("news",)), Clause("tag", ("a", "b"))))
    assert list_keys(narrow) == ("in:tag:a", "in:tag:b")
