"""CDN purges for each change: correct keys, at least once, in order, no secrets in logs."""

import logging

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services, bootstrap
from app.delivery import store
from app.settings import Settings
from app.syndication.push.purging import FOLLOWER, CdnPurger
from app.worker import log_due_changes
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.receiver import Receiver
from tests.syndication.conftest import TOKEN


def position(services: Services) -> int | None:
    """Return the last serial that was sent to the receiver."""
    with services.database.read() as session:
        standing = store.load_follower_position(session, FOLLOWER)
    return standing.serial if standing is not None else None


def keys_of(services: Services, *ids: str) -> list[str]:
    """Return the keys that a change of these stories makes outdated; each is a separate group."""
    shown = (services.surrogates.story_keys(id_, id_) for id_ in ids)
    return ["stories", "absent", *(key for keys in shown for key in keys)]


def test_a_publication_is_purged(
    services: Services, newsroom: Newsroom, purging: CdnPurger, receiver: Receiver
) -> None:
    story = newsroom.story()
    assert purging.catch_up()
    assert purging.catch_up()
    [request] = receiver.requests
    assert (request.method, request.path) == ("POST", "/purge")
    assert request.keys == keys_of(services, story["id"])
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("dateline/")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_method_and_token_are_configurable(
    settings: Settings, receiver: Receiver, newsroom: Newsroom, clock: HandClock
) -> None:
    bare = settings.model_copy(update={"purge_method": "PURGE", "purge_token": None})
    services = bootstrap(bare, clock=clock)
    assert services.purging is not None
    services.purging.catch_up()
    newsroom.story()
    assert services.purging.catch_up()
    services.close()
    assert receiver.requests[0].method == "PURGE"
    assert "authorization" not in receiver.requests[0].headers


def test_new_changes_are_purged_in_one_request(
    services: Services, newsroom: Newsroom, purging: CdnPurger, receiver: Receiver
) -> None:
    first, second = newsroom.story("First"), newsroom.story("Second")
    newsroom.verb(first, "unpublish")
    assert purging.catch_up()
    assert receiver.load_keys() == [keys_of(services, first["id"], second["id"])]


def test_drafts_and_scheduled_stories_are_not_purged(
    newsroom: Newsroom, purging: CdnPurger, receiver: Receiver
) -> None:
    newsroom.article("Draft")
    newsroom.story("Later", published_at="2026-11-22T13:00:00Z")
    assert purging.catch_up()
    assert receiver.requests == []


def test_publications_and_expiries_by_time_are_purged(
    newsroom: Newsroom, purging: CdnPurger, receiver: Receiver, services: Services, clock: HandClock
) -> None:
    times = {"published_at": "2026-11-22T13:00:00Z", "expires_at": "2026-11-22T14:00:00Z"}
    story = newsroom.story("Later", **times)
    for _ in range(2):
        clock.advance(hours=1)
        log_due_changes(services)
        assert purging.catch_up()
    assert receiver.load_keys() == [keys_of(services, story["id"])] * 2


@pytest.mark.parametrize("kind", ["source", "category"])
def test_a_renamed_source_or_category_purges_everything(
    kind: str, newsroom: Newsroom, purging: CdnPurger, receiver: Receiver, client: TestClient
) -> None:
    plural = {"source": "sources", "category": "categories"}[kind]
    thing = newsroom.source("Wire") if kind == "source" else newsroom.category("Wire")
    newsroom.story()
    purging.catch_up()
    newsroom.patch(thing, plural, name="The Wire", slug="the-wire")
    assert purging.catch_up()
    assert receiver.load_keys()[-1] == ["all"]
    paths = "headlines articles articles/a-title articles/none sources categories sources/none"
    for path in [*paths.split(), "categories?tree=true", f"{plural}/wire", f"{plural}/the-wire"]:
        headers = client.get(f"/v1/{path}").headers
        assert "all" in headers["surrogate-key"].split(" "), path
        assert headers["cache-tag"].split(",") == headers["surrogate-key"].split(" ")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_requests_have_few_keys_and_too_many_become_a_purge_of_everything(
    services: Services, newsroom: Newsroom, purging: CdnPurger, receiver: Receiver
) -> None:
    ids = [newsroom.story(f"Story {number}")["id"] for number in range(40)]
    assert purging.catch_up()
    assert [len(keys) for keys in receiver.load_keys()] == [30, 30, 22]
    assert [key for keys in receiver.load_keys() for key in keys] == keys_of(services, *ids)
    for request in receiver.requests:
        assert len(request.headers["surrogate-key"]) < 2_000
    ids = [newsroom.story(f"More {number}")["id"] for number in range(150)]
    assert purging.catch_up()
    assert receiver.load_keys()[3:] == [["all"]]


