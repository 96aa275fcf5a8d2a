"""Limits of connections and listeners, in total and by client address."""

import asyncio
import resource
import socket
import threading
import time
from contextlib import ExitStack
from ipaddress import ip_network

import pytest
import uvicorn

from app.api.http.asgi import Receive, Scope, Send, send_response
from app.api.http.errors import TooManyListeners
from app.api.http.server import acquire_listener_slot, refuse
from app.kit.process import open_file_limit
from app.server.interface import Hooks
from app.server.limits import Limits, SlotCounter
from app.settings import Settings
from tests.server.serving import port_of, read_all, serve, split_responses


class LoopbackLimits(Limits):
    """Limits that count loopback as one client, for tests."""

    def find_client(self, host: str | None) -> str | None:
        return host


class App:
    """Responds immediately, or with `/wait` when its client has disconnected."""

    def __init__(self, limits: Limits, **settings: str) -> None:
        self._settings = Settings(database_url="sqlite:///none.db", **settings)  # type: ignore[arg-type]
        self.hooks = Hooks(refuse=refuse, limits=limits)
        self.waiting = 0
        self.cancelled = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/wait":
            try:
                acquire_listener_slot(scope, self._settings)
            except TooManyListeners:
                await send_response(send, 503, {}, b"")
                return
            try:
                self.waiting += 1
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
            finally:
                self.waiting -= 1
        await send_response(send, 200, {}, b"ok")


def _connect(server: uvicorn.Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port_of(server)), timeout=20)


def _ask(connection: socket.socket, path: str = "/", more: str = "") -> None:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode())


def _status(connection: socket.socket) -> list[int]:
    return split_responses(connection.recv(10_000))


@pytest.mark.parametrize("slots", [SlotCounter(total=2), SlotCounter(per_client=2)])
def test_a_connection_above_the_limit_is_refused_and_a_free_slot_is_used(
    slots: SlotCounter,
) -> None:
    with serve(App(LoopbackLimits(connections=slots))) as server, ExitStack() as opened:
        held = [opened.enter_context(_connect(server)) for _ in range(2)]
        for item in held:
            _ask(item)
            assert _status(item) == [200]
        with _connect(server) as third:
            received = read_all(third)
        assert split_responses(received) == [503]
        assert b'"code":"too_many_connections"' in received
        assert b"retry-after: " in received
        held[0].close()
        until = time.monotonic() + 10
        while True:
            with _connect(server) as again:
                _ask(again)
                if _status(again) == [200]:
                    break
            assert time.monotonic() < until


def test_listeners_acquire_and_release_slots() -> None:
    app = App(LoopbackLimits(listeners=SlotCounter(per_client=2)))
    with serve(app) as server, ExitStack() as opened:
        held = [opened.enter_context(_connect(server)) for _ in range(2)]
        for item in held:
            _ask(item, "/wait")
        _wait_for(app, 2)
        with _connect(server) as third:
            _ask(third, "/wait")
            assert _status(third) == [503]
            _ask(third)
            assert _status(third) == [200]
            held[0].close()
            _wait_for(app, 1)
            assert app.cancelled.is_set()
            _ask(third, "/wait")
            _wait_for(app, 2)
        held[1].shutdown(socket.SHUT_WR)
        _wait_for(app, 0)


def test_listeners_behind_a_trusted_proxy_count_by_their_own_addresses() -> None:
    app = App(Limits(listeners=SlotCounter(per_client=1)), trusted_proxies="127.0.0.1")
    with serve(app) as server, ExitStack() as opened:
        for count, client in enumerate(["203.0.113.1", "203.0.113.2", "2001:db8::1"], start=1):
            _ask(opened.enter_context(_connect(server)), "/wait", f"X-Forwarded-For: {client}\r\n")
            _wait_for(app, count)
        for client in ("203.0.113.1", "2001:db8::2"):
            with _connect(server) as other:
                _ask(other, "/wait", f"X-Forwarded-For: {client}\r\n")
                assert _status(other) == [503]


def _wait_for(app: App, waiting: int) -> None:
    until = time.monotonic() + 10
    while app.waiting != waiting:
        assert time.monotonic() < until, app.waiting
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::%eth0", "2001:db8:1:2::/64"),
        ("127.0.0.9", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("10.1.2.3", None),
        ("::ffff:10.1.2.3", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses_of_one_network_are_one_client(host: str | None, client: str | None) -> None:
    limits = Limits(trusted=(ip_network("10.0.0.0/8"),))
    assert limits.find_client(host) == client


def test_connections_stay_below_the_limit_of_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [256, 4096]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(now))
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: now.__setitem__(slice(None), pair))
    assert open_file_limit.limit_connections(10_000) == 128
    open_file_limit.raise_open_file_limit()
    assert now == [4096, 4096]
    assert open_file_limit.limit_connections(10_000) == 4096 - 512
    assert open_file_limit.limit_connections(100) == 100
