"""The purge loop: a hanging receiver delays nothing else."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from app.bootstrap import Services, bootstrap
from app.delivery import store
from app.kit.http_client import HttpClient
from app.settings import Settings
from app.syndication.push.purging import FOLLOWER
from app.worker import Worker
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.receiver import Receiver, receiving
from tests.worker.test_due import load_log, schedule

_TIMEOUT = 30


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as loopback_receiver:
        yield loopback_receiver


@pytest.fixture
def fast_loops(
    settings: Settings, receiver: Receiver, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    """A process with frequent loops, whose timeout is longer than the test."""
    monkeypatch.setattr("app.bootstrap.HttpClient", partial(HttpClient, seconds=10 * _TIMEOUT))
    update = {"worker_interval": 0.01, "purge_url": receiver.url}
    wired = bootstrap(settings.model_copy(update=update), clock=clock)
    assert wired.purging is not None
    wired.purging.catch_up()
    yield wired
    wired.close()


def wait_until(true: Callable[[], object]) -> None:
    """Wait until a condition is true."""
    ends = time.monotonic() + _TIMEOUT
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def position(services: Services) -> int | None:
    """Return the last serial that was sent to the receiver."""
    with services.database.read() as session:
        standing = store.load_follower_position(session, FOLLOWER)
    return standing.serial if standing is not None else None


def test_a_hanging_receiver_delays_nothing_and_its_request_is_cancelled(
    newsroom: Newsroom,
    services: Services,
    fast_loops: Services,
    receiver: Receiver,
    clock: HandClock,
) -> None:
    received, ended = threading.Event(), threading.Event()

    def hold(_: object) -> int:
        received.set()
        assert ended.wait(_TIMEOUT)
        return 200

    receiver.answer = hold
    soon = schedule(newsroom, "Soon", 13)
    first = newsroom.story("First")["id"]
    worker = Worker(fast_loops)
    worker.start()
    assert received.wait(_TIMEOUT)
    clock.advance(hours=1)
    wait_until(lambda: ("published", "upsert", soon) in load_log(services))
    worker.stop()
    running = {thread.name for thread in threading.enumerate()}
    ended.set()
    assert not {"worker", "purging", "http"} & running
    assert ("published", "upsert", first) in load_log(services)
    assert position(services) == 0


def test_a_recovered_receiver_gets_the_purges_it_missed(
    newsroom: Newsroom,
    services: Services,
    fast_loops: Services,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[int] = []

    def note(failures: int) -> float:
        waits.append(failures)
        return 0.01

    monkeypatch.setattr("app.worker.compute_backoff", note)
    receiver.answer = lambda _: 200 if len(receiver.requests) > 3 else 503
    story = newsroom.story()
    worker = Worker(fast_loops)
    worker.start()
    wait_until(lambda: position(services) == 1)
    receiver.wait_for(5)
    newsroom.verb(story, "unpublish")
    wait_until(lambda: position(services) == 2)
    worker.stop()
    assert [item.status for item in receiver.requests] == [503, 503, 503, 503, 200, 200]
    assert waits == [1, 2, 3, 4]
    warned = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warned) == 1


def test_another_process_purges_when_the_first_one_ends(
    newsroom: Newsroom,
    services: Services,
    fast_loops: Services,
    receiver: Receiver,
    clock: HandClock,
) -> None:
    other = bootstrap(fast_loops.settings.model_copy(update={"purge_method": "PURGE"}), clock=clock)
    first, second = Worker(fast_loops), Worker(other)

    def publish(*titles: str) -> None:
        for title in titles:
            newsroom.story(title)
            wait_until(lambda: position(services) == services.delivery.load_log_state().serial)

    first.start()
    publish("It leads from now on")
    second.start()
    publish("One", "Two", "Three", "Four")
    first.stop()
    publish("It is gone")
    second.stop()
    other.close()
    assert [item.method for item in receiver.requests] == ["POST"] * 5 + ["PURGE"]
