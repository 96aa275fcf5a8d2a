"""Surrogate keys contain no ids of stories that are not public."""

import re
from collections.abc import Iterable, Iterator

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.bootstrap import Services
from tests.clock import HandClock
from tests.conftest import embargo_key
from tests.newsroom import Newsroom

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_PATHS = (
    "v1/headlines v1/articles?include=body v1/search?q=title v1/suggest?q=ti v1/changes "
    "v1/sources v1/categories v1/categories?tree=true v1/categories/asia v1/sources/wire "
    "feeds/latest.rss feeds/categories/asia.atom feeds/sources/wire.json feeds/tags/none.ninjs "
    "feeds/search.rss?q=title sitemap.xml v1/articles/none v1/categories/none "
    "v1/headlines?category=asia v1/headlines?source=wire v1/headlines?category=none"
).split()


def _keys(answer: Response) -> set[str]:
    keys = set(answer.headers.get("surrogate-key", "").split())
    assert keys == set(filter(None, answer.headers.get("cache-tag", "").split(",")))
    return keys


def _find_ids(keys: Iterable[str]) -> Iterator[str]:
    """Yield every id in keys."""
    for key in keys:
        yield from _ID.findall(key)


def test_surrogate_keys_hide_an_original_that_is_not_public(
    newsroom: Newsroom, client: TestClient
) -> None:
    for state in ("draft", "later", "unpublished", "killed"):
        original = newsroom.article(f"Original {state}", slug=f"original-{state}", language="en")
        if state == "later":
            original = newsroom.patch(
                original, status="published", published_at="2027-01-01T00:00:00Z"
            )
        if state in {"unpublished", "killed"}:
            original = newsroom.patch(original, status="published")
        translation = newsroom.story(
            f"Translation {state}", slug=state, language="fr", translation_of=original["id"]
        )
        if state == "unpublished":
            newsroom.verb(original, "unpublish")
        if state == "killed":
            newsroom.verb(original, "kill", notice="Wrong.")
        for path in (state, f"{state}.ninjs", f"{state}/related", translation["id"]):
            answer = client.get(f"/v1/articles/{path}")
            assert answer.status_code == 200
            keys = _keys(answer)
            assert set(_find_ids(keys)) == {translation["id"]}, (state, path, keys)


def test_surrogate_keys_of_responses_name_only_public_stories(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    newsroom.source("Wire")
    newsroom.category("Asia")
    links = {"source": "wire", "categories": ["asia"], "tags": ["a"]}
    public = newsroom.story("Title", slug="public", **links)
    hidden = {
        "draft": newsroom.article("Title of a draft", slug="draft", **links),
        "later": newsroom.story("Title 2", slug="later", published_at="2027-01-01T00:00:00Z"),
        "held": newsroom.story("Title 3", slug="held", embargo_until="2027-01-01T00:00:00Z"),
        "unpublished": newsroom.story("Title 4", slug="unpublished", **links),
        "killed": newsroom.story("Title 5", slug="killed", **links),
    }
    newsroom.verb(hidden["unpublished"], "unpublish", answer="gone", notice="It was wrong.")
    newsroom.verb(hidden["killed"], "kill", notice="Wrong.")
    ids = {story["id"] for story in hidden.values()}
    refs = [*ids, *(f"{slug}{end}" for slug in hidden for end in ("", "/related", ".ninjs"))]
    for path in [*_PATHS, *(f"v1/articles/{ref}" for ref in ["public", "public/related", *refs])]:
        keys = _keys(client.get(f"/{path}"))
        assert not ids & set(_find_ids(keys)), (path, keys)
        if "articles/public" in path:
            assert public["id"] in set(_find_ids(keys))
    # Readers with embargo access see an embargoed story, but its key is not in the headers.
    key = embargo_key(services)
    assert client.get("/v1/articles/held", headers=key).status_code == 200
    for path in [*_PATHS, *(f"v1/articles/{ref}" for ref in refs)]:
        assert not ids & set(_find_ids(_keys(client.get(f"/{path}", headers=key)))), path


def test_a_translation_group_keeps_its_surrogate_key(
    newsroom: Newsroom, client: TestClient
) -> None:
    original = newsroom.story("Original", slug="original", language="en")
    newsroom.story("Other", slug="other", language="fr", translation_of=original["id"])
    newsroom.story("Alone", slug="alone")
    groups = {
        slug: {key for key in _keys(client.get(f"/v1/articles/{slug}")) if key.startswith("group:")}
        for slug in ("original", "other", "alone")
    }
    assert groups["original"] == groups["other"] != groups["alone"]
    assert all(len(group) == 1 for group in groups.values())


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_surrogate_keys_are_short_enough_for_every_cdn(
    newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.story(slug="a")
    assert all(len(key) <= 42 for key in _keys(client.get("/v1/articles/a")))
