"""Memory of one process while every page of a large archive is requested."""

import random
from dataclasses import dataclass
from functools import cache
from statistics import median

from bench.archive import Archive
from bench.corpus import SEED
from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome
from bench.memory import measure_resident
from bench.setup import BenchmarkSetup
from bench.workload import HEADLINES, build_distinct_filter, build_query, sample_story_paths

_ROUNDS = 20
# More than a round can request.
_A_ROUND = 60_000
# Together their responses take several times the memory of the cache.
_STORIES = 10_000
_LISTS = 1_500
_SHARES = (60, 20, 20)


@dataclass(frozen=True)
class Series:
    """The memory of a process in bytes, at its start and at the end of each round."""

    held: list[int]
    requests: int

    @property
    def growth(self) -> float:
        """MB from the start to the end."""
        return (self.held[-1] - self.held[0]) / 2**20

    @property
    def late_growth(self) -> float:
        """MB from the third quarter to the last one."""
        quarter = max(1, len(self.held) // 4)
        third, last = self.held[-2 * quarter : -quarter], self.held[-quarter:]
        return (median(last) - median(third)) / 2**20


def since_start(stage: BenchmarkSetup) -> Outcome:
    """Compare the end with the start."""
    series = _measure(stage)
    return _outcome(series, series.growth, series.held[0])


def in_the_second_half(stage: BenchmarkSetup) -> Outcome:
    """Compare the last quarter with the third."""
    series = _measure(stage)
    return _outcome(series, series.late_growth, series.held[len(series.held) // 2])


@cache
def _measure(stage: BenchmarkSetup) -> Series:
    """Request random stories and lists until there were enough, or until the time limit."""
    mix = _Mix(stage.large)
    seconds = max(1, stage.plan.mixed_seconds // _ROUNDS)
    with stage.dateline(cache_bytes=None, database=stage.large.database) as dateline:
        dateline.get(HEADLINES)
        held, requests = [measure_resident(dateline.pid)], 0
        for _ in range(stage.plan.mixed_seconds // seconds):
            requests += stage.load(Target(dateline, mix.draw(_A_ROUND)), seconds).answers
            held.append(measure_resident(dateline.pid))
            if requests >= stage.plan.mixed_requests:
                break
    return Series(held, requests)


class _Mix:
    """Requests for stories and lists from all over an archive; some of them are new."""

    def __init__(self, archive: Archive) -> None:
        self._rng = random.Random(f"{SEED}:mix")
        self._stories = sample_story_paths(archive.database, _STORIES)
        terms = self._rng.choices(sorted(archive.counts), k=_LISTS)
        self._lists = [f"{HEADLINES}?{build_query(term)}" for term in terms]
        self._asked = 0

    def draw(self, number: int) -> tuple[str, ...]:
        """Return random paths."""
        kinds = self._rng.choices((self._story, self._list, self._new), _SHARES, k=number)
        return tuple(kind() for kind in kinds)

    def _story(self) -> str:
        return self._rng.choice(self._stories)

    def _list(self) -> str:
        return self._rng.choice(self._lists)

    def _new(self) -> str:
        """Return a list with an unused query; its response is cached all the same."""
        self._asked += 1
        return f"{self._list()}&{build_distinct_filter(self._asked)}"


def _outcome(series: Series, grown: float, since: int) -> Outcome:
    shown = " ".join(f"{held / 2**20:.0f}" for held in series.held)
    return Outcome(
        grown,
        series.held[-1] / 2**20,
        since / 2**20,
        "MB",
        notes=(f"{series.requests:,} requests; MB after each round: {shown}",),
        details={"series": series.held, "requests": series.requests},
    )


_WHAT = "memory after a read mix of 1,000,000 stories"
MEASUREMENTS = (
    Measurement("memory", _WHAT, "after start", Goal(150, True, "MB"), since_start),
    Measurement(
        "memory-flat",
        "memory in its last quarter",
        "the third quarter",
        Goal(10, True, "MB"),
        in_the_second_half,
    ),
)
