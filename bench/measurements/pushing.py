"""The time from a publication to its arrival at all webhook receivers."""

import json
import time
from statistics import median

from bench.editor import Editor
from bench.load import LoadError
from bench.measurement import Goal, Measurement, Outcome
from bench.publisher import endless_stories
from bench.receivers import Arrivals, receivers
from bench.servers import HOST
from bench.setup import BenchmarkSetup

_RECEIVERS = 100
_STORIES_A_ROUND = 10
_PAUSE = 0.3
_TIMEOUT = 30.0


def publication_to_arrival(stage: BenchmarkSetup) -> Outcome:
    """Publish stories one by one; measure each from its request to its event at each receiver."""
    stories, waits = endless_stories(), list[float]()
    with (
        receivers(_RECEIVERS) as arrivals,
        stage.live("admin", push_networks=f"{HOST}/32") as (server, key),
        Editor(server, key) as editor,
    ):
        for port in arrivals.ports:
            editor.create(_webhook(port), "/v1/manage/webhooks")
        _publish(editor, arrivals, next(stories))
        for _ in range(stage.plan.rounds * _STORIES_A_ROUND):
            waits += _publish(editor, arrivals, next(stories))
            time.sleep(_PAUSE)
    waits.sort()
    slow = waits[len(waits) * 99 // 100]
    note = f"{len(waits)} events, median {median(waits) * 1000:.0f} ms"
    return Outcome(slow, slow, median(waits), "s (p99 / p50)", notes=(note,))


def _webhook(port: int) -> bytes:
    events = ["article.published"]
    return json.dumps({"url": f"http://{HOST}:{port}/", "events": events}).encode()


def _publish(editor: Editor, arrivals: Arrivals, story: bytes) -> list[float]:
    start = time.time()
    created = json.loads(editor.create(story))
    arrived = arrivals.wait_for(created["id"], _RECEIVERS, _TIMEOUT)
    if len(arrived) < _RECEIVERS:
        raise LoadError(f"{_RECEIVERS - len(arrived)} receivers received a story too late.")
    return [instant - start for instant in arrived]


MEASUREMENTS = (
    Measurement(
        "push-arrival",
        f"publication to {_RECEIVERS} webhook receivers, p99",
        "p50",
        Goal(1.0, at_most=True, unit="s"),
        publication_to_arrival,
    ),
)
