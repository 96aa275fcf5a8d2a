"""Publishing stories by one client that waits for each response."""

import time
from itertools import islice

from bench.editor import Editor
from bench.load import Round
from bench.measurement import Goal, Measurement, Outcome, build_load_outcome
from bench.publisher import endless_stories
from bench.servers import Server
from bench.setup import BenchmarkSetup

_STORIES_A_SECOND = 150


class Client:
    """Creates the same number of stories in each round."""

    def __init__(self, stage: BenchmarkSetup, server: Server, key: str = "", **where: str) -> None:
        """Create nothing yet."""
        self._number = _STORIES_A_SECOND * stage.plan.seconds
        self._server, self._key, self._where = server, key, where
        self._stories = endless_stories()

    def create(self) -> Round:
        """Create stories, which are built before the clock is started."""
        stories = list(islice(self._stories, self._number))
        before, began = self._server.cpu_seconds(), time.perf_counter()
        with Editor(self._server, self._key, **self._where) as editor:
            for story in stories:
                editor.create(story)
        seconds = time.perf_counter() - began
        return Round(len(stories), seconds, self._server.cpu_seconds() - before)


def against_idiomatic(stage: BenchmarkSetup) -> Outcome:
    """Compare with the idiomatic version."""
    with stage.live() as (dateline, key), stage.idiomatic() as idiomatic:
        left = Client(stage, dateline, key)
        right = Client(stage, idiomatic, path="/articles")
        left.create()
        right.create()
        compared = stage.take_turns(left.create, right.create)
    return build_load_outcome(compared)


MEASUREMENTS = (
    Measurement(
        "create-idiomatic",
        "creating a published story, one client",
        "idiomatic version",
        Goal(1.5),
        against_idiomatic,
    ),
)
