"""How long a publication takes to arrive at everybody who is told of it."""

import json
import time
from http.client import HTTPConnection
from statistics import median
from typing import Any

from bench.load import LoadError
from bench.measurement import Goal, Measurement, Outcome
from bench.publisher import copy_database, endless_stories, make_key
from bench.receivers import Arrivals, receivers
from bench.servers import HOST, Server, dateline
from bench.stage import Stage

_RECEIVERS = 100
_STORIES_A_ROUND = 10
_PAUSE = 0.3
_PATIENCE = 30.0


def publication_to_arrival(stage: Stage) -> Outcome:
    """Publish stories one by one; time each from its request to its event at each receiver."""
    database = stage.folder / "pushed.db"
    copy_database(stage.imported.database, database)
    key, stories = make_key(database, "admin"), endless_stories()
    waits: list[float] = []
    with (
        receivers(_RECEIVERS) as arrivals,
        dateline(stage.folder, database, None, push_networks=f"{HOST}/32") as server,
    ):
        desk = _Desk(server, key)
        for port in arrivals.ports:
            desk.post("/v1/manage/webhooks", _webhook(port))
        _publish(desk, arrivals, next(stories))
        for _ in range(stage.plan.rounds * _STORIES_A_ROUND):
            waits += _publish(desk, arrivals, next(stories))
            time.sleep(_PAUSE)
    waits.sort()
    slow = waits[len(waits) * 99 // 100]
    note = f"{len(waits)} events, half of them within {median(waits) * 1000:.0f} ms"
    return Outcome(slow, slow, median(waits), "s (99 of 100 / half)", notes=(note,))


def _webhook(port: int) -> bytes:
    events = ["article.published"]
    return json.dumps({"url": f"http://{HOST}:{port}/", "events": events}).encode()


def _publish(desk: "_Desk", arrivals: Arrivals, story: bytes) -> list[float]:
    begun = time.time()
    made = desk.post("/v1/manage/articles", story)
    arrived = arrivals.wait_for(made["id"], _RECEIVERS, _PATIENCE)
    if len(arrived) < _RECEIVERS:
        raise LoadError(f"{_RECEIVERS - len(arrived)} receivers heard of a story too late.")
    return [one - begun for one in arrived]


class _Desk:
    """Somebody with a key."""

    def __init__(self, server: Server, key: str) -> None:
        self._connection = HTTPConnection(HOST, server.port, timeout=_PATIENCE)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def post(self, path: str, body: bytes) -> Any:
        """Create something and return it."""
        self._connection.request("POST", path, body, self._headers)
        answer = self._connection.getresponse()
        made = json.loads(answer.read())
        if answer.status != 201:
            raise LoadError(f"{path} was answered with {answer.status}.")
        return made


MEASUREMENTS = (
    Measurement(
        "push-arrival",
        f"publication to arrival at {_RECEIVERS} webhook receivers, 99 of 100",
        "nothing",
        Goal(1.0, at_most=True, unit="s"),
        publication_to_arrival,
    ),
)
