"""One editor who takes stories through their lives, and waits for each answer."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from statistics import median
from typing import Any

from bench.load import LoadError
from bench.servers import HOST, Server

_PATIENCE = 30.0
_LIFE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("correct", {"note": "An earlier version had it wrong.", "changes": {"title": "Put right"}}),
    ("unpublish", {}),
    ("publish", {}),
    ("kill", {"notice": "Not ours to publish."}),
    ("restore", {"reason": "It was ours after all."}),
    ("publish", {}),
)


class Desk:
    """Runs verbs over HTTP, one after the other, on one connection."""

    def __init__(self, connection: HTTPConnection, key: str) -> None:
        """Work with a key that may do everything."""
        self._connection = connection
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.seconds: dict[str, list[float]] = {}
        """Of every answer, by verb."""

    def live(self, ids: Sequence[str]) -> float:
        """Take stories through all of a life; return the median seconds of an answer."""
        seen = [seconds for id_ in ids for seconds in self._life(id_)]
        return median(seen)

    def _life(self, id_: str) -> Iterator[float]:
        version = self._ask("GET", f"/v1/manage/articles/{id_}")["version"]
        for verb, order in _LIFE:
            began = time.perf_counter()
            answer = self._ask("POST", f"/v1/manage/articles/{id_}/{verb}", order, version)
            seconds = time.perf_counter() - began
            self.seconds.setdefault(verb, []).append(seconds)
            version = answer["version"]
            yield seconds

    def _ask(
        self, method: str, path: str, order: dict[str, Any] | None = None, version: int = 0
    ) -> dict[str, Any]:
        body = None if order is None else json.dumps(order)
        headers = self._headers | ({"If-Match": f'"v{version}"'} if version else {})
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        said = response.read()
        if not 200 <= response.status < 300:
            raise LoadError(f"{method} {path} was answered with {response.status}: {said!r}")
        found: dict[str, Any] = json.loads(said)
        return found


@contextmanager
def desk(server: Server, key: str) -> Iterator[Desk]:
    """Open a desk at a server."""
    with closing(HTTPConnection(HOST, server.port, timeout=_PATIENCE)) as connection:
        yield Desk(connection, key)
