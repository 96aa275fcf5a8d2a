"""A server that is killed between a purge and its record purges again."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from app.bootstrap import Services
from tests.conftest import key_for
from tests.faults.server import Client, server_row
from tests.receiver import Receiver, receiving
from tests.worker.test_purge_loop import position, wait_until

_TIMEOUT = 60
# Time for the response to reach the server: a shorter time would only make the test easier to pass.
_A_WHILE = 0.5


@pytest.mark.exhaustive_on("postgresql")
@pytest.mark.slow
def test_an_unrecorded_purge_is_sent_again(services: Services, database_url: str) -> None:
    key = key_for(services, "admin")
    with receiving() as receiver, server_row(database_url, **_options(receiver)) as server:
        server.start()
        wait_until(lambda: position(services) is not None)
        first = _publish(server.port, key, "First")
        wait_until(lambda: position(services) == 1)
        with _fail_to_record(services, receiver) as purge_received:
            second = _publish(server.port, key, "Second")
            assert purge_received.wait(_TIMEOUT)
            time.sleep(_A_WHILE)
            server.kill()
        assert position(services) == 1
        server.start()
        wait_until(lambda: position(services) == 2)
    assert [item.status for item in receiver.requests] == [200, 200, 200]
    told_of = [keys[2] for keys in receiver.load_keys()]
    assert told_of == [f"story:{item}" for item in (first, second, second)]


def _options(receiver: Receiver) -> dict[str, object]:
    receiver.answer = lambda _: 200
    return {"worker_interval": 0.05, "busy_timeout": _TIMEOUT, "purge_url": receiver.url}


def _publish(port: int, key: str, title: str) -> str:
    client = Client(port, key)
    document = {"title": title, "language": "en", "status": "published"}
    status, _, story = client.call("POST", "/v1/manage/articles", document)
    client.close()
    assert status == 201
    id_: str = story["id"]
    return id_


@contextmanager
def _fail_to_record(services: Services, receiver: Receiver) -> Iterator[threading.Event]:
    """From the next request on, let no process move a follower until the block ends."""
    held, ended = threading.Event(), threading.Event()

    def hold() -> None:
        with services.database.write() as session:
            # On SQLite the transaction itself is the lock, on PostgreSQL each row that it writes.
            session.execute(text("UPDATE followers SET noted_at = noted_at"))
            held.set()
            ended.wait(_TIMEOUT)

    holder = threading.Thread(target=hold)

    def answer(_: object) -> int:
        holder.start()
        return 200 if held.wait(_TIMEOUT) else 500

    receiver.answer = answer
    try:
        yield held
    finally:
        ended.set()
        holder.join()
        receiver.answer = lambda _: 200
