"""Response headers stay small for any request: by default, nginx accepts 4 kB."""

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.client import expect_contract_violation
from tests.newsroom import Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
# The status line, `Date` and the empty line, which a test client does not receive.
_OF_THE_SERVER = 60
_HEADERS = {
    "origin": "https://a-site.example.org",
    "accept-encoding": "gzip",
    "x-request-id": "r" * 100,
}
_LISTS = ("/v1/headlines", "/v1/articles", "/v1/search", "/feeds/latest.rss", "/feeds/search.atom")


def size(answer: Response) -> int:
    """Return the approximate size of the headers in bytes."""
    fields = answer.headers.multi_items()
    return _OF_THE_SERVER + sum(len(name) + len(text) + 4 for name, text in fields)


def relations(answer: Response) -> list[str]:
    """Return the relations of the links."""
    link = answer.headers.get("link", "")
    return [part.partition('"')[0] for part in link.split('rel="')[1:]]


@pytest.fixture
def ids(newsroom: Newsroom) -> list[str]:
    """The ids of stories that share a tag, more than a page of them."""
    return [newsroom.story(f"Story {number}", tags=["rain"])["id"] for number in range(35)]


def ask(client: TestClient, path: str, query: str, **more: str) -> Response:
    answer = client.get(f"{path}?{query}", headers={**_HEADERS, **more})
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.slow
@pytest.mark.parametrize("path", _LISTS)
def test_a_list_of_any_number_of_ids_has_small_headers(
    path: str, ids: list[str], client: TestClient
) -> None:
    for count in range(1, 101):
        named = [*ids, *(f"01890000-0000-7000-8000-{n:012}" for n in range(65))][:count]
        query = f"limit=1&ids={','.join(named)}"
        for again in ("", "&include=body") if path == "/v1/articles" else ("",):
            answer = ask(client, path, query + again)
            assert size(answer) < 4_000, (count, size(answer))
            if "alternate" in relations(answer):
                assert size(answer) < 2_000, (count, size(answer))
    first = ask(client, path, f"limit=1&ids={','.join(ids[:30])}")
    if path.startswith("/v1/"):
        # A page in the middle has three links to pages; without space, the link to itself is
        # omitted.
        cursor = first.json()["page"]["next"]
        middle = ask(client, path, f"limit=1&ids={','.join(ids[:30])}&cursor={cursor}")
        assert relations(first) == ["self", "next"]
        assert relations(middle) == ["next", "prev"]
        assert size(middle) < 4_000


def test_an_ordinary_list_has_all_links(ids: list[str], client: TestClient) -> None:
    for path in ("/v1/headlines", "/v1/articles", "/v1/search"):
        answer = ask(client, path, "limit=2&tag=rain&language=en&published_after=2020-01-01")
        assert relations(answer) == ["self", "next", *["alternate"] * 3], path
        assert size(answer) < 2_000
    few = ask(client, "/v1/headlines", f"ids={','.join(ids[:2])}")
    assert relations(few) == ["self", *["alternate"] * 3]


def test_links_in_headers_depend_only_on_the_request(ids: list[str], client: TestClient) -> None:
    query = f"limit=1&ids={','.join(ids[:8])}"
    links = {ask(client, "/v1/headlines", query).headers["link"] for _ in range(3)}
    plain = client.get(f"/v1/headlines?{query}")
    assert links == {plain.headers["link"]}


def test_a_story_with_the_longest_slug_has_small_headers(
    newsroom: Newsroom, client: TestClient
) -> None:
    slug = "-".join(["a" * 39] * 5)
    newsroom.story("Story", slug=slug)
    for path in (f"/v1/articles/{slug}", f"/v1/articles/{slug}.md"):
        answer = client.get(path, headers=_HEADERS)
        assert (answer.status_code, size(answer) < 2_000) == (200, True), size(answer)


@expect_contract_violation("Without room for `Content-Location`, nothing names the operation.")
def test_a_negotiated_feed_has_small_headers(ids: list[str], client: TestClient) -> None:
    for count in (1, 10, 30, 100):
        named = [*ids, *(f"01890000-0000-7000-8000-{n:012}" for n in range(65))][:count]
        answer = ask(
            client, "/v1/headlines", f"limit=1&ids={','.join(named)}", accept="application/rss+xml"
        )
        assert answer.headers["content-type"].startswith("application/rss+xml")
        assert size(answer) < 4_000, count


