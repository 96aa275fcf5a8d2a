"""Clients that read and write without pause, through a load balancer."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faults.cluster import Node, Reply, wait_until
from tests.faults.server import CUT_OFF

_READS = (
    "/v1/headlines",
    "/v1/headlines?language=en&limit=7",
    "/v1/articles?include=body",
    "/v1/changes?limit=50",
    "/v1/search?q=story",
    "/feeds/latest.rss",
    "/v1/manage/articles",
)
_TIMEOUT = 60


class Balancer:
    """Sends requests to the nodes in turn."""

    def __init__(self, nodes: list[Node], key: str) -> None:
        self._nodes, self._key = nodes, key
        self._running = Counter[Node]()
        self._changed = threading.Condition()
        self._turn = 0

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send a request to the next node."""
        with self._changed:
            self._turn += 1
            node = self._nodes[self._turn % len(self._nodes)]
            self._running[node] += 1
        try:
            return node.call(method, path, body, key=self._key, **headers)
        finally:
            with self._changed:
                self._running[node] -= 1
                self._changed.notify_all()

    def take_out(self, node: Node) -> None:
        """Stop sending requests to a node, and wait for its running ones."""
        with self._changed:
            self._nodes.remove(node)
            assert self._changed.wait_for(lambda: not self._running[node], _TIMEOUT)

    def put_in(self, node: Node) -> None:
        """Start sending requests to a node."""
        with self._changed:
            self._nodes.append(node)


@dataclass(slots=True)
class Load:
    """The requests of all clients.

    `titles` are those that each acknowledged story may have, `failures` describes failed requests.
    """

    balancer: Balancer
    titles: dict[str, set[str]] = field(default_factory=dict)
    reads: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def wait_for_progress(self) -> None:
        """Wait until each kind of request was answered several more times."""
        reads = {path: self.reads[path] + 2 for path in _READS}
        stories = len(self.titles) + 8

        def has_progressed() -> bool:
            were_read = all(self.reads[path] >= number for path, number in reads.items())
            return bool(self.failures) or (were_read and len(self.titles) >= stories)

        wait_until(has_progressed)
        assert self.failures == []

    def read(self) -> None:
        """Send each request of a reader."""
        for path in _READS:
            self.reads[path] += self._call("GET", path) is not None

    def write(self) -> None:
        """Publish a story, change it, and publish the change."""
        before, after = "A story", "A story that was changed"
        document = {"title": before, "language": "en", "status": "published"}
        story = self._call("POST", "/v1/manage/articles", document)
        if story is None:
            return
        titles = self.titles[story["id"]] = {before}
        path, patch = f"/v1/manage/articles/{story['id']}", {"title": after}
        titles.add(after)
        headers = {"content_type": "application/merge-patch+json", "if_match": "*"}
        if self._call("PATCH", path, patch, **headers):
            titles.remove(before)
            self._call("POST", f"{path}/publish", {}, if_match="*")

    def _call(self, *request: Any, **headers: str) -> Any:
        """Return the response, or nothing after a failure or a `503` with `Retry-After`."""
        try:
            status, received, answer = self.balancer.call(*request, **headers)
        except CUT_OFF as wrong:
            self.failures.append(f"{request}: {wrong!r}")
            return None
        if status in {200, 201}:
            return answer
        if status != 503 or "retry-after" not in received:
            self.failures.append(f"{request}: {status} {answer}")
        return None


@contextmanager
def load(nodes: list[Node], key: str) -> Iterator[Load]:
    """Let clients read and write until the block ends."""
    clients, stopped = Load(Balancer(nodes, key)), threading.Event()

    def repeat(work: Callable[[], None]) -> None:
        while not stopped.is_set():
            work()

    works = [clients.read, clients.write] * 2
    threads = [threading.Thread(target=repeat, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
