"""Keys that are revoked or expire while their requests run."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from app.access.commands.create_key import CreatedKey, create_key
from app.access.commands.revoke_key import revoke_key
from app.access.errors import KeyRefused
from app.access.keys import verify_key
from app.api.app import create_app
from app.api.cache.caller_cache import CallerCache
from app.api.live.key_revalidation import KeyRevalidation
from app.bootstrap import Services, bootstrap, open_database
from app.content.commands.create_article import create_article
from app.content.inputs import ArticleInput
from app.kit.sql.unit_of_work import Actor, UnitOfWork
from app.server.protocol import HttpProtocol
from tests.clock import HandClock
from tests.server.serving import port_of, serve
from tests.sync.stream_client import StreamClient

_JSON, _NDJSON = "application/json", "application/x-ndjson"
_PATCH = {"if_match": "*", "content_type": "application/merge-patch+json"}
_TESTS = Actor(None, "tests")
# By now, a server has verified the key of a request whose head it received.
_RECOGNISED_SECONDS = 0.5


@pytest.fixture
def port(services: Services) -> Iterator[int]:
    """A real server on the database and the clock of the test."""
    with serve(create_app(services), HttpProtocol) as server:
        yield port_of(server)


@pytest.fixture
def other_services(services: Services) -> Iterator[Services]:
    """Another process on the same database, such as the command line."""
    settings = services.settings
    other = bootstrap(settings, clock=services.clock, database=open_database(settings))
    yield other
    other.close()


def make_key(services: Services, scope: str = "admin", **fields: Any) -> CreatedKey:
    return services.runner.run(
        _TESTS, lambda unit: create_key(unit, f"for {scope}", [scope], **fields)
    )


def revoke(services: Services, key: CreatedKey) -> None:
    services.runner.run(_TESTS, lambda unit: revoke_key(unit, key.id))


def publish(services: Services, title: str, actor: Actor = _TESTS, **fields: Any) -> str:
    story = ArticleInput(title=title, language="en", status="published", **fields)
    return services.runner.run(actor, lambda unit: create_article(unit, story)[0].id)


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


_opened: list["PendingRequest"] = []


class PendingRequest:
    """A request on a separate connection, sent in parts; the fixture closes the connection."""

    def __init__(
        self, port: int, key: CreatedKey, method: str, path: str, length: int = 0, **more: str
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 60)
        self._answer: HTTPResponse | None = None
        _opened.append(self)
        headers = {"Host": "127.0.0.1", "Authorization": f"Bearer {key.key}"}
        headers |= {"Content-Type": _JSON, "Content-Length": str(length)}
        for name, value in more.items():
            headers[name.replace("_", "-").title()] = value
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())

    def send(self, part: bytes) -> None:
        self._socket.sendall(part)

    def answer(self) -> HTTPResponse:
        """Return the response once it begins."""
        self._answer = HTTPResponse(self._socket)
        self._answer.begin()
        return self._answer

    def close(self) -> None:
        if self._answer is not None:
            self._answer.close()
        self._socket.close()


class PartialRequest(PendingRequest):
    """A request of which half of the body is still to be sent."""

    def __init__(
        self, port: int, key: CreatedKey, method: str, path: str, body: Any, **more: str
    ) -> None:
        content = json.dumps(body).encode().ljust(100)
        super().__init__(port, key, method, path, len(content), **more)
        self.send(content[:50])
        self._rest = content[50:]

    def finish(self) -> tuple[int, Any]:
        """Send the rest, and return the status and the JSON of the answer."""
        self.send(self._rest)
        answer = self.answer()
        return answer.status, json.loads(answer.read())


def call(port: int, key: CreatedKey, method: str, path: str, body: Any = None, **more: str) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"content-type": _JSON, "authorization": f"Bearer {key.key}"}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    connection.request(method, path, None if body is None else json.dumps(body).encode(), headers)
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    assert answer.status < 300, read
    return json.loads(read)


@pytest.mark.parametrize("ends", ["revoked", "expired"])
def test_a_change_that_was_half_sent_is_refused(
    ends: str, port: int, services: Services, other_services: Services, clock: HandClock
) -> None:
    soon = clock.now().replace(hour=13)
    editor = make_key(services, expires_at=soon if ends == "expired" else None)
    key = {"name": "Kept", "scopes": ["read"]}
    call(port, editor, "POST", "/v1/manage/keys", key, idempotency_key="k")
    draft = {"title": "T", "language": "en"}
    article = call(port, editor, "POST", "/v1/manage/articles", draft)
    source = call(port, editor, "POST", "/v1/manage/sources", {"name": "S"})
    hook = {"url": "https://receiver.example/", "events": ["article.published"]}
    at = f"/v1/manage/articles/{article['id']}"
    bulk = {"verb": "publish", "refs": [article["id"]]}
    anything = {"if_match": "*"}
    partial = [
        PartialRequest(port, editor, method, path, body, **headers)
        for method, path, body, headers in (
            ("POST", "/v1/manage/keys", {"name": "K", "scopes": ["admin"]}, {}),
            ("POST", "/v1/manage/keys", key, {"idempotency_key": "k"}),
            ("POST", "/v1/manage/articles", draft, {}),
            ("PATCH", at, {"title": "Changed"}, _PATCH),
            ("PUT", at, draft, anything),
            ("POST", f"{at}/publish", {}, anything),
            ("POST", f"{at}/preview", {}, {}),
            ("POST", "/v1/manage/articles/bulk", bulk, {}),
            ("POST", "/v1/manage/sources", {"name": "New"}, {}),
            ("PATCH", f"/v1/manage/sources/{source['id']}", {"name": "New"}, _PATCH),
            ("POST", "/v1/manage/categories", {"name": "New"}, {}),
            ("POST", "/v1/manage/webhooks", hook, {}),
            # A revoked key does not learn which objects exist.
            ("PATCH", "/v1/manage/articles/none", {"title": "Changed"}, _PATCH),
        )
    ]
    time.sleep(_RECOGNISED_SECONDS)
    if ends == "revoked":
        revoke(other_services, editor)
    else:
        clock.advance(hours=1)
    for item in partial:
        status, problem = item.finish()
        assert (status, problem.get("code")) == (401, "key_refused"), problem
    other = make_key(services)
    keys = call(port, other, "GET", "/v1/manage/keys")["data"]
    assert [item["name"] for item in keys] == ["for admin", "Kept", "for admin"]
    assert len(call(port, other, "GET", "/v1/manage/articles")["data"]) == 1
    assert len(call(port, other, "GET", "/v1/manage/sources")["data"]) == 1
    assert call(port, other, "GET", at)["version"] == 1


def test_a_key_may_revoke_itself(port: int, services: Services) -> None:
    editor = make_key(services)
    revoked = call(port, editor, "DELETE", f"/v1/manage/keys/{editor.id}")
    assert revoked["revoked_at"] is not None


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_change_that_waits_for_others_is_refused(
    services: Services, other_services: Services
) -> None:
    editor = make_key(services, "publish")
    engine = create_engine(services.settings.database_url)
    with ThreadPoolExecutor() as threads, engine.connect() as connection:
        connection.execute(text("LOCK TABLE articles IN EXCLUSIVE MODE"))
        waiting = threads.submit(publish, services, "Late", Actor(editor.id, "editor"))
        time.sleep(_RECOGNISED_SECONDS)
        # The transaction has begun, and found the key valid. The revocation does not wait for it.
        revoke(other_services, editor)
        connection.rollback()
        with pytest.raises(KeyRefused):
            waiting.result()
    engine.dispose()


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_revocation_is_not_acknowledged_before_a_commit_that_it_does_not_stop(
    services: Services, other_services: Services
) -> None:
    editor = make_key(services, "publish")
    checked, may_go_on = threading.Event(), threading.Event()

    def hold(unit: UnitOfWork) -> None:
        # All buffered responses are sent: from here on the key is locked.
        unit.session.scalar(text("SELECT 1"))
        checked.set()
        may_go_on.wait(30)

    runner = services.runner
    runner._subscribers = (*runner._subscribers, hold)

    with ThreadPoolExecutor() as threads:
        acting = threads.submit(publish, services, "In time", Actor(editor.id, "editor"))
        assert checked.wait(30)
        ending = threads.submit(revoke, other_services, editor)
        time.sleep(_RECOGNISED_SECONDS)
        assert not ending.done()
        may_go_on.set()
        acting.result()
        ending.result()


def _lines(count: int, prefix: str) -> bytes:
    line = {"type": "article", "language": "en", "title": "T", "status": "published"}
    return b"".join(
        json.dumps(line | {"external_id": f"{prefix}{number}"}).encode() + b"\n"
        for number in range(count)
    )


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_an_open_import_ends(
    query: str, port: int, services: Services, other_services: Services
) -> None:
    editor, before, after = make_key(services, "publish"), _lines(500, "a"), _lines(600, "b")
    path = f"/v1/manage/import{query}"
    length = len(before) + len(after) + 1
    pending = PendingRequest(port, editor, "POST", path, length, content_type=_NDJSON)
    pending.send(before)
    answer = pending.answer()
    first = [json.loads(answer.readline()) for _ in range(500)]
    assert {item["status"] for item in first} == {"created"}
    revoke(other_services, editor)
    pending.send(after)
    rest = [json.loads(line) for line in answer.read().splitlines()]
    assert [(item["line"], item["status"]) for item in rest] == [(501, "refused")]
    assert (rest[0]["problem"]["status"], rest[0]["problem"]["code"]) == (401, "key_refused")
    other = make_key(services)
    page = call(port, other, "GET", "/v1/manage/articles?count=exact&limit=1")["page"]
    assert page["count"] == (0 if query else 500)


def test_an_open_import_of_bad_lines_ends_as_well(
    port: int, services: Services, other_services: Services
) -> None:
    editor, bad = make_key(services, "publish"), b"{}\n" * 500
    pending = PendingRequest(
        port, editor, "POST", "/v1/manage/import", 1_501 * 2, content_type=_NDJSON
    )
    pending.send(bad)
    answer = pending.answer()
    for _ in range(500):
        assert json.loads(answer.readline())["problem"]["code"] == "invalid_input"
    revoke(other_services, editor)
    pending.send(bad)
    (last,) = [json.loads(line) for line in answer.read().splitlines()]
    assert (last["line"], last["problem"]["code"]) == (501, "key_refused")


def test_an_export_is_cut_off(
    port: int, services: Services, other_services: Services, capfd: pytest.CaptureFixture[str]
) -> None:
    editor = make_key(services, "publish")
    for number in range(250):
        publish(services, f"T {number}", body_format="text", body="x" * 100_000)
    pending = PendingRequest(port, editor, "GET", "/v1/manage/export")
    answer = pending.answer()
    first = answer.read(10_000)
    revoke(other_services, editor)
    # A part of it does not look complete.
    with pytest.raises(IncompleteRead) as cut:
        answer.read()
    assert len(first) + len(cut.value.partial) < 250 * 100_000
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("ends", ["revoked", "expired"])
def test_a_long_poll_with_a_revoked_key_gets_no_data(
    ends: str, port: int, services: Services, other_services: Services, clock: HandClock
) -> None:
    soon = clock.now().replace(hour=13)
    partner = make_key(
        services, "read", embargoed=True, expires_at=soon if ends == "expired" else None
    )
    cursor, more = "", True
    while more:
        page = call(port, partner, "GET", f"/v1/changes?{cursor}")
        cursor, more = f"cursor={page['cursor']}", page["more"]
    pending = PendingRequest(port, partner, "GET", f"/v1/changes?{cursor}&wait=30")
    time.sleep(_RECOGNISED_SECONDS)
    if ends == "revoked":
        revoke(other_services, partner)
    else:
        clock.advance(hours=1)
    publish(other_services, "Under embargo", embargo_until=clock.now().replace(hour=18))
    answer = pending.answer()
    read = answer.read()
    assert (answer.status, json.loads(read)["code"]) == (401, "key_refused")


def test_a_shared_long_poll_answers_only_valid_keys(
    port: int, services: Services, other_services: Services
) -> None:
    keys = [make_key(services, "read") for _ in range(3)]
    page = call(port, keys[0], "GET", "/v1/changes")
    page = call(port, keys[0], "GET", f"/v1/changes?cursor={page['cursor']}")
    path = f"/v1/changes?cursor={page['cursor']}&wait=20"
    for key in keys:
        call(port, key, "GET", "/v1/me")
    pending = [PendingRequest(port, key, "GET", path) for key in keys]
    time.sleep(_RECOGNISED_SECONDS)
    revoke(other_services, keys[1])
    publish(other_services, "News")
    assert [item.answer().status for item in pending] == [200, 401, 200]


def test_a_stream_ends_before_events_after_the_revocation(
    services: Services,
    other_services: Services,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The keys are checked, then one is revoked and a story published, then events are read."""
    partner = make_key(services, "read", embargoed=True)
    look, revoked = KeyRevalidation.refresh, threading.Event()

    async def look_and_revoke(self: KeyRevalidation) -> None:
        await look(self)
        if event_sent.is_set() and not revoked.is_set():
            revoked.set()
            await asyncio.to_thread(revoke, other_services, partner)
            until = clock.now().replace(hour=18)
            await asyncio.to_thread(publish, other_services, "Held", embargo_until=until)

    event_sent = threading.Event()
    monkeypatch.setattr(KeyRevalidation, "refresh", look_and_revoke)
    with serve(create_app(services), HttpProtocol) as server:
        bearer = f"Bearer {partner.key}"
        listener = StreamClient(port_of(server), authorization=bearer).wait_for_start()
        time.sleep(_RECOGNISED_SECONDS)
        event_sent.set()
        publish(other_services, "Moves the version")
        received = b""
        while (size := int(listener._file.readline(), 16)) > 0:
            received += listener._file.read(size + 2)
        listener.close()
    assert revoked.is_set()
    assert b"Held" not in received


def test_a_caller_verified_before_a_revocation_is_not_cached(
    services: Services, other_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is read; it is revoked, and another request notices; then the result arrives."""
    key = make_key(services, "read")
    callers = CallerCache(services)
    fields = {b"x-api-key": key.key.encode()}
    scope = {"type": "http", "headers": list(fields.items())}

    def slow(*args: Any) -> Any:
        caller = verify_key(*args)
        if not read.is_set():
            read.set()
            assert noticed.wait(30)
        return caller

    read, noticed = threading.Event(), threading.Event()
    monkeypatch.setattr("app.api.cache.caller_cache.verify_key", slow)

    async def race() -> None:
        first = asyncio.create_task(callers.find(scope, fields))
        await asyncio.to_thread(read.wait, 30)
        await asyncio.to_thread(revoke, other_services, key)
        with pytest.raises(KeyRefused):
            await callers.find(scope, fields)
        noticed.set()
        await first
        with pytest.raises(KeyRefused):
            await callers.find(scope, fields)

    asyncio.run(race())
