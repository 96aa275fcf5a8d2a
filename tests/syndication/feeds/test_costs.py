"""Feeds need no more queries than lists, except where they contain more."""

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.settings import Settings
from tests.databases import count_queries
from tests.newsroom import Newsroom
from tests.syndication.feeds.feed_parsers import fetch

# The directory of a category has the serial of the log: one query, or none if that is cached.
# Atom and NewsML-G2 need the withdrawn stories.
COSTS = {
    "/feeds/latest.rss": 1,
    "/feeds/latest.json?limit=100&category=world": 1,
    "/feeds/latest.atom": 2,
    "/feeds/categories/world.newsml": 3,
    "/feeds/tags/t.csv": 2,
    "/v1/articles/story-7.md": 1,
    "/sitemap-news.xml": 1,
    "/sitemap-2026-11.xml": 1,
    "/sitemap.xml": 2,
}

_LOOKING = ("/feeds/categories/", "/feeds/tags/", "/sitemap.xml")


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Nothing is cached: each answer is computed."""
    return Settings(database_url=database_url, cache_bytes=0)


def test_feeds_take_as_many_queries_as_lists(
    newsroom: Newsroom, client: TestClient, services: Services, dialect: str
) -> None:
    newsroom.category("World")
    for number in range(30):
        newsroom.story(f"Story {number}", categories=["world"], tags=["t"], body="B.")
    for path, cost in COSTS.items():
        fetch(client, path)
        with count_queries(services.database) as sent:
            fetch(client, path)
        looks = dialect == "sqlite" and path.startswith(_LOOKING)
        assert len(sent) == cost - looks, (path, sent)
