"""The event stream over real sockets: events as they happen, without gaps."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.access.commands.create_key import create_key
from app.access.commands.revoke_key import revoke_key
from app.bootstrap import bootstrap, open_database
from app.kit.sql.unit_of_work import Actor
from app.settings import Settings
from tests.conftest import embargo_key
from tests.faults.server import Client, ServerRow, server_row
from tests.sync.stream_client import StreamClient

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive_on("postgresql")]


@pytest.fixture
def small_server(database_url: str) -> Iterator[ServerRow]:
    """A server with a low limit of listeners."""
    with server_row(database_url, stream_listeners=3) as row:
        row.start()
        yield row


@pytest.fixture
def editor(small_server: ServerRow, database_url: str) -> Iterator[Client]:
    """An editor of that server."""
    settings = Settings(database_url=database_url)
    services = bootstrap(settings, database=open_database(settings))
    new_key = services.runner.run(
        Actor(None, "test"), lambda unit: create_key(unit, "an editor", ["publish"])
    )
    services.close()
    client = Client(small_server.port, new_key.key)
    yield client
    client.close()


def publish(editor: Client, title: str, **fields: Any) -> dict[str, Any]:
    body = {"title": title, "language": "en", "status": "published", **fields}
    status, _, article = editor.call("POST", "/v1/manage/articles", body)
    assert status == 201, article
    story: dict[str, Any] = article
    return story


def test_subscribers_get_changes_as_they_happen(small_server: ServerRow, editor: Client) -> None:
    publish(editor, "Before")
    everything, tagged = (
        StreamClient(small_server.port).wait_for_start(),
        StreamClient(small_server.port, "?tag=a").wait_for_start(),
    )
    assert everything.headers["content-type"].startswith("text/event-stream")
    assert everything.headers["cache-control"] == "no-store"
    first = publish(editor, "First")
    second = publish(editor, "Second", tags=["a"])
    assert [everything.next().data["id"] for _ in range(2)] == [first["id"], second["id"]]
    event = tagged.next()
    assert (event.name, event.data["id"]) == ("upsert", second["id"])
    assert event.data["document"]["title"] == "Second"
    for listener in (everything, tagged):
        listener.close()


def test_a_subscriber_that_leaves_before_a_change_misses_nothing(
    small_server: ServerRow, editor: Client
) -> None:
    for query in ("", "?tag=a"):
        listener = StreamClient(small_server.port, query).wait_for_start()
        listener.close()
        story = publish(editor, "Meanwhile", tags=["a"])
        back = StreamClient(small_server.port, query, last_event_id=listener.opened_at)
        assert back.next().data["id"] == story["id"]
        back.close()


def test_a_subscriber_that_reconnects_misses_nothing(
    small_server: ServerRow, editor: Client
) -> None:
    listener = StreamClient(small_server.port).wait_for_start()
    publish(editor, "First")
    last = listener.next().id
    listener.close()
    missed = [publish(editor, f"Missed {number}")["id"] for number in range(3)]
    again = StreamClient(small_server.port, last_event_id=last)
    events = [again.next() for _ in range(3)]
    assert [change.data["id"] for change in events] == missed
    # The same from the middle: each event has a cursor for the following ones.
    middle = StreamClient(small_server.port, last_event_id=events[0].id)
    assert [middle.next().data["id"] for _ in range(2)] == missed[1:]
    # The cursor is that of /v1/changes.
    status, _, answer = editor.call("GET", f"/v1/changes?cursor={events[1].id}")
    assert (status, [story["id"] for story in answer["data"]]) == (200, missed[2:])
    again.close()
    middle.close()


def test_a_stream_ends_when_its_key_is_revoked(
    small_server: ServerRow, editor: Client, database_url: str
) -> None:
    settings = Settings(database_url=database_url)
    services = bootstrap(settings, database=open_database(settings))
    run, actor = services.runner.run, Actor(None, "test")
    soon = services.clock.now() + timedelta(seconds=4)
    revoked = run(actor, lambda unit: create_key(unit, "a partner", ["read"]))
    expiring = run(actor, lambda unit: create_key(unit, "a guest", ["read"], expires_at=soon))
    keyed = [
        StreamClient(small_server.port, authorization=f"Bearer {key.key}").wait_for_start()
        for key in (revoked, expiring)
    ]
    anybody = StreamClient(small_server.port).wait_for_start()
    run(actor, lambda unit: revoke_key(unit, revoked.id))
    services.close()
    assert all(stream.has_ended() for stream in keyed)
    story = publish(editor, "Afterwards")
    assert anybody.next().data["id"] == story["id"]
    for listener in (*keyed, anybody):
        listener.close()


def test_embargoed_changes_reach_only_subscribers_with_embargo_access(
    small_server: ServerRow, editor: Client, database_url: str
) -> None:
    settings = Settings(database_url=database_url)
    services = bootstrap(settings, database=open_database(settings))
    headers = embargo_key(services)
    until = (services.clock.now() + timedelta(hours=1)).isoformat()
    services.close()
    anybody = StreamClient(small_server.port).wait_for_start()
    partner = StreamClient(
        small_server.port, authorization=headers["authorization"]
    ).wait_for_start()
    held = publish(editor, "Held", embargo_until=until)
    first = publish(editor, "First")
    second = publish(editor, "Second", embargo_until=until)
    third = publish(editor, "Third")
    entitled_events = [partner.next() for _ in range(4)]
    assert [change.data["id"] for change in entitled_events] == [
        story["id"] for story in (held, first, second, third)
    ]
    assert [change.data["document"].get("embargoed") for change in entitled_events] == [
        True,
        None,
        True,
        None,
    ]
    public_events = [anybody.next() for _ in range(2)]
    assert [change.data["id"] for change in public_events] == [first["id"], third["id"]]
    # Each event has a cursor for the following ones.
    reader = Client(small_server.port, headers["authorization"].removeprefix("Bearer "))
    for number, event in enumerate(entitled_events):
        rest, answer = [], {"cursor": event.id, "more": True}
        while answer["more"]:
            _, _, answer = reader.call("GET", f"/v1/changes?cursor={answer['cursor']}")
            rest += [story["id"] for story in answer["data"]]
        assert rest == [change.data["id"] for change in entitled_events[number + 1 :]]
    reader.close()
    # Without the key, the response is an error, so that a browser does not connect again.
    turned = StreamClient(small_server.port, last_event_id=entitled_events[3].id)
    assert turned.status == 410
    assert turned.headers["content-type"] == "application/problem+json"
    for listener in (anybody, partner, turned):
        listener.close()


def test_a_full_hub_refuses_subscribers_until_one_leaves(
    small_server: ServerRow, editor: Client
) -> None:
    listeners = [StreamClient(small_server.port).wait_for_start() for _ in range(3)]
    refused = StreamClient(small_server.port)
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    for listener in (*listeners, refused):
        listener.close()
    for _ in range(100):
        again = StreamClient(small_server.port)
        if again.status == 200:
            break
        again.close()
    assert again.status == 200
    again.close()


def test_an_invalid_subscription_gets_an_error(small_server: ServerRow, editor: Client) -> None:
    for query, code in (("?tga=a", "bad_parameter"), ("?cursor=x", "bad_cursor")):
        status, _, problem = editor.call("GET", f"/v1/stream{query}")
        assert (status, problem["code"]) == (400, code)
    status, headers, body = editor.call("HEAD", "/v1/stream")
    assert (status, body) == (200, b"")
    assert headers["content-type"].startswith("text/event-stream")


def test_a_long_poll_ends_with_the_first_change(small_server: ServerRow, editor: Client) -> None:
    _, _, answer = editor.call("GET", "/v1/changes")
    cursor = answer["cursor"]
    while answer["more"]:
        _, _, answer = editor.call("GET", f"/v1/changes?cursor={cursor}")
        cursor = answer["cursor"]
    waiting = Client(small_server.port)
    waiting._connection.request("GET", f"/v1/changes?cursor={cursor}&wait=30")
    story = publish(editor, "Now")
    body = waiting._connection.getresponse().read()
    assert story["id"].encode() in body
    waiting.close()


def test_streams_and_long_polls_end_when_the_server_stops(
    small_server: ServerRow, editor: Client
) -> None:
    _, _, answer = editor.call("GET", "/v1/changes")
    waiting = Client(small_server.port)
    waiting._connection.request("GET", f"/v1/changes?cursor={answer['cursor']}&wait=60")
    listener = StreamClient(small_server.port).wait_for_start()
    # No other limit would end it: this server waits for responses without a timeout.
    started = time.monotonic()
    small_server.stop()
    # A connection that is kept alive would end after 30 s.
    assert time.monotonic() - started < 20
    assert listener.has_ended()
    ended = waiting._connection.getresponse()
    assert (ended.status, b'"data":[]' in ended.read()) == (200, True)
    for stream in (listener, waiting):
        stream.close()
