"""Conditional requests, hosts and repeated headers follow RFC 9110 and 9112."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.clock import HandClock
from tests.newsroom import Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
_PATH = "/v1/headlines"
_NOON = "Sun, 22 Nov 2026 12:00:00 GMT"
# The three date formats of HTTP (RFC 9110, section 5.6.7), for one instant.
_FORMS = (_NOON, "Sunday, 22-Nov-26 12:00:00 GMT", "Sun Nov 22 12:00:00 2026")
_NO_DATES = (
    "Sun, 22 Nov 2026 12:00:00 +0000",
    "2026-11-22T12:00:00Z",
    f"{_NOON}, {_NOON}",
    "Sun, 22 Nov 99999 12:00:00 GMT",
)


@pytest.fixture
def tag(newsroom: Newsroom, client: TestClient, clock: HandClock) -> str:
    """The ETag of a list with one story, which was published a minute ago."""
    newsroom.story(summary="word " * 100)
    clock.advance(minutes=1)
    return client.get(_PATH).headers["etag"]


def _status(client: TestClient, *headers: tuple[str, str], method: str = "GET") -> int:
    return client.request(method, _PATH, headers=list(headers)).status_code


@pytest.mark.parametrize("date", _FORMS)
def test_the_three_date_forms_of_http_are_accepted(tag: str, client: TestClient, date: str) -> None:
    assert _status(client, ("if-modified-since", date)) == 304
    assert _status(client, ("if-modified-since", date.replace("12:00", "11:59"))) == 200
    assert _status(client, ("if-unmodified-since", date)) == 200
    assert _status(client, ("if-unmodified-since", date.replace("12:00", "11:59"))) == 412


@pytest.mark.parametrize("date", _NO_DATES)
def test_an_invalid_date_is_ignored(tag: str, client: TestClient, date: str) -> None:
    assert _status(client, ("if-modified-since", date)) == 200
    assert _status(client, ("if-unmodified-since", date)) == 200


def test_repeated_headers_are_one_list(tag: str, client: TestClient) -> None:
    name = "if-none-match"
    assert _status(client, (name, tag), (name, '"x"')) == 304
    assert _status(client, (name, '"x"'), (name, f"W/{tag}")) == 304
    accepted = [("accept-encoding", "gzip;q=0.5"), ("accept-encoding", "identity;q=0.1")]
    assert client.get(_PATH, headers=accepted).headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_match_is_checked_on_reads(tag: str, client: TestClient, method: str) -> None:
    for condition, status in ((tag, 200), ("*", 200), (f'"x", {tag}', 200), (f"W/{tag}", 412)):
        assert _status(client, ("if-match", condition), method=method) == status
    refused = client.request(method, _PATH, headers={"if-match": '"x"', "if-none-match": tag})
    assert refused.status_code == 412
    assert refused.headers["cache-control"] == "no-store"
    assert "Accept-Encoding" in refused.headers["vary"]
    if method == "GET":
        assert refused.json()["code"] == "version_mismatch"
        assert refused.json()["request_id"] == refused.headers["x-request-id"]
    # If it holds, the second condition is checked: whether the reader has the response (section
    # 13.2.2).
    assert _status(client, ("if-match", tag), ("if-none-match", tag), method=method) == 304
    earlier = ("if-unmodified-since", "Sun Nov 22 11:00:00 2026")
    assert _status(client, ("if-match", tag), earlier, method=method) == 200


def test_a_condition_without_a_validator_to_compare_does_not_fail(client: TestClient) -> None:
    answer = client.get("/v1/articles/none", headers={"if-match": '"x"'})
    assert answer.status_code == 404


def test_a_refused_condition_is_counted(tag: str, client: TestClient) -> None:
    client.get(_PATH, headers={"if-match": '"x"'})
    line = 'dateline_requests_total{method="GET",route="/v1/headlines",status="412"} 1.0'
    assert line in client.get("/metrics").text


def test_a_request_has_exactly_one_host(tag: str, client: TestClient, newsroom: Newsroom) -> None:
    for path in (_PATH, "/openapi.json", "/v1/manage/articles"):
        twice: Any = [("host", "a.example"), ("host", "b.example"), *newsroom.headers.items()]
        answer = client.get(path, headers=twice)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_host"), path
    assert _status(client, ("host", "a.example")) == 200


def test_a_304_never_has_an_expired_lifetime(
    tag: str, newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    """Some shared caches would keep their copy for its first lifetime again."""
    newsroom.story("Later", published_at="2026-11-22T12:01:02Z")
    tag = client.get(_PATH).headers["etag"]
    for seconds, status in ((0.9, 304), (0.2, 200), (1, 200)):
        clock.advance(seconds=seconds)
        answer = client.get(_PATH, headers={"if-none-match": tag})
        assert answer.status_code == status
        assert ("s-maxage=0" in answer.headers["cache-control"]) == (seconds == 0.2)
