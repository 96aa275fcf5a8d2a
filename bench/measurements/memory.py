"""Memory of one process while it is asked for everything that a large archive has."""

import random
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from statistics import median
from urllib.parse import urlencode

from bench.archive import Archive
from bench.corpus import FIRST_DAY, LAST_DAY, SEED
from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome
from bench.measurements.articles import some_stories
from bench.memory import resident
from bench.questions import HEADLINES, query_of
from bench.stage import Stage

_ROUNDS = 20
# More than a round can ask for: hardly anything is asked twice.
_STORIES = 200_000
_A_ROUND = 60_000
_SHARES = (60, 20, 20)


@dataclass(frozen=True)
class Series:
    """What a process held in memory, from its start to the end of each round, in bytes."""

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


def since_start(stage: Stage) -> Outcome:
    """Compare the end with the start."""
    series = _measured(stage)
    return _outcome(series, series.growth, series.held[0])


def in_the_second_half(stage: Stage) -> Outcome:
    """Compare the last quarter with the third."""
    series = _measured(stage)
    return _outcome(series, series.late_growth, series.held[len(series.held) // 2])


@cache
def _measured(stage: Stage) -> Series:
    """Ask for stories, lists and pages at random until there were enough, or time is over."""
    mix = _Mix(stage.large)
    seconds = max(1, stage.plan.mixed_seconds // _ROUNDS)
    with stage.dateline(cache_bytes=None, database=stage.large.database) as dateline:
        dateline.get(HEADLINES)
        held, requests = [resident(dateline.pid)], 0
        for _ in range(stage.plan.mixed_seconds // seconds):
            requests += stage.load(Target(dateline, mix.draw(_A_ROUND)), seconds).answers
            held.append(resident(dateline.pid))
            if requests >= stage.plan.mixed_requests:
                break
    return Series(held, requests)


class _Mix:
    """Requests for anything that an archive has."""

    def __init__(self, archive: Archive) -> None:
        self._rng = random.Random(f"{SEED}:mix")
        self._stories = some_stories(archive.database, _STORIES)
        self._lists = [query_of(term) for term in archive.counts]
        self._seconds = int((LAST_DAY - FIRST_DAY).total_seconds())

    def draw(self, number: int) -> tuple[str, ...]:
        """Draw paths: of stories, of the first pages of lists, of pages of any day."""
        kinds = self._rng.choices((self._story, self._list, self._page), _SHARES, k=number)
        return tuple(kind() for kind in kinds)

    def _story(self) -> str:
        return self._rng.choice(self._stories)

    def _list(self) -> str:
        return f"{HEADLINES}?{self._rng.choice(self._lists)}"

    def _page(self) -> str:
        day = FIRST_DAY + timedelta(seconds=self._rng.randrange(self._seconds))
        before = urlencode({"published_before": day.strftime("%Y-%m-%dT%H:%M:%SZ")})
        return f"{self._list()}&{before}"


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
        "memory in the last quarter of it",
        "the third quarter",
        Goal(10, True, "MB"),
        in_the_second_half,
    ),
)
