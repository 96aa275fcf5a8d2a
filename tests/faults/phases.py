"""Responses to each kind of reader while the database is up, silent, down, and up again.

The tables of `docs/high-availability.md` have the same contents.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import count
from typing import Any

from tests.faults.cluster import Node, Reply
from tests.faults.server import CUT_OFF

# The documented limits are 1 and 2 seconds; the rest is a margin for a busy machine.
ANSWERED_WITHIN, READY_WITHIN, BACK_WITHIN, ENDED_WITHIN = 1.0 + 1.0, 2.0, 5.0, 10.0
SERVED = frozenset({200, 201})
_FEED = "/feeds/latest.rss"
_numbers = count(21)


@dataclass(slots=True)
class Readers:
    """A reader of each kind, which sends requests to a node."""

    node: Node
    key: str
    cursor: str = ""
    kept: frozenset[str] = field(default=frozenset({"anonymous, cached", "feed, cached"}))

    def prepare(self) -> None:
        """Let the node fill its cache, and verify that it is current."""
        self.cursor = self.node.call("GET", "/v1/changes")[2]["cursor"]
        for path in ("/v1/headlines", _FEED):
            self.node.call("GET", path)
        time.sleep(1)

    def ask(self) -> dict[str, int]:
        """Return the status for each kind; require a response in time, and `Retry-After`."""
        return {name: _in_time(name, ask) for name, ask in self._questions().items()}

    def are_served(self) -> bool:
        """Whether all readers get normal responses."""
        return set(self.ask().values()) <= SERVED

    def require_away(self) -> None:
        """Require cached responses for readers that may get them, and refusals for all others."""
        for _ in range(2):
            for name, status in self.ask().items():
                assert status == (200 if name in self.kept else 503), name
        assert self.ready() == (200, "away")
        self._require_life()

    def require_refusals(self) -> None:
        """Require that no reader gets a cached response any more."""
        assert set(self.ask().values()) == {503}
        assert self.ready() == (503, "does not answer")
        self._require_life()

    def ready(self) -> tuple[int, str]:
        """Return the state in `/readyz`, in time."""
        began = time.monotonic()
        status, _, report = self.node.call("GET", "/readyz")
        assert time.monotonic() - began < READY_WITHIN
        return status, report["database"]

    def _require_life(self) -> None:
        for path in ("/healthz", "/metrics"):
            began = time.monotonic()
            assert self.node.status(path) == 200
            assert time.monotonic() - began < ANSWERED_WITHIN, path

    def _questions(self) -> Mapping[str, Callable[[], Reply]]:
        call, key = self.node.call, self.key
        draft = {"title": "A draft", "language": "en"}
        new = f"/v1/headlines?limit={next(_numbers)}"
        return {
            "anonymous, cached": lambda: call("GET", "/v1/headlines"),
            "feed, cached": lambda: call("GET", _FEED),
            "anonymous, uncached": lambda: call("GET", new),
            "feed, uncached": lambda: call("GET", new.replace("/v1/headlines", _FEED)),
            "key": lambda: call("GET", "/v1/headlines", key=key),
            "management, read": lambda: call("GET", "/v1/manage/articles", key=key),
            "management, write": lambda: call("POST", "/v1/manage/articles", draft, key=key),
            "changes": lambda: call("GET", f"/v1/changes?cursor={self.cursor}"),
            "changes, waiting": lambda: call("GET", f"/v1/changes?wait=1&cursor={self.cursor}"),
            "stream": self._stream,
        }

    def _stream(self) -> Reply:
        """Open a stream and close it."""

        def begin() -> Reply:
            with closing(HTTPConnection("127.0.0.1", self.node.port, timeout=60)) as connection:
                connection.request("GET", "/v1/stream")
                answer = connection.getresponse()
                headers = {name.lower(): value for name, value in answer.getheaders()}
                return answer.status, headers, None

        return self.node.machine.run(begin)


def _in_time(name: str, ask: Callable[[], Reply]) -> int:
    began = time.monotonic()
    status, headers, answer = ask()
    seconds = time.monotonic() - began
    waited = 1.0 if name == "changes, waiting" and status == 200 else 0.0
    assert seconds - waited < ANSWERED_WITHIN, f"{name} waited {seconds:.1f} s"
    if status == 503:
        assert "retry-after" in headers, name
        assert answer is None or answer["code"] == "database_unavailable", (name, answer)
    else:
        assert status in SERVED, (name, status, answer)
    return status


def keep_writing(node: Node, key: str, published: list[dict[str, Any]]) -> None:
    """Publish stories until one is refused; append each acknowledged one."""
    for number in count():
        document = {"title": f"Story {number}", "language": "en", "status": "published"}
        try:
            status, _, story = node.call("POST", "/v1/manage/articles", document, key=key)
        except CUT_OFF:
            return
        if status != 201:
            return
        published.append(story)
