"""A story is published, the index follows the log, and a reader finds it."""

from collections.abc import Callable

from starlette.testclient import TestClient

from app.bootstrap import Services
from tests.api.reading import read, titles
from tests.newsroom import Newsroom


def test_a_published_story_is_found(
    newsroom: Newsroom, client: TestClient, services: Services, follow: Callable[[], None]
) -> None:
    newsroom.story("Phosphate exports rise", body="<p>Ships left Jorf Lasfar.</p>")
    newsroom.story("Drought ends")
    follow()
    assert services.search.position().serial > 0
    assert titles(client, "/v1/search?q=phosphate") == ["Phosphate exports rise"]
    page = read(client, "/v1/search?q=ships&count=exact")
    assert page["page"]["count"] == 1
    assert page["complete"] is True


def test_a_story_is_found_before_it_is_indexed(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.story("Phosphate exports rise")
    assert titles(client, "/v1/search?q=phosphate") == ["Phosphate exports rise"]


def test_a_withdrawn_story_is_not_found(
    newsroom: Newsroom, client: TestClient, follow: Callable[[], None]
) -> None:
    story = newsroom.story("Phosphate exports rise", tags=["mining"])
    follow()
    newsroom.verb(story, "unpublish")
    page = read(client, "/v1/search?q=phosphate&count=exact&facets=tag")
    assert (page["data"], page["page"]["count"], page["facets"]) == ([], 0, {"tag": []})
