"""A reader without grants learns no names of sources and categories."""

import re

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.newsroom import Newsroom
from tests.partners.agreements import add_key, add_partner, add_product

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
_KNOWN, _FORMER, _UNKNOWN = "hidden-desk", "former-desk", "hidden-dask"
_BY_NAME = (
    "/v1/{types}/{name}",
    "/feeds/{types}/{name}.json",
    "/v1/headlines?{type}={name}",
    "/v1/articles?{type}=-{name}",
    "/v1/search?{type}={name}&q=story&facets={type}",
    "/v1/changes?{type}={name}",
    "/feeds/latest.json?{type}={name}",
)


@pytest.fixture
def key(newsroom: Newsroom) -> dict[str, str]:
    """A key of a partner without products, where a source and a category have a story."""
    for kind, document in (
        ("sources", newsroom.source("Former desk")),
        ("categories", newsroom.category("Former desk")),
    ):
        newsroom.patch(document, kind, name="Hidden desk", slug=_KNOWN)
    newsroom.story("Story", source=_KNOWN, categories=[_KNOWN])
    return add_key(newsroom, add_partner(newsroom), "read", "webhooks")


def _show(answer: Response, name: str) -> tuple[int, str]:
    """Return a response without the name and without values that differ in each request."""
    cursor = re.compile(r'"(cursor|request_id)":"[^"]*"')
    return answer.status_code, cursor.sub("", answer.text.replace(name, "NAME"))


@pytest.mark.parametrize("kind", ["source", "category"])
def test_known_and_unknown_names_have_the_same_answers(
    client: TestClient, key: dict[str, str], kind: str
) -> None:
    types = {"source": "sources", "category": "categories"}[kind]
    for path in _BY_NAME:
        answers = [
            client.get(path.format(type=kind, types=types, name=name), headers=key)
            for name in (_KNOWN, _FORMER, _UNKNOWN)
        ]
        known, former, unknown = map(_show, answers, (_KNOWN, _FORMER, _UNKNOWN))
        assert known == former == unknown, path
        assert known[0] == (404 if path.startswith("/v1/{types}") else 200), path
        assert "Hidden desk" not in answers[0].text


def test_changes_can_be_followed_with_the_filter(client: TestClient, key: dict[str, str]) -> None:
    first = client.get(f"/v1/changes?category={_KNOWN}", headers=key).json()
    path = f"/v1/changes?category={_KNOWN}&cursor={first['cursor']}"
    assert client.get(path, headers=key).json()["data"] == []


def test_a_cursor_from_before_the_end_is_outdated(
    newsroom: Newsroom, client: TestClient, key: dict[str, str]
) -> None:
    add_product(newsroom)
    newsroom.story("Second story", categories=[_KNOWN])
    partner = newsroom.patch(
        newsroom.call("GET", "/partners/partner").json(), "partners", products=["product"]
    )
    path = f"/v1/headlines?category={_KNOWN}&limit=1"
    cursor = client.get(path, headers=key).json()["page"]["next"]
    newsroom.patch(partner, "partners", products=[])
    answer = client.get(f"{path}&cursor={cursor}", headers=key)
    assert (answer.status_code, answer.json()["code"]) == (410, "rights_changed")


def test_filters_of_webhooks_reveal_no_names(
    newsroom: Newsroom, client: TestClient, key: dict[str, str]
) -> None:
    document = {"url": "https://partner.example/hook", "events": ["*"]}
    answers = [
        client.post(
            "/v1/me/webhooks", json={**document, "filter": {"category": [name]}}, headers=key
        )
        for name in (_KNOWN, _UNKNOWN)
    ]
    assert _show(answers[0], _KNOWN) == _show(answers[1], _UNKNOWN)
    assert answers[0].json()["errors"][0]["pointer"] == "#/filter/category"
    # A webhook from before can be changed.
    add_product(newsroom)
    partner = newsroom.patch(
        newsroom.call("GET", "/partners/partner").json(), "partners", products=["product"]
    )
    webhook = client.post(
        "/v1/me/webhooks", json={**document, "filter": {"category": [_KNOWN]}}, headers=key
    ).json()
    newsroom.patch(partner, "partners", products=[])
    changed = client.patch(
        f"/v1/me/webhooks/{webhook['id']}",
        json={"events": ["article.killed"]},
        headers={**key, "if-match": '"v1"', "content-type": "application/merge-patch+json"},
    )
    assert (changed.status_code, changed.json()["filter"]) == (200, {"category": [_KNOWN]})


def test_titles_of_feeds_reveal_no_spellings_of_hidden_stories(
    newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.story("Story", tags=["Élysée"])
    add_product(newsroom, filter={"tag": ["other"]})
    headers = add_key(newsroom, add_partner(newsroom, "product"))
    assert "élysée" in client.get("/feeds/tags/elysee.json").json()["title"]
    assert "élysée" not in client.get("/feeds/tags/elysee.json", headers=headers).text
