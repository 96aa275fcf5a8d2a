"""Import and export over HTTP: lines, batches, and a round trip to equal documents."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from starlette.testclient import TestClient

from app.api.app import create_app
from app.api.http.asgi import App
from app.api.routes.management import ndjson as streaming
from app.api.schemas.base import ResponseModel
from app.api.schemas.newsroom import BodyWarning
from app.bootstrap import Services, bootstrap
from app.settings import Settings
from tests.api.reading import read, titles
from tests.client import make_client
from tests.clock import HandClock
from tests.conftest import key_for
from tests.databases import fresh_database
from tests.newsroom import Newsroom

NDJSON = {"content-type": "application/x-ndjson"}
SOURCE = {"type": "source", "slug": "desk", "name": "Desk"}
CATEGORY = {"type": "category", "slug": "world", "name": "World", "names": {"fr": "Monde"}}
ARTICLE = {
    "type": "article",
    "external_id": "x-1",
    "source": "desk",
    "categories": ["world"],
    "language": "en",
    "title": "T",
    "body": "<p>B</p>",
    "published_at": "2026-01-12T10:00:00Z",
    "status": "published",
}


class ImportResult(ResponseModel):
    """The outcome of one line of an import."""

    line: int
    status: Literal["created", "updated", "unchanged", "refused"]
    type: str | None
    id: str | None
    slug: str | None
    warnings: list[BodyWarning] = []
    problem: dict[str, Any] | None


def _lines(*lines: Any) -> bytes:
    return b"".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines
    )


def _import(newsroom: Newsroom, *lines: Any, query: str = "") -> list[dict[str, Any]]:
    response = newsroom.call("POST", f"/import{query}", content=_lines(*lines), headers=NDJSON)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    results = [json.loads(line) for line in response.text.splitlines()]
    for result in results:
        ImportResult.model_validate(result)
    return results


def _list_statuses(results: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(result["line"], result["status"]) for result in results]


def test_imported_lines_are_public_content(newsroom: Newsroom, client: TestClient) -> None:
    results = _import(newsroom, SOURCE, CATEGORY, ARTICLE)
    assert _list_statuses(results) == [(1, "created"), (2, "created"), (3, "created")]
    assert [result["type"] for result in results] == ["source", "category", "article"]
    shown = read(client, f"/v1/articles/{results[2]['slug']}")
    assert (shown["id"], shown["source"]["name"]) == (results[2]["id"], "Desk")
    assert titles(client, "/v1/headlines?category=world") == ["T"]


def test_importing_twice_changes_nothing(newsroom: Newsroom, services: Services) -> None:
    _import(newsroom, SOURCE, CATEGORY, ARTICLE)
    before = newsroom.call("GET", "/export").content
    again = _import(newsroom, SOURCE, CATEGORY, ARTICLE)
    assert {item["status"] for item in again} == {"unchanged"}
    assert newsroom.call("GET", "/export").content == before
    changed = _import(newsroom, ARTICLE | {"title": "New"}, SOURCE | {"name": "The Desk"})
    assert {entry["status"] for entry in changed} == {"updated"}


def test_a_refused_line_has_a_reason_and_the_import_continues(newsroom: Newsroom) -> None:
    results = _import(
        newsroom,
        SOURCE,
        b"{nonsense\n",
        b"\n",
        {"type": "video"},
        ARTICLE | {"categories": ["nowhere"]},
        ARTICLE | {"titel": "T", "categories": []},
        {"type": "article", "title": "T", "language": "en"},
        b'{"type":"source","name":"\\ud800"}\n',
        b"[]\n",
        ARTICLE | {"categories": []},
    )
    refused = {
        result["line"]: result["problem"] for result in results if result["status"] == "refused"
    }
    assert [item["line"] for item in results] == [1, 2, 4, 5, 6, 7, 8, 9, 10]
    assert refused.keys() == {2, 4, 5, 6, 7, 8, 9}
    for entry in refused.values():
        assert {"type", "title", "status", "detail", "code", "request_id"} <= entry.keys()
        assert entry["code"] == "invalid_input"
    assert refused[5]["errors"][0]["pointer"] == "#/categories/0"
    assert refused[6]["errors"][0]["pointer"] == "#/titel"
    assert "'title'" in refused[6]["errors"][0]["detail"]
    assert len(newsroom.call("GET", "/articles").json()["data"]) == 1


def test_a_dry_run_reports_outcomes_and_writes_nothing(
    newsroom: Newsroom, client: TestClient
) -> None:
    wrong = ARTICLE | {"external_id": "x-2", "source": "none"}
    results = _import(newsroom, SOURCE, CATEGORY, ARTICLE, wrong, query="?dry_run=true")
    assert [result["status"] for result in results] == ["created", "created", "created", "refused"]
    for path in ("/sources", "/categories", "/articles"):
        assert newsroom.call("GET", path).json()["data"] == []
    assert titles(client) == []
    assert client.get("/v1/headlines").headers["dateline-serial"] == "0"
    bad = newsroom.call("POST", "/import?dryrun=true", content=b"", headers=NDJSON)
    assert "'dry_run'" in bad.json()["detail"]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_import_requires_ndjson(newsroom: Newsroom) -> None:
    response = newsroom.call("POST", "/import", json=SOURCE)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")
    assert _import(newsroom) == []
    assert _list_statuses(_import(newsroom, json.dumps(SOURCE).encode())) == [(1, "created")]


class TestSmallLimits:
    """A deployment with low limits for bodies and lines."""

    @pytest.fixture
    def dialect(self) -> str:
        return "sqlite"

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(database_url=database_url, max_body_bytes=1024, max_line_bytes=1024)

    def test_an_import_may_be_larger_than_a_body(self, newsroom: Newsroom) -> None:
        lines = [SOURCE | {"slug": f"s{number}"} for number in range(50)]
        assert {item["status"] for item in _import(newsroom, *lines)} == {"created"}

    @pytest.mark.parametrize("size", [1, 100_000])
    def test_only_the_line_that_is_too_long_is_refused(self, newsroom: Newsroom, size: int) -> None:
        text = _lines(SOURCE, SOURCE | {"slug": "s2", "name": "x" * 1100}, SOURCE | {"slug": "s3"})

        def chunks() -> Iterator[bytes]:
            for start in range(0, len(text), size):
                yield text[start : start + size]

        response = newsroom.call("POST", "/import", content=chunks(), headers=NDJSON)
        results = [json.loads(line) for line in response.text.splitlines()]
        assert _list_statuses(results) == [(1, "created"), (2, "refused"), (3, "created")]
        assert results[1]["problem"]["code"] == "body_too_large"
        assert len(newsroom.call("GET", "/sources").json()["data"]) == 2


async def _feed(app: App, key: str, chunks: list[bytes]) -> list[int]:
    """Send a body chunk by chunk; return the number of results before each next chunk."""
    sent, out, waiting = b"", [], list(chunks)

    async def receive() -> dict[str, Any]:
        out.append(sent.count(b"\n"))
        chunk = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        nonlocal sent
        sent += message.get("body", b"")

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/manage/import",
        "raw_path": b"/v1/manage/import",
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"testserver"),
            (b"content-type", b"application/x-ndjson"),
            (b"x-api-key", key.encode()),
        ],
        "server": ("testserver", 80),
        "client": ("testclient", 1),
    }
    await app(scope, receive, send)
    return [*out, sent.count(b"\n")]


def test_results_of_a_batch_are_sent_before_later_lines_arrive(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BATCH_LINES", 10)
    batches = [
        _lines(*(SOURCE | {"slug": f"s{batch}-{number}"} for number in range(10)))
        for batch in range(3)
    ]
    out = asyncio.run(_feed(create_app(services), key_for(services, "publish"), batches))
    assert (out[:3], out[-1]) == ([0, 10, 20], 30)


@pytest.fixture
def elsewhere(dialect: str, tmp_path: Path, clock: HandClock) -> Iterator[Newsroom]:
    """An empty newsroom of another deployment."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with fresh_database(dialect, folder) as url:
        services = bootstrap(Settings(database_url=url), clock=clock)
        with make_client(create_app(services), follow_redirects=False) as client:
            yield Newsroom(client, key_for(services, "admin"))
        services.close()


