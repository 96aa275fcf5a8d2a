"""Long polls and streams of the whole application end when their client disconnects."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
import uvicorn

from app.api.app import create_app
from app.bootstrap import Services
from app.server.deadlines import Deadlines
from app.server.limits import Limits, SlotCounter
from tests.conftest import key_for
from tests.server.serving import port_of, read_all, serve, split_responses

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


class _Local(Limits):
    """Limits that count loopback as one client."""

    def find_client(self, host: str | None) -> str | None:
        return host


@pytest.fixture
def slots() -> SlotCounter:
    return SlotCounter(per_client=2)


@pytest.fixture
def server(services: Services, slots: SlotCounter) -> Iterator[uvicorn.Server]:
    app = create_app(services)
    hooks = app.hooks  # type: ignore[attr-defined]
    app.hooks = replace(hooks, limits=_Local(listeners=slots))  # type: ignore[attr-defined]
    with serve(app) as server:
        yield server


def _ask(server: uvicorn.Server, path: str, more: str = "") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port_of(server)), timeout=20)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode())
    return connection


def _wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def _cursor(server: uvicorn.Server, key: str = "") -> str:
    import httpx2

    address = f"http://127.0.0.1:{port_of(server)}/v1/changes"
    headers = {"x-api-key": key} if key else {}
    batch = httpx2.get(address, headers=headers).json()
    while batch["more"]:
        cursor = batch["cursor"]
        batch = httpx2.get(address, params={"cursor": cursor}, headers=headers).json()
    cursor = batch["cursor"]
    return str(cursor)


@pytest.mark.parametrize("keyed", [False, True])
def test_a_long_poll_ends_when_its_last_client_disconnects(
    services: Services, server: uvicorn.Server, slots: SlotCounter, keyed: bool
) -> None:
    key = key_for(services, "read") if keyed else ""
    path = f"/v1/changes?wait=30&cursor={_cursor(server, key)}"
    more = f"X-Api-Key: {key}\r\n" if keyed else ""
    first, second = _ask(server, path, more), _ask(server, path, more)
    _wait_until(lambda: slots.used == 2)
    with _ask(server, path, more) as third:
        assert split_responses(third.recv(10_000)) == [503]
    first.close()
    _wait_until(lambda: slots.used == 1)
    time.sleep(0.2)
    assert slots.used == 1
    second.close()
    _wait_until(lambda: slots.used == 0)
    _wait_until(lambda: not server.server_state.tasks)


def test_streams_use_slots_too(server: uvicorn.Server, slots: SlotCounter) -> None:
    listeners = [_ask(server, "/v1/stream") for _ in range(2)]
    _wait_until(lambda: slots.used == 2)
    with _ask(server, "/v1/changes?wait=5") as third:
        assert split_responses(third.recv(10_000)) == [503]
    for listener in listeners:
        listener.close()
    _wait_until(lambda: slots.used == 0)


@pytest.mark.parametrize(("keyed", "statuses"), [(True, [200]), (False, [401])])
def test_only_imports_with_a_key_have_the_extended_timeout(
    services: Services, keyed: bool, statuses: list[int]
) -> None:
    app = create_app(services)
    hooks = app.hooks  # type: ignore[attr-defined]
    short = Deadlines(head=0.3, body=0.3, linger=0.1)
    app.hooks = replace(hooks, deadlines=short)  # type: ignore[attr-defined]
    head = "POST /v1/manage/import HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
    mine = f"X-Api-Key: {key_for(services, 'publish')}\r\n" if keyed else ""
    with serve(app) as server:
        address = ("127.0.0.1", port_of(server))
        with socket.create_connection(address, timeout=20) as connection:
            connection.sendall(f"{head}{mine}Content-Length: 2\r\n\r\n\n".encode())
            time.sleep(1.5)
            with suppress(OSError):
                connection.sendall(b"\n")
            assert split_responses(read_all(connection)) == statuses


def test_a_hub_request_without_its_body_times_out(services: Services) -> None:
    app = create_app(services)
    hooks = app.hooks  # type: ignore[attr-defined]
    short = Deadlines(head=0.3, body=0.3, linger=0.1)
    app.hooks = replace(hooks, deadlines=short)  # type: ignore[attr-defined]
    with serve(app) as server:
        address = ("127.0.0.1", port_of(server))
        with socket.create_connection(address, timeout=20) as connection:
            connection.sendall(b"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\na")
            # A disabled hub responds without the body, and does not wait for it.
            assert split_responses(read_all(connection)) in ([404], [408])
