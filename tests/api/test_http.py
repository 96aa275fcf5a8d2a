"""HTTP itself: HEAD, CORS, links, hosts and addresses."""

from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from tests.api.reading import public_paths, read
from tests.newsroom import Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
ORIGIN = {"origin": "https://site.example"}
_MORE = ("Age", "Content-Location", "Idempotency-Replayed")
EXPOSED = "ETag Last-Modified Link Location Retry-After RateLimit RateLimit-Policy Surrogate-Key"


def test_head_equals_get_without_the_body(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.story()
    for path in [
        *(item for item in public_paths() if "{" not in item),
        "/v1/articles/a-title",
        "/x",
    ]:
        if path == "/metrics":
            continue
        answer, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (answer.status_code, b""), path
        for name in answer.headers.keys() - {"x-request-id"}:
            assert head.headers[name] == answer.headers[name], (path, name)


def test_vary_is_one_header_line(newsroom: Newsroom, client: TestClient) -> None:
    """Some shared caches read only the first line, and would mix encodings and readers."""
    newsroom.story()
    for path in ("/v1/headlines", "/v1/articles/a-title", "/v1/articles/none", "/feeds/latest.rss"):
        for accept in ("*/*", "application/rss+xml", "application/ninjs+json"):
            answer = client.get(path, headers={**ORIGIN, "accept": accept})
            lines = answer.headers.get_list("vary")
            assert len(lines) == 1, (path, accept)
            assert {"Accept-Encoding", "X-Api-Key", "Origin"} <= set(lines[0].split(", "))


def test_any_origin_may_read_delivery_and_its_headers(
    newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.story()
    for path in ("/v1/headlines", "/v1/articles/a-title", "/v1/articles/none", "/v1/articles?x=1"):
        headers = client.get(path, headers=ORIGIN).headers
        assert headers["access-control-allow-origin"] == "*"
        exposed = {part.strip() for part in headers["access-control-expose-headers"].split(",")}
        assert {*EXPOSED.split(), "Dateline-Serial", "X-Request-Id", *_MORE} <= exposed
    tag = client.get("/v1/headlines").headers["etag"]
    again = client.get("/v1/headlines", headers={**ORIGIN, "if-none-match": tag})
    assert (again.status_code, again.headers["access-control-allow-origin"]) == (304, "*")


def test_a_401_can_be_read_across_origins(client: TestClient) -> None:
    answer = client.get("/v1/headlines", headers={**ORIGIN, "x-api-key": "wrong"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, "*")


def _preflight(client: TestClient, path: str, method: str, headers: str) -> dict[str, str]:
    requested = {"access-control-request-method": method, "access-control-request-headers": headers}
    response = client.options(path, headers={**ORIGIN, **requested})
    return {"status": str(response.status_code), **response.headers}


def test_a_preflight_allows_reading_with_a_key(client: TestClient) -> None:
    answer = _preflight(client, "/v1/headlines", "GET", "authorization, x-api-key, if-none-match")
    assert answer["status"] == "200"
    assert answer["access-control-allow-origin"] == "*"
    assert {"GET", "HEAD"} == set(answer["access-control-allow-methods"].split(", "))
    for name in ("authorization", "x-api-key", "if-none-match"):
        assert name in answer["access-control-allow-headers"].lower()


def test_a_preflight_does_not_allow_writing_to_delivery(client: TestClient) -> None:
    answer = _preflight(client, "/v1/headlines", "POST", "content-type")
    assert (answer["status"], answer["content-type"]) == ("400", "application/problem+json")


def test_an_unlisted_origin_may_not_use_management(newsroom: Newsroom) -> None:
    answer = _preflight(newsroom.client, "/v1/manage/articles", "POST", "authorization")
    assert answer["status"] == "400"
    assert "access-control-allow-origin" not in answer
    listed = newsroom.call("GET", "/articles", headers=ORIGIN)
    assert "access-control-allow-origin" not in listed.headers


class TestOneOrigin:
    """A deployment whose newsroom has a site."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(
            database_url=database_url,
            cors_origins="https://reader.example",
            management_cors_origins=ORIGIN["origin"],
        )

    def test_a_listed_origin_may_use_management(self, newsroom: Newsroom) -> None:
        names = "authorization, if-match, idempotency-key, content-type"
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = _preflight(newsroom.client, "/v1/manage/articles", method, names)
            assert answer["access-control-allow-origin"] == ORIGIN["origin"]
            assert method in answer["access-control-allow-methods"]
        listed = newsroom.call("GET", "/articles", headers=ORIGIN)
        assert listed.headers["access-control-allow-origin"] == ORIGIN["origin"]

    def test_only_listed_origins_may_read_delivery(self, client: TestClient) -> None:
        other = client.get("/v1/headlines", headers=ORIGIN)
        named = client.get("/v1/headlines", headers={"origin": "https://reader.example"})
        assert "access-control-allow-origin" not in other.headers
        assert named.headers["access-control-allow-origin"] == "https://reader.example"
        assert "Origin" in named.headers["vary"]


def _links(response: object) -> dict[str, str]:
    header: str = response.headers["link"]  # type: ignore[attr-defined]
    pairs = (part.partition(">; rel=") for part in header.split(", <"))
    urls = {rel.strip('"'): url.lstrip("<") for url, _, rel in pairs}
    return {rel: url for rel, url in urls.items() if not rel.startswith("alternate")}


def test_links_to_other_pages_have_the_canonical_query(
    newsroom: Newsroom, client: TestClient
) -> None:
    for number in range(3):
        newsroom.story(f"{number}", tags=["a, b"])
    first = client.get("/v1/headlines?limit=1&tag=a%5C,%20b")
    assert set(_links(first)) == {"self", "next"}
    assert _links(first)["self"] == "/v1/headlines?limit=1&tag=a%5C%2C+b"
    second = client.get(_links(first)["next"])
    assert set(_links(second)) == {"self", "next", "prev"}
    assert parse_qs(urlsplit(_links(second)["next"]).query)["tag"] == ["a\\, b"]
    assert client.get(_links(second)["prev"]).json()["data"] == first.json()["data"]


def test_links_of_newsroom_lists_are_ascii(newsroom: Newsroom) -> None:
    article = newsroom.story("المغرب")
    answer = newsroom.call("GET", f"/articles/{article['slug']}/revisions")
    assert answer.status_code == 200
    assert _links(answer)["self"].isascii()


class TestPublicAddress:
    """A deployment with a configured address and host names."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(
            database_url=database_url,
            public_url="https://api.example/",
            allowed_hosts="api.example, testserver,[::1]",
        )

    def test_links_begin_with_the_public_address(self, client: TestClient) -> None:
        links = _links(client.get("/v1/headlines?limit=1", headers={"host": "api.example"}))
        assert links["self"] == "https://api.example/v1/headlines?limit=1"

    def test_only_listed_hosts_are_served(self, client: TestClient) -> None:
        for host in ("api.example", "API.example:8000", "testserver", "[::1]:80"):
            assert client.get("/v1/headlines", headers={"host": host}).status_code == 200
        for host in ("evil.example", "api.example.evil.example", "", "x@api.example"):
            answer = client.get("/v1/headlines", headers={"host": host})
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_host")

    def test_health_checks_accept_any_host(self, client: TestClient) -> None:
        for path in ("/healthz", "/readyz"):
            assert client.get(path, headers={"host": "10.1.2.3:8000"}).status_code == 200


def test_a_harmless_request_id_is_returned(client: TestClient) -> None:
    assert client.get("/healthz", headers={"x-request-id": "a-1"}).headers["x-request-id"] == "a-1"
    odd = client.get("/v1/articles/none", headers={"x-request-id": "a b\x7f"})
    assert odd.headers["x-request-id"] == odd.json()["request_id"] != "a b\x7f"


def test_the_open_paths_respond(client: TestClient) -> None:
    assert read(client, "/healthz") == {"status": "alive"}
    assert read(client, "/readyz")["status"] == "ready"
    assert "dateline_requests_total" in client.get("/metrics").text
    assert read(client, "/openapi.json")["openapi"].startswith("3.")
    page = client.get("/docs").text
    assert "https://" not in page
    assert "/openapi.json" in page
