"""End to end: a real story is created, published, edited, renamed and withdrawn."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.delivery import store
from tests.clock import HandClock
from tests.newsroom import MERGE_PATCH, Newsroom

pytestmark = pytest.mark.slow


@pytest.fixture
def page_story(shared: Path) -> dict[str, Any]:
    """The story of a real page, parsed."""
    lines = (shared / "seed-article.txt").read_text(encoding="utf-8").strip().splitlines()
    paragraphs = [line.strip() for line in lines if line.strip()]
    trail, title, *body = paragraphs
    name, description, url = body[-3:]
    return {
        "trail": trail.split(),
        "title": title,
        "body": "".join(f"<p>{paragraph}</p>" for paragraph in body[:-3]),
        "paragraphs": body[:-3],
        "source": {"name": name, "description": description, "url": url},
    }


def test_a_real_story_is_drafted_published_renamed_and_withdrawn(
    page_story: dict[str, Any],
    newsroom: Newsroom,
    client: TestClient,
    services: Services,
    clock: HandClock,
) -> None:
    source = newsroom.source(**page_story["source"], language="en")
    categories = [newsroom.category(name) for name in page_story["trail"]]
    article = newsroom.article(
        page_story["title"],
        source=source["slug"],
        categories=[category["slug"] for category in categories],
        body=page_story["body"],
        published_at="2026-01-12T10:00:00Z",
    )
    assert article["state"] == "draft"
    _check_not_public(client, article)

    clock.advance(minutes=1)
    public = newsroom.verb(article, "publish")
    assert (public["state"], public["version"], public["published_version"]) == ("published", 2, 2)
    (headline,) = client.get("/v1/headlines").json()["data"]
    (listed,) = client.get("/v1/articles?category=morocco").json()["data"]
    story = client.get(f"/v1/articles/{article['slug']}").json()
    for shown in (headline, listed, story):
        assert shown["title"] == page_story["title"]
        assert shown["source"]["name"] == "North Africa Post"
        assert [category["name"] for category in shown["categories"]] == [
            "Asia",
            "Headlines",
            "Morocco",
        ]
    assert story["body_text"].split("\n") == page_story["paragraphs"]
    assert (
        client.get("/v1/sources/north-africa-post").json() | page_story["source"]
        == client.get("/v1/sources/north-africa-post").json()
    )

    clock.advance(minutes=1)
    edited = newsroom.patch(public, title="Barak MX enters service", status="published")
    assert client.get(f"/v1/articles/{article['id']}").json()["title"] == "Barak MX enters service"
    late = newsroom.call(
        "PATCH",
        f"/articles/{article['id']}",
        json={"title": "Too late"},
        headers={"if-match": '"v2"', "content-type": MERGE_PATCH},
    )
    assert (late.status_code, late.json()["code"]) == (412, "version_mismatch")

    newsroom.patch(source, "sources", name="The North Africa Post")
    for path in ("/v1/headlines", "/v1/articles?source=north-africa-post"):
        (shown,) = client.get(path).json()["data"]
        assert shown["source"]["name"] == "The North Africa Post"

    gone = newsroom.verb(edited, "unpublish")
    assert gone["state"] == "unpublished"
    _check_not_public(client, article)
    _check_revisions_and_log(services, newsroom, source, categories, article)


def _check_not_public(client: TestClient, article: dict[str, Any]) -> None:
    for path in ("/v1/headlines", "/v1/articles", "/v1/articles?category=morocco"):
        assert client.get(path).json()["data"] == []
    for ref in (article["id"], article["slug"]):
        assert client.get(f"/v1/articles/{ref}").status_code == 404


def _check_revisions_and_log(
    services: Services,
    newsroom: Newsroom,
    source: dict[str, Any],
    categories: list[dict[str, Any]],
    article: dict[str, Any],
) -> None:
    with services.database.read() as session:
        log = [
            (row.type, row.id, row.op, row.reason) for row in store.load_changes(session, 0, 100)
        ]
    assert log == [
        ("source", source["id"], "upsert", "updated"),
        *(("category", category["id"], "upsert", "updated") for category in categories),
        ("article", article["id"], "upsert", "published"),
        ("article", article["id"], "upsert", "updated"),
        ("source", source["id"], "upsert", "updated"),
        ("article", article["id"], "remove", "unpublished"),
    ]
    revisions = newsroom.call("GET", f"/articles/{article['id']}/revisions").json()["data"]
    assert [(revision["version"], revision["action"]) for revision in revisions] == [
        (4, "unpublished"),
        (3, "published"),
        (2, "published"),
        (1, "created"),
    ]
    first = newsroom.call("GET", f"/articles/{article['id']}/revisions/1").json()
    assert first["article"]["title"] == article["title"]
    assert first["article"]["body"] == article["body"]
    assert first["by"]["name"] == "a key for admin"
