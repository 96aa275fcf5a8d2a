"""A public response takes one database query."""

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.settings import Settings
from tests.api.reading import read
from tests.databases import count_queries
from tests.newsroom import Newsroom


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Nothing is cached: each response is computed."""
    return Settings(database_url=database_url, cache_bytes=0)


@pytest.fixture
def warm(newsroom: Newsroom, client: TestClient) -> None:
    """Thirty complete stories, and a loaded directory."""
    newsroom.source("The Post")
    newsroom.category("World")
    newsroom.category("Africa", parent="world")
    for number in range(30):
        newsroom.story(
            f"Story {number}", source="the-post", categories=["africa"], tags=["t"], body="B."
        )
    read(client, "/v1/headlines")


def test_a_public_response_takes_one_query(
    warm: None, client: TestClient, services: Services
) -> None:
    cursor = read(client, "/v1/headlines")["page"]["next"]
    article = read(client, "/v1/headlines")["data"][0]["id"]
    for path in (
        "/v1/headlines",
        "/v1/headlines?limit=100",
        f"/v1/headlines?cursor={cursor}",
        "/v1/headlines?tag=t&language=en&sort=-updated_at",
        "/v1/headlines?category=world",
        "/v1/headlines?category=world,africa&source=the-post",
        "/v1/headlines?one_per_story=true&language=fr,en&names_in=fr",
        "/v1/articles?one_per_story=true&prefer=ar",
        "/v1/articles",
        "/v1/articles?include=body",
        f"/v1/articles/{article}",
        "/v1/articles/story-7",
        "/v1/sources",
        "/v1/sources/the-post",
        "/v1/categories?tree=true",
    ):
        with count_queries(services.database) as sent:
            read(client, path)
        # SQLite does not need a query for sources and categories.
        least = 0 if path.startswith(("/v1/sources", "/v1/categories")) else 1
        assert least <= len(sent) <= 1, (path, sent)


def test_an_exact_count_takes_one_more_query(
    warm: None, client: TestClient, services: Services, dialect: str
) -> None:
    with count_queries(services.database) as sent:
        assert read(client, "/v1/headlines?count=exact")["page"]["count"] == 30
    # An asynchronous read on PostgreSQL caches no log position, so the position is read first.
    assert len(sent) == (3 if dialect == "postgresql" else 2)


def test_the_directory_is_read_again_only_after_a_change(
    warm: None, newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    newsroom.category("Sport")
    with count_queries(services.database) as after_a_change:
        read(client, "/v1/headlines")
    newsroom.story("Another")
    with count_queries(services.database) as after_a_story:
        read(client, "/v1/headlines")
    # After each of them, the log and the page are read. After the first one, so is the directory
    # (two tables); on PostgreSQL the page is then read again in a thread, with the log state.
    expected = {"sqlite": (4, 2), "postgresql": (6, 2)}[services.database.dialect]
    assert (len(after_a_change), len(after_a_story)) == expected