def test_a_newsroom_list_has_small_headers(ids: list[str], newsroom: Newsroom) -> None:
    for count in (1, 30, 35):
        answer = newsroom.call("GET", f"/articles?limit=1&ids={','.join(ids[:count])}")
        assert (answer.status_code, size(answer) < 4_000) == (200, True)


@pytest.fixture
def redirects(newsroom: Newsroom) -> dict[str, str]:
    """Paths that redirect, with their targets: former slugs and needless encodings."""
    newsroom.patch(newsroom.story("One", slug="former"), slug="one", status="published")
    newsroom.patch(newsroom.source("Former"), "sources", slug="one")
    newsroom.patch(newsroom.category("Former"), "categories", slug="one")
    paths = ("/v1/articles/{}", "/v1/articles/{}/related", "/v1/sources/{}", "/v1/categories/{}")
    feeds = ("/feeds/sources/{}.rss", "/feeds/categories/{}.atom")
    named = {path.format("former"): path.format("one") for path in (*paths, *feeds)}
    tags = {"/feeds/tags/One.rss": "/feeds/tags/one.rss"}
    return {**named, **tags, "/v1/%61rticles/one": "/v1/articles/one"}


def _long_query(path: str, length: int) -> str:
    """Return a query of a length that the target of the path accepts."""
    if path.startswith("/feeds/"):
        return "x=" + "y" * (length - 2)
    field = "title" if "rticles" in path else "name"
    return "fields=" + f"{field}," * ((length - 12) // (len(field) + 1)) + field


@pytest.mark.parametrize("length", [100, 3_000, 3_500, 8_192])
def test_a_redirect_contains_its_query_once_or_is_refused(
    length: int, redirects: dict[str, str], client: TestClient
) -> None:
    for path, present in redirects.items():
        query = _long_query(path, length)
        answer = client.get(f"{path}?{query}", headers=_HEADERS, follow_redirects=False)
        assert size(answer) < 4_000, (path, size(answer))
        repeating = [name for name, text in answer.headers.items() if query[:50] in text]
        if length <= 3_000:
            assert answer.status_code in {301, 308}, (path, answer.text)
            assert answer.headers["location"] == f"{present}?{query}"
            assert repeating == ["location"]
        else:
            assert answer.status_code == 414, (path, answer.status_code)
            assert (answer.json()["code"], repeating) == ("query_too_long", [])
            assert f"Ask at {present} instead" in answer.json()["detail"]


def test_a_newsroom_redirect_has_small_headers(
    redirects: dict[str, str], newsroom: Newsroom, client: TestClient
) -> None:
    query = "x=" + "y" * 8_190
    for kind in ("articles", "sources", "categories"):
        answer = newsroom.call("GET", f"/{kind}/former?{query}", follow_redirects=False)
        assert size(answer) < 4_000
        assert query not in str(answer.headers)
    encoded = newsroom.call("GET", f"/%61rticles/one?{query}", follow_redirects=False)
    assert (encoded.status_code, size(encoded) < 4_000) == (414, True)


def test_a_path_that_is_too_long_is_a_404_and_no_redirect(
    redirects: object, client: TestClient
) -> None:
    answer = client.get("/v1/articles/%61" + "a" * 8_000, follow_redirects=False)
    assert (answer.status_code, size(answer) < 4_000) == (404, True)


@pytest.mark.parametrize(
    "path", ["/v1/headlines", "/v1/articles", "/v1/articles/one", "/v1/sources"]
)
def test_no_accepted_query_causes_large_headers(
    path: str, redirects: object, client: TestClient
) -> None:
    field = "name" if path == "/v1/sources" else "title"
    query = "fields=" + f"{field}," * (8_180 // (len(field) + 1)) + field
    for accept in ("*/*", "application/rss+xml, text/markdown"):
        answer = client.get(f"{path}?{query}", headers={**_HEADERS, "accept": accept})
        assert size(answer) < 4_000, (path, size(answer))
        assert query[:50] not in str(answer.headers)
