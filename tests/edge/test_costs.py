"""The number of queries with a cache: none for a cached response, few for a computed one."""

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from tests.api.reading import read
from tests.conftest import key_for
from tests.databases import count_queries
from tests.newsroom import Newsroom

_LIST = "/v1/headlines?language=en&tag=t"
_WAYS: dict[str, tuple[str, str, dict[str, str]]] = {
    "again": ("GET", _LIST, {}),
    "in another coding": ("GET", _LIST, {"accept-encoding": "zstd"}),
    "as known": ("GET", _LIST, {"if-none-match": "*"}),
    "as known by its date": ("GET", _LIST, {"if-modified-since": "Sun, 22 Nov 2099 12:00:00 GMT"}),
    "insisting on it": ("GET", _LIST, {"if-match": "*"}),
    "insisting on another": ("GET", _LIST, {"if-match": '"x"'}),
    "without the body": ("HEAD", _LIST, {}),
    "from a script": ("GET", _LIST, {"origin": "https://site.example"}),
    "spelt out": ("GET", "/v1/headlines?tag=t&limit=20&language=en&count=none", {}),
    "a story": ("GET", "/v1/articles/story", {}),
    "a story as known": ("GET", "/v1/articles/story", {"if-none-match": "*"}),
    "a 404": ("GET", "/v1/articles/none", {}),
    "a redirect": ("GET", "/v1/articles/former", {}),
    "a source": ("GET", "/v1/sources/the-post", {}),
}


@pytest.fixture
def story(newsroom: Newsroom) -> str:
    newsroom.source("The Post")
    created = newsroom.story("Story", slug="former", source="the-post", tags=["t"])
    newsroom.patch(created, slug="story", status="published")
    id_: str = created["id"]
    return id_


@pytest.mark.parametrize("way", _WAYS)
def test_a_cached_response_takes_no_query(
    story: str, client: TestClient, services: Services, way: str
) -> None:
    method, path, headers = _WAYS[way]
    for first in (_LIST, path):
        client.get(first)
    with count_queries(services.database) as sent:
        client.request(method, path, headers=headers)
    assert sent == []


def test_a_cached_response_to_a_key_takes_no_query(
    story: str, client: TestClient, services: Services
) -> None:
    headers = {"x-api-key": key_for(services, "read")}
    for _ in range(2):
        client.get(_LIST, headers=headers)
    with count_queries(services.database) as sent:
        assert client.get(_LIST, headers=headers).status_code == 200
    assert sent == []


def test_a_computed_response_takes_one_query(
    story: str, client: TestClient, services: Services, dialect: str
) -> None:
    read(client, "/v1/headlines")
    costs = {}
    for path in (_LIST, f"/v1/articles/{story}", "/v1/articles/story", "/v1/sources/the-post"):
        with count_queries(services.database) as sent:
            assert client.get(path, headers={"if-none-match": "*"}).status_code == 304
        costs[path] = len(sent)
    # The serial comes with the rows or is cached; sources are cached, too.
    assert list(costs.values()) == [1, 1, 1, 0 if dialect == "sqlite" else 1]


def test_a_404_and_a_redirect_query_former_slugs(
    story: str, client: TestClient, services: Services, dialect: str
) -> None:
    read(client, "/v1/headlines")
    costs = []
    for path in ("/v1/articles/none", "/v1/articles/former"):
        with count_queries(services.database) as sent:
            client.get(path)
        costs.append(len(sent))
    assert costs == ([3, 3] if dialect == "sqlite" else [4, 4])
