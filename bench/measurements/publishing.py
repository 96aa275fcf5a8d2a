"""Reads during publications, and the same reads without publications."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from statistics import median

from bench.corpus import SEED
from bench.generated_taxonomy import NEWSROOM, build_taxonomy
from bench.load import Round, Target
from bench.measurement import Goal, Measurement, Outcome, build_load_outcome
from bench.publisher import Publisher, endless_stories
from bench.servers import Server
from bench.setup import BenchmarkSetup, LoadComparison
from bench.workload import HEADLINES, sample_story_paths

_RATE = 50
# A publisher that completes this share has published as many stories as required.
_ENOUGH = 0.95
_CATEGORIES = 20
_STORIES = 200
_SETTLE_SECONDS = 0.5
# The maximum of other work in a round.
_BETWEEN_SECONDS = 10
_LONGER = 2


class Readers:
    """Read headlines, lists and stories of one server in equal parts, from its cache."""

    def __init__(self, stage: BenchmarkSetup, server: Server, key: str) -> None:
        """Read nothing yet; stories are built before, because that takes processor time."""
        self._stage, self._key, self._stories = stage, key, _build_stories(stage)
        self._target = Target(server, _mix(stage))
        self.publishers: list[Publisher] = []
        stage.warm_up(self._target)

    def read_alone(self) -> Round:
        """Read for a round."""
        return self._stage.load(self._target, self._stage.plan.seconds * _LONGER)

    def read_while_publishing(self) -> Round:
        """Read for a round while stories are published."""
        with Publisher(self._target.server, self._key, self._stories, _RATE) as publisher:
            self.publishers.append(publisher)
            time.sleep(_SETTLE_SECONDS)
            return self.read_alone()


@dataclass(frozen=True)
class Publications:
    """Reads with and without publications, and the sorted times of publications."""

    reads: LoadComparison
    rate: float
    seconds: list[float] = field(repr=False)

    @property
    def is_complete(self) -> bool:
        """Return whether as many stories were published as required."""
        return self.rate >= _ENOUGH * _RATE

    @property
    def note(self) -> str:
        """The number of published stories."""
        return f"{self.rate:.1f} of {_RATE} stories per second were published"


def reads(stage: BenchmarkSetup) -> Outcome:
    """Compare reads during 50 new stories a second with the same reads alone."""
    measured = _measure(stage)
    return replace(
        build_load_outcome(measured.reads, measured.note), is_complete=measured.is_complete
    )


def publications(stage: BenchmarkSetup) -> Outcome:
    """Return the time of publications during the reads."""
    measured = _measure(stage)
    slow = measured.seconds[len(measured.seconds) * 99 // 100] * 1000
    half = median(measured.seconds) * 1000
    slowest = measured.seconds[-1] * 1000
    note = f"{len(measured.seconds):,} publications, the slowest in {slowest:.0f} ms"
    return Outcome(slow, slow, half, "ms", notes=(note,), is_complete=measured.is_complete)


@cache
def _measure(stage: BenchmarkSetup) -> Publications:
    with stage.live() as (server, key):
        return measure_reads_while_publishing(stage, server, key)


def measure_reads_while_publishing(stage: BenchmarkSetup, server: Server, key: str) -> Publications:
    """Read from a server with and without publications."""
    readers = Readers(stage, server, key)
    compared = stage.take_turns(readers.read_while_publishing, readers.read_alone)
    seconds = sorted(seconds for each in readers.publishers for seconds in each.seconds)
    return Publications(compared, median(each.rate for each in readers.publishers), seconds)


def _build_stories(stage: BenchmarkSetup) -> Iterator[bytes]:
    """Return enough stories for all rounds."""
    seconds = stage.plan.rounds * (stage.plan.seconds * _LONGER + _BETWEEN_SECONDS)
    return iter(list(islice(endless_stories(), int(seconds * _RATE))))


def _mix(stage: BenchmarkSetup) -> tuple[str, ...]:
    categories = build_taxonomy(NEWSROOM, SEED).categories.items[:_CATEGORIES]
    lists = [f"{HEADLINES}?category={line['slug']}" for line in categories]
    stories = sample_story_paths(stage.imported.database, _STORIES)
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
