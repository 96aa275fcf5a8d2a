"""Readers while editors publish, and the same readers while nobody does."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from statistics import median

from bench.corpus import SEED
from bench.generated_taxonomy import NEWSROOM, make_world
from bench.load import Round, Target
from bench.measurement import Goal, Measurement, Outcome, outcome_of_load
from bench.publisher import Publisher, endless_stories
from bench.servers import Server
from bench.setup import LoadComparison, Stage
from bench.workload import HEADLINES, some_stories

_RATE = 50
# Publishers who get so much of it through have published as many as was asked for.
_ENOUGH = 0.95
_CATEGORIES = 20
_STORIES = 200
_SETTLE_SECONDS = 0.5
# What a round takes in addition to its reads, at most.
_BETWEEN_SECONDS = 10
_LONGER = 2


class Readers:
    """Read a third headlines, a third lists, a third stories of one server, from its cache."""

    def __init__(self, stage: Stage, server: Server, key: str) -> None:
        """Read nothing yet; stories are written before, because that takes processor time."""
        self._stage, self._key, self._stories = stage, key, _written_before(stage)
        self._target = Target(server, _mix(stage))
        self.publishers: list[Publisher] = []
        stage.warm_up(self._target)

    def alone(self) -> Round:
        """Read for a round."""
        return self._stage.load(self._target, self._stage.plan.seconds * _LONGER)

    def while_publishing(self) -> Round:
        """Read for a round while stories are published."""
        with Publisher(self._target.server, self._key, self._stories, _RATE) as publisher:
            self.publishers.append(publisher)
            time.sleep(_SETTLE_SECONDS)
            return self.alone()


@dataclass(frozen=True)
class Publications:
    """Reads with and without publications, and the time that each publication took, in order."""

    reads: LoadComparison
    rate: float
    seconds: list[float] = field(repr=False)

    @property
    def as_asked(self) -> bool:
        """Tell whether as many were published as was asked for."""
        return self.rate >= _ENOUGH * _RATE

    @property
    def note(self) -> str:
        """How many were published."""
        return f"{self.rate:.1f} of {_RATE} stories per second were published"


def reads(stage: Stage) -> Outcome:
    """Compare reads during 50 new stories a second with the same reads alone."""
    found = _measured(stage)
    return replace(outcome_of_load(found.reads, found.note), as_asked=found.as_asked)


def publications(stage: Stage) -> Outcome:
    """Tell how long the publications took meanwhile."""
    found = _measured(stage)
    slow = found.seconds[len(found.seconds) * 99 // 100] * 1000
    half = median(found.seconds) * 1000
    note = f"{len(found.seconds):,} publications, the slowest in {found.seconds[-1] * 1000:.0f} ms"
    return Outcome(slow, slow, half, "ms", notes=(note,), as_asked=found.as_asked)


@cache
def _measured(stage: Stage) -> Publications:
    with stage.live() as (server, key):
        return published_meanwhile(stage, server, key)


def published_meanwhile(stage: Stage, server: Server, key: str) -> Publications:
    """Read from a server while stories are published there, and while none are."""
    readers = Readers(stage, server, key)
    compared = stage.take_turns(readers.while_publishing, readers.alone)
    seconds = sorted(seconds for each in readers.publishers for seconds in each.seconds)
    return Publications(compared, median(each.rate for each in readers.publishers), seconds)


def _written_before(stage: Stage) -> Iterator[bytes]:
    """Return stories enough for all rounds."""
    seconds = stage.plan.rounds * (stage.plan.seconds * _LONGER + _BETWEEN_SECONDS)
    return iter(list(islice(endless_stories(), int(seconds * _RATE))))


def _mix(stage: Stage) -> tuple[str, ...]:
    categories = make_world(NEWSROOM, SEED).categories.items[:_CATEGORIES]
    lists = [f"{HEADLINES}?category={line['slug']}" for line in categories]
    stories = some_stories(stage.imported.database, _STORIES)
    paths = [HEADLINES] * _STORIES + lists * (_STORIES // _CATEGORIES) + list(stories)
    random.Random(SEED).shuffle(paths)
    return tuple(paths)


MEASUREMENTS = (
    Measurement(
        "reads-publishing",
        f"reads during {_RATE} publications/s",
        "reads without writes",
        Goal(0.6),
        reads,
    ),
    Measurement(
        "publish-time",
        "publication latency during reads, p99",
        "p50",
        Goal(60, at_most=True, unit="ms"),
        publications,
    ),
)
