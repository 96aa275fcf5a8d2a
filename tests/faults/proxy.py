"""A TCP proxy to PostgreSQL that a test may silence, without closing connections."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_LOOK_EVERY = 0.01


class Proxy:
    """Forwards from a TCP port to the socket of a server."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._others: dict[socket.socket, socket.socket] = {}
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._is_silent = threading.Event()
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def silence(self) -> None:
        """Forward nothing, and send nothing to new connections."""
        self._is_silent.set()

    def speak(self) -> None:
        """Forward again, including the data that was held back."""
        self._is_silent.clear()

    def close(self) -> None:
        """End all connections."""
        self._is_closed.set()
        self._thread.join()
        for item in (self._listening, *self._others):
            item.close()

    def _run(self) -> None:
        while not self._is_closed.is_set():
            if self._is_silent.is_set():
                self._is_closed.wait(_LOOK_EVERY)
                continue
            watched = [self._listening, *self._others]
            for item in select.select(watched, [], [], _LOOK_EVERY)[0]:
                if item is self._listening:
                    self._accept()
                elif item in self._others:
                    self._forward(item)

    def _accept(self) -> None:
        client, _ = self._listening.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._path)
        self._others |= {client: server, server: client}

    def _forward(self, item: socket.socket) -> None:
        data = b""
        with suppress(OSError):
            data = item.recv(65_536)
            self._others[item].sendall(data)
        if not data:
            other = self._others.pop(item)
            del self._others[other]
            item.close()
            other.close()


@contextmanager
def proxy(path: str) -> Iterator[Proxy]:
    """Start a proxy for a test."""
    tcp_proxy = Proxy(path)
    try:
        yield tcp_proxy
    finally:
        tcp_proxy.close()
