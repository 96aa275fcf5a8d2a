"""Import and export over HTTP: streamed, validated, and equal to the commands."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.kit import json
from app.settings import Settings
from tests.conftest import key_for
from tests.newsroom import Newsroom
from tests.transfer.helpers import export_all, import_lines, list_statuses, to_ndjson

NDJSON = {"content-type": "application/x-ndjson"}
LINES: list[dict[str, Any]] = [
    {"type": "source", "slug": "post", "name": "The Post"},
    {"type": "category", "slug": "asia", "name": "Asia"},
    {"type": "article", "slug": "good", "language": "en", "title": "Good", "source": "post"},
    {"type": "article", "slug": "bad", "language": "en", "title": "Bad", "source": "nobody"},
    {"type": "article", "language": "en", "title": "Nameless"},
    {"type": "article", "slug": "out", "language": "ar", "title": "خبر", "status": "published"},
]


def read_results(newsroom: Newsroom, content: Any, query: str = "") -> list[dict[str, Any]]:
    """Import over HTTP and return the result lines."""
    response = newsroom.call("POST", f"/import{query}", content=content, headers=NDJSON)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


@pytest.mark.postgresql
def test_an_import_over_http_has_the_outcomes_of_the_command(
    newsroom: Newsroom, services: Services, elsewhere: Services
) -> None:
    expected = import_lines(elsewhere, to_ndjson(LINES))
    outcomes = read_results(newsroom, b"".join(to_ndjson(LINES)))
    assert [result["status"] for result in outcomes] == list_statuses(expected)
    assert [(result["line"], result["type"], result["slug"]) for result in outcomes] == [
        (outcome.line, outcome.type, outcome.slug) for outcome in expected
    ]
    problems = [result["problem"]["code"] for result in outcomes if result["problem"]]
    assert problems == ["invalid_input", "invalid_input"]
    assert len(export_all(services)) == len(export_all(elsewhere)) == 4


def test_a_dry_run_over_http_writes_nothing(newsroom: Newsroom, services: Services) -> None:
    outcomes = read_results(newsroom, b"".join(to_ndjson(LINES)), "?dry_run=true")
    assert [result["status"] for result in outcomes].count("refused") == 2
    assert export_all(services) == []


def test_packets_may_split_lines_anywhere(newsroom: Newsroom) -> None:
    whole = b"".join(to_ndjson(LINES)).rstrip(b"\n")

    def packets() -> Iterator[bytes]:
        for start in range(0, len(whole), 7):
            yield whole[start : start + 7]

    outcomes = read_results(newsroom, packets())
    assert [result["line"] for result in outcomes] == [1, 2, 3, 4, 5, 6]


def test_lines_may_end_with_crlf_and_begin_with_spaces(newsroom: Newsroom) -> None:
    content = b"\r\n".join(b"  " + line.strip() for line in to_ndjson(LINES[:3])) + b"\r\n\r\n"
    assert [result["status"] for result in read_results(newsroom, content)] == ["created"] * 3


def test_an_empty_import_has_no_results(newsroom: Newsroom) -> None:
    assert read_results(newsroom, b"") == []
    assert read_results(newsroom, b"\n\n\n") == []


def test_an_export_over_http_equals_that_of_the_command(
    newsroom: Newsroom, services: Services
) -> None:
    read_results(newsroom, b"".join(to_ndjson(LINES)))
    response = newsroom.call("GET", "/export")
    assert response.content == b"".join(export_all(services))
    assert response.headers["cache-control"] == "no-store"
    assert {result["status"] for result in read_results(newsroom, response.content)} == {
        "unchanged"
    }


@pytest.mark.parametrize("scope", ["read", "write"])
def test_import_and_export_need_the_scope_publish(
    client: TestClient, services: Services, scope: str
) -> None:
    weak = Newsroom(client, key_for(services, scope))
    assert weak.call("POST", "/import", content=b"", headers=NDJSON).status_code == 403
    assert weak.call("GET", "/export").status_code == 403
    assert client.get("/v1/manage/export").status_code == 401


def test_another_content_type_is_refused(newsroom: Newsroom) -> None:
    answer = newsroom.call("POST", "/import", json=LINES)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


class TestWithShortLines:
    """A deployment that allows lines of two thousand bytes."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(database_url=database_url, max_line_bytes=2_000)

    def test_only_the_line_that_is_too_long_is_refused(
        self, newsroom: Newsroom, services: Services
    ) -> None:
        long = LINES[2] | {"body": "x" * 5_000}
        outcomes = read_results(newsroom, b"".join(to_ndjson([*LINES[:2], long, LINES[5]])))
        statuses = [result["status"] for result in outcomes]
        assert statuses == ["created", "created", "refused", "created"]
        assert outcomes[2]["problem"]["code"] == "body_too_large"
        assert len(export_all(services)) == 3
