"""A feed has one canonical address for every spelling of the request, and contains it.

The W3C validator rejects a feed's own address unless it is the requested one or the one in
`Content-Location`.
"""

from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from tests.newsroom import Newsroom
from tests.syndication.feeds.feed_parsers import fetch, ids, links

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
HERE = "http://127.0.0.1:8000"
DECOMPOSED = quote("cafe\u0301 bees")
SPELLINGS = {
    "/feeds/latest.atom?category=world&limit=2": [
        "/feeds/latest.atom?limit=2&category=world",
        "/feeds/latest.atom?limit=2&category=world&sort=-published_at&one_per_story=false",
        "/feeds/latest.atom?limit=2&&category=w%6frld",
        "/feeds/latest.atom?limit=%32&category=world",
    ],
    "/feeds/latest.atom?tag=caf%C3%A9+bees": [
        "/feeds/latest.atom?tag=caf%c3%a9%20bees",
        f"/feeds/latest.atom?tag={DECOMPOSED}&limit=20",
    ],
    "/feeds/search.atom?limit=1&q=caf%C3%A9+bees": [
        "/feeds/search.atom?q=caf%C3%A9%20bees&limit=1",
        "/feeds/search.atom?q=caf%C3%A9+bees&limit=1&sort=-published_at",
        f"/feeds/search.atom?q={DECOMPOSED}&limit=1",
    ],
}


@pytest.fixture(autouse=True)
def _stories(newsroom: Newsroom) -> None:
    newsroom.category("World")
    for number in range(3):
        title = f"Café bees {number}"
        newsroom.story(title, categories=["world"], tags=["Café bees"], body="<p>Hum.</p>")


@pytest.mark.parametrize("address", SPELLINGS)
def test_a_feed_has_its_canonical_address_for_every_spelling_of_the_request(
    address: str, client: TestClient
) -> None:
    for spelling in (address, *SPELLINGS[address]):
        answer = client.get(spelling)
        assert answer.headers["content-location"] == address, spelling
        assert f'<{address}>; rel="self"' in answer.headers["link"]
        assert links(client, spelling)["self"] == f"{HERE}{address}"
        again = client.get(spelling, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.headers["content-location"]) == (304, address)


def test_a_list_in_another_format_has_the_address_of_the_feed(client: TestClient) -> None:
    accept = {"accept": "application/atom+xml"}
    answer = client.get("/v1/articles?limit=20&category=world", headers=accept)
    assert answer.headers["content-location"] == "/feeds/latest.atom?category=world"


def test_links_to_other_pages_have_the_canonical_address(client: TestClient) -> None:
    query = "category=world&limit=1&tag=caf%C3%A9+bees"
    entry_ids = ids(client, f"/feeds/latest.atom?{query}")
    older = links(client, f"/feeds/latest.atom?{query}")["prev-archive"].removeprefix(HERE)
    assert client.get(older).headers["content-location"] == older
    assert links(client, older)["current"] == f"{HERE}/feeds/latest.atom?{query}"
    following = client.get(f"/v1/headlines?{query}").links["next"]["url"]
    assert f'<{following}>; rel="self"' in client.get(following).headers["link"]
    assert set(ids(client, older)).isdisjoint(entry_ids)


def test_a_decomposed_search_can_be_paged_in_every_format(client: TestClient) -> None:
    feed = client.get(f"/feeds/search.json?q={DECOMPOSED}&limit=2").json()
    assert len(feed["items"]) == 2
    fetch(client, feed["next_url"].removeprefix(HERE))
