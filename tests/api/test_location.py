"""`Location` is absolute if the public address is configured; otherwise it begins with /."""

from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from tests.newsroom import Newsroom

OWN = "https://api.example/news"


@pytest.fixture(params=["sqlite"])
def dialect(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=[OWN, None], ids=["known", "unknown"])
def settings(database_url: str, request: pytest.FixtureRequest) -> Settings:
    """A deployment with or without a public address."""
    return Settings(database_url=database_url, public_url=request.param)


def test_location_is_absolute_if_the_public_address_is_configured(
    newsroom: Newsroom, client: TestClient, settings: Settings
) -> None:
    key = {"idempotency-key": "once"}
    created = [
        newsroom.call("POST", path, json=body, headers=key | {"idempotency-key": path})
        for path, body in (
            ("/articles", {"title": "Old", "language": "en", "status": "published"}),
            ("/sources", {"name": "Old"}),
            ("/categories", {"name": "Old"}),
            ("/keys", {"name": "K", "scopes": ["read"]}),
            ("/webhooks", {"url": "https://receiver.example/", "events": ["*"]}),
            ("/articles/old/preview", {}),
        )
    ]
    assert {item.status_code for item in created} == {201}
    again = newsroom.call(
        "POST",
        "/sources",
        json={"name": "Old"},
        headers={"idempotency-key": "/sources"},
    )
    assert again.headers["idempotency-replayed"] == "true"
    newsroom.patch(created[0].json(), slug="new", status="published")
    newsroom.patch(created[1].json(), "sources", slug="new")
    moved = [
        newsroom.call("GET", "/articles/old"),
        *map(
            client.get,
            (
                "/v1/articles/old",
                "/v1/articles/old.md",
                "/v1/sources/old",
                "/feeds/sources/old.rss?limit=3",
                "/v1/%61rticles/new",
                "/v1/articles/old/related",
            ),
        ),
    ]
    assert {entry.status_code for entry in moved} <= {301, 308}
    for answer in [*created, again, *moved]:
        location = answer.headers["location"]
        path = location.removeprefix(settings.public_url or "")
        assert location == f"{settings.public_url or ''}{path}"
        assert urlsplit(path).netloc == ""
        assert path.startswith(("/v1/", "/feeds/"))
