"""Feeds contain one story of each translation group, like the lists that they belong to."""

import pytest
from starlette.testclient import TestClient

from tests.newsroom import Newsroom
from tests.syndication.feeds.feed_parsers import FORMATS, fetch, ids, links

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


def test_feeds_contain_one_story_of_each_translation_group(
    newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.category("World", names={"fr": "Monde"})
    bees = newsroom.story("Bees", tags=["t"], categories=["world"])["id"]
    abeilles = newsroom.story("Abeilles", language="fr", tags=["t"], translation_of=bees)["id"]
    query = "one_per_story=true&prefer=fr"
    for path in (*(f"/feeds/latest.{ext}" for ext in FORMATS), "/feeds/tags/t.rss"):
        assert ids(client, f"{path}?{query}") == [abeilles], path
        assert ids(client, f"{path}?one_per_story=true") == [bees], path
        assert len(ids(client, f"{path}?one_per_story=false")) == 2, path
    # Through `Accept`, through `Accept-Language`, and through the links of lists.
    headers = {"accept": "application/atom+xml", "accept-language": "fr"}
    answer = client.get("/v1/headlines?one_per_story=true", headers=headers)
    assert (answer.status_code, abeilles in answer.text, bees in answer.text) == (200, True, False)
    assert {"Accept", "Accept-Language"} <= set(answer.headers["vary"].split(", "))
    link_header = client.get(f"/v1/headlines?{query}").headers["link"]
    assert "</feeds/latest.atom?one_per_story=true&prefer=fr>" in link_header
    assert b"Monde" in fetch(client, "/feeds/latest.rss?names_in=fr")
    # Their pages would change, and search results are not grouped.
    newsroom.story("Hives")
    paged = f"/feeds/latest.atom?limit=1&{query}"
    assert "prev-archive" not in links(client, paged)
    for more in ("one_per_story=true", "one_per_story=false", "prefer=fr"):
        assert client.get(f"/feeds/search.rss?q=bees&{more}").status_code == 400