def test_an_imported_export_has_the_same_documents(
    newsroom: Newsroom, elsewhere: Newsroom, clock: HandClock
) -> None:
    _import(newsroom, SOURCE, CATEGORY, CATEGORY | {"slug": "africa", "parent": "world"}, ARTICLE)
    newsroom.patch(newsroom.call("GET", "/sources/desk").json(), "sources", slug="the-desk")
    clock.advance(minutes=1)
    story = newsroom.patch(newsroom.story("Old slug"), slug="new-slug", status="published")
    newsroom.patch(story, title="Ahead of its public copy", body="Held")
    newsroom.article("Draft", translation_of=story["id"], language="fr")
    newsroom.story("Later", published_at="2027-01-01T00:00:00Z")
    newsroom.verb(newsroom.story("Withdrawn"), "unpublish")
    newsroom.delete(newsroom.story("Deleted"))
    clock.advance(minutes=1)
    exported = newsroom.call("GET", "/export")
    assert exported.headers["content-type"] == "application/x-ndjson"

    response = elsewhere.call("POST", "/import", content=exported.content, headers=NDJSON)
    results = [json.loads(line) for line in response.text.splitlines()]
    assert {result["status"] for result in results} == {"created"}, results
    assert elsewhere.call("GET", "/export").content == exported.content
    for path in ("/v1/articles?include=body", "/v1/sources", "/v1/categories?tree=true"):
        assert elsewhere.client.get(path).content == newsroom.client.get(path).content
    for path in ("/v1/articles/old-slug", "/v1/sources/desk"):
        assert elsewhere.client.get(path).status_code == 301
    again = elsewhere.call("POST", "/import", content=exported.content, headers=NDJSON)
    assert {json.loads(line)["status"] for line in again.text.splitlines()} == {"unchanged"}