def test_a_long_log_is_purged_in_order(
    services: Services,
    newsroom: Newsroom,
    purging: CdnPurger,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(purging._follower, "_batch", 2)
    ids = [newsroom.story(f"Story {number}")["id"] for number in range(5)]
    assert purging.catch_up()
    assert receiver.load_keys() == [
        keys_of(services, *ids[:2]),
        keys_of(services, *ids[2:4]),
        keys_of(services, ids[4]),
    ]


def test_a_new_receiver_begins_at_the_end_of_the_log(
    newsroom: Newsroom, services: Services, receiver: Receiver
) -> None:
    newsroom.story("Before")
    assert services.purging is not None
    assert position(services) is None
    assert services.purging.lag() == 0
    assert services.purging.catch_up()
    assert position(services) == services.delivery.load_log_state().serial
    later = newsroom.story("After")
    assert services.purging.lag() == 1
    assert services.purging.catch_up()
    assert services.purging.lag() == 0
    assert receiver.load_keys() == [keys_of(services, later["id"])]


@pytest.mark.parametrize("status", [301, 308, 400, 403, 404, 500, 503])
def test_only_a_2xx_status_is_success(
    status: int, newsroom: Newsroom, purging: CdnPurger, receiver: Receiver, services: Services
) -> None:
    newsroom.story()
    before = position(services)
    receiver.answer = lambda _: status
    assert not purging.catch_up()
    assert position(services) == before
    assert [request.path for request in receiver.requests] == ["/purge"]


def test_after_failures_everything_is_purged_once_and_in_order(
    services: Services,
    newsroom: Newsroom,
    purging: CdnPurger,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(purging._follower, "_batch", 2)
    caplog.set_level(logging.INFO)
    receiver.answer = lambda _: 503
    ids = []
    for number in range(4):
        ids.append(newsroom.story(f"Story {number}")["id"])
        assert not purging.catch_up()
    receiver.answer = lambda _: 200
    assert purging.catch_up()
    assert receiver.load_keys() == [keys_of(services, *ids[:2]), keys_of(services, *ids[2:])]
    records = [record for record in caplog.records if record.name == "dateline.purging"]
    assert [record.levelname for record in records] == ["WARNING", "INFO"]
    assert "503" in records[0].getMessage()


def test_a_cancelled_purge_is_sent_by_the_next_process(
    services: Services,
    newsroom: Newsroom,
    purging: CdnPurger,
    receiver: Receiver,
    settings: Settings,
    clock: HandClock,
) -> None:
    def end(_: object) -> int:
        purging.close()
        return 204

    story = newsroom.story()
    receiver.answer = end
    assert not purging.catch_up()
    assert not purging.catch_up()
    receiver.answer = lambda _: 204
    successor = bootstrap(settings, clock=clock)
    assert successor.purging is not None
    assert successor.purging.catch_up()
    successor.close()
    receiver.wait_for(2)
    assert [request.keys for request in receiver.requests] == [keys_of(services, story["id"])] * 2


def test_two_leaders_at_the_same_time_are_harmless(
    newsroom: Newsroom, purging: CdnPurger, receiver: Receiver, settings: Settings, clock: HandClock
) -> None:
    """The other one purges more while the first one waits for its response."""
    other = bootstrap(settings, clock=clock)
    assert other.purging is not None
    first = newsroom.story("First")

    def meanwhile(_: object) -> int:
        receiver.answer = lambda _: 204
        newsroom.verb(first, "unpublish")
        assert other.purging is not None
        assert other.purging.catch_up()
        return 204

    receiver.answer = meanwhile
    assert purging.catch_up()
    assert position(other) == other.delivery.load_log_state().serial
    other.close()


@pytest.mark.parametrize("answer", [204, 401])
def test_the_token_is_never_logged_or_printed(
    answer: int,
    newsroom: Newsroom,
    purging: CdnPurger,
    receiver: Receiver,
    settings: Settings,
    services: Services,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="dateline")
    for name in ("httpx2", "httpcore2", "anyio", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    receiver.answer = lambda _: answer
    newsroom.story()
    assert purging.catch_up() is (answer == 204)
    receiver.stop()
    newsroom.story("Another")
    assert not purging.catch_up()
    assert receiver.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    exposed = [
        caplog.text,
        repr(settings),
        str(settings),
        settings.model_dump_json(),
        repr(services),
    ]
    assert not [text for text in exposed if TOKEN in text]
    assert services.purging is not None
    assert TOKEN not in repr(vars(services.purging))


def test_purges_are_in_the_metrics(
    newsroom: Newsroom, purging: CdnPurger, receiver: Receiver, client: TestClient
) -> None:
    def read_metrics() -> dict[str, float]:
        lines = [
            splitline
            for splitline in client.get("/metrics").text.splitlines()
            if "purge" in splitline
        ]
        return {
            name: float(value)
            for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
            if "created" not in name
        }

    newsroom.story("One")
    newsroom.story("Two")
    assert read_metrics()["dateline_purge_lag"] == 2
    receiver.answer = lambda _: 500
    purging.catch_up()
    receiver.answer = lambda _: 200
    purging.catch_up()
    for _ in range(2):
        assert read_metrics() == {
            'dateline_purges_total{outcome="sent"}': 1,
            'dateline_purges_total{outcome="failed"}': 1,
            "dateline_purge_lag": 0,
        }


def test_dateline_check_reports_a_receiver_far_behind(
    newsroom: Newsroom, purging: CdnPurger, receiver: Receiver, clock: HandClock
) -> None:
    receiver.answer = lambda _: 500
    clock.advance(hours=1)
    assert purging.flaws(clock.now()) == []
    newsroom.story()
    purging.catch_up()
    clock.advance(minutes=9)
    assert purging.flaws(clock.now()) == []
    clock.advance(minutes=1)
    [flaw] = purging.flaws(clock.now())
    assert "2026-11-22T13:00:00Z" in flaw
    assert "DATELINE_PURGE_URL" in flaw
    receiver.answer = lambda _: 200
    purging.catch_up()
    assert purging.flaws(clock.now()) == []
