"""Publish stories at a steady rate over HTTP."""

import json
import random
import shutil
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
from bench.editor import Editor
from bench.generated_taxonomy import NEWSROOM, build_taxonomy
from bench.servers import Database, Server, dateline_command, dateline_environment
from bench.story import make_story

_EDITORS = 8
_BODY_BYTES = (1000, 3000)
_TIMEOUT = 60.0
# In addition to the languages of the archive.
_FIRST_NUMBER = 10_000_000


def copy_file(source: Path, target: Path) -> None:
    """Copy a database, so that writes do not disturb other measurements."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def copy_database(source: Path, target: Path) -> None:
    """Copy a Dateline database with its search index."""
    copy_file(source, target)
    shutil.copytree(f"{source}.search", f"{target}.search")


def make_key(database: Path | Database, scope: str = "publish") -> str:
    """Create a key that may publish."""
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
    """Yield stories of 1 to 3 kB, in the sources and categories of the archive."""
    world = build_taxonomy(replace(NEWSROOM, body_bytes=_BODY_BYTES), SEED)
    rng = random.Random(f"{SEED}:published")
    number = _FIRST_NUMBER
    while True:
        line = make_story(world, rng, number, datetime.now(UTC))
        del line["type"], line["published_at"]
        yield json.dumps(line).encode()
        number += 1


class Publisher:
    """Publishes this many stories a second inside its block, if the server can."""

    def __init__(self, server: Server, key: str, stories: Iterator[bytes], rate: float) -> None:
        """Start nothing yet."""
        self._server = server
        self._key = key
        self._stories = stories
        self._rate = rate
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(_EDITORS)]
        self._begun = 0.0
        self._taken = 0
        self.seconds: list[float] = []
        """How long each publication took."""
        self.failures: list[Exception] = []
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
        self.rate = len(self.seconds) / (time.monotonic() - self._begun)
        self._stopped.set()
        for thread in self._threads:
            thread.join(_TIMEOUT)
        if self.failures and kind is None:
            raise self.failures[0]

    def _work(self) -> None:
        try:
            with Editor(self._server, self._key) as editor:
                self._publish(editor)
        except Exception as wrong:  # noqa: BLE001 - raised again where the block ends
            self.failures.append(wrong)

    def _publish(self, editor: Editor) -> None:
        while True:
            due, story = self._next()
            if self._stopped.wait(max(0.0, due - time.monotonic())):
                return
            began = time.monotonic()
            editor.create(story)
            self.seconds.append(time.monotonic() - began)

    def _next(self) -> tuple[float, bytes]:
        """Return the next story, and when it is due."""
        with self._turn:
            self._taken += 1
            return self._begun + self._taken / self._rate, next(self._stories)
