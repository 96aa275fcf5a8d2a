"""Editors who publish stories at a steady rate, over HTTP."""

import json
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from bench.corpus import SEED
from bench.load import LoadError
from bench.servers import HOST, Server, dateline_command, dateline_environment
from bench.story import make_story
from bench.world import NEWSROOM, make_world

_EDITORS = 8
_BODY_BYTES = (1000, 3000)
_CREATED = 201
_PATIENCE = 30.0
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_STATUS = slice(9, 12)
_MOST_AT_ONCE = 65_536
# Beside those of any archive.
_FIRST_NUMBER = 10_000_000


def copy_database(source: Path, target: Path) -> None:
    """Copy a database and its index, so that writing to them disturbs no other measurement."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    shutil.copytree(f"{source}.search", f"{target}.search")


def make_key(database: Path | str, scope: str = "publish") -> str:
    """Make a key that may publish, or more."""
    command = [dateline_command(), "keys", "create", "--name", "bench", "--scope", scope]
    done = subprocess.run(
        [*command, "--quiet"],
        env=dateline_environment(database),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def endless_stories() -> Iterator[bytes]:
    """Yield stories to publish, of 1 to 3 kB, in the sources and categories of the archive."""
    world = make_world(replace(NEWSROOM, body_bytes=_BODY_BYTES), SEED)
    rng = random.Random(f"{SEED}:published")
    number = _FIRST_NUMBER
    while True:
        line = make_story(world, rng, number, datetime.now(UTC))
        del line["type"], line["published_at"]
        yield json.dumps(line).encode()
        number += 1


class Publisher:
    """Publishes for as long as its block lasts, so many stories a second if the server can."""

    def __init__(self, server: Server, key: str, stories: Iterator[bytes], rate: float) -> None:
        """Begin nothing yet."""
        self._server = server
        self._head = (
            f"POST /v1/manage/articles HTTP/1.1\r\nHost: {HOST}:{server.port}\r\n"
            f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        )
        self._stories = stories
        self._rate = rate
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(_EDITORS)]
        self._begun = 0.0
        self._taken = 0
        self.answers: list[tuple[int, float]] = []
        """Status and seconds of every answer."""
        self.rate = 0.0
        """How many stories a second were published in the end."""

    def __enter__(self) -> "Publisher":
        self._begun = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        wrong: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        published = sum(status == _CREATED for status, _ in self.answers)
        self.rate = published / (time.monotonic() - self._begun)
        self._stopped.set()
        for thread in self._threads:
            thread.join(_PATIENCE)

    @property
    def refused(self) -> int:
        """How many stories were not published."""
        return sum(status != _CREATED for status, _ in self.answers)

    def _work(self) -> None:
        address = (HOST, self._server.port)
        with closing(socket.create_connection(address, timeout=_PATIENCE)) as connection:
            while True:
                due, story = self._next()
                if self._stopped.wait(max(0.0, due - time.monotonic())):
                    return
                began = time.monotonic()
                connection.sendall(self._request(story))
                status = _status_of_answer(connection)
                self.answers.append((status, time.monotonic() - began))

    def _request(self, story: bytes) -> bytes:
        return f"{self._head}Content-Length: {len(story)}\r\n\r\n".encode() + story

    def _next(self) -> tuple[float, bytes]:
        """Return the next story, and when it is due."""
        with self._turn:
            self._taken += 1
            return self._begun + self._taken / self._rate, next(self._stories)


def _status_of_answer(connection: socket.socket) -> int:
    """Read an answer to its end, and return its status.

    The standard library's client takes more of a processor for it than the server can spare.
    """
    answer = b""
    while (end := answer.find(_HEAD_END)) < 0:
        answer += _received(connection)
    length = _LENGTH.search(answer, 0, end + len(_HEAD_END))
    if length is None:
        raise LoadError(f"An answer has no length: {answer[:end]!r}")
    while len(answer) < end + len(_HEAD_END) + int(length[1]):
        answer += _received(connection)
    return int(answer[_STATUS])


def _received(connection: socket.socket) -> bytes:
    part = connection.recv(_MOST_AT_ONCE)
    if not part:
        raise LoadError("The server hung up on somebody who publishes.")
    return part
