"""Clients that read and write without pause, by way of nodes that come and go."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faults.cluster import Node, Reply, soon
from tests.faults.served import CUT_OFF

_READS = (
    "/v1/headlines",
    "/v1/headlines?language=en&limit=7",
    "/v1/articles?include=body",
    "/v1/changes?limit=50",
    "/v1/search?q=story",
    "/feeds/latest.rss",
    "/v1/manage/articles",
)
_PATIENCE = 60


class Balancer:
    """Leads requests to the nodes in turn."""

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
        """Send nothing more to a node, and wait until it has answered."""
        with self._changed:
            self._nodes.remove(node)
            assert self._changed.wait_for(lambda: not self._running[node], _PATIENCE)

    def put_in(self, node: Node) -> None:
        """Send requests to a node, too."""
        with self._changed:
            self._nodes.append(node)


@dataclass(slots=True)
class Load:
    """What was acknowledged: the titles that each story may have. What failed stands in `wrong`."""

    balancer: Balancer
    titles: dict[str, set[str]] = field(default_factory=dict)
    reads: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def go_on(self) -> None:
        """Wait until each kind of request was answered some times more."""
        reads = {path: self.reads[path] + 2 for path in _READS}
        stories = len(self.titles) + 8

        def went_on() -> bool:
            were_read = all(self.reads[path] >= wanted for path, wanted in reads.items())
            return bool(self.wrong) or (were_read and len(self.titles) >= stories)

        soon(went_on)
        assert self.wrong == []

    def read(self) -> None:
        """Read each of what readers read."""
        for path in _READS:
            self.reads[path] += self._call("GET", path) is not None

    def write(self) -> None:
        """Publish a story, change it, and publish that."""
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
        """Return what was answered, or nothing if the client is to try again."""
        try:
            status, received, answer = self.balancer.call(*request, **headers)
        except CUT_OFF as wrong:
            self.wrong.append(f"{request}: {wrong!r}")
            return None
        if status in {200, 201}:
            return answer
        if status != 503 or "retry-after" not in received:
            self.wrong.append(f"{request}: {status} {answer}")
        return None


@contextmanager
def load(nodes: list[Node], key: str) -> Iterator[Load]:
    """Let clients read and write until the block ends."""
    made, stopped = Load(Balancer(nodes, key)), threading.Event()

    def repeat(work: Callable[[], None]) -> None:
        while not stopped.is_set():
            work()

    works = [made.read, made.write] * 2
    threads = [threading.Thread(target=repeat, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
