"""Readers while editors publish, and the same readers while nobody does."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from statistics import median

from bench.corpus import SEED
from bench.load import LoadError, Round, Target
from bench.measurement import Goal, Measurement, Outcome, outcome_of_load
from bench.measurements.articles import some_stories
from bench.publisher import Publisher, copy_database, endless_stories, make_key
from bench.questions import HEADLINES
from bench.servers import Server
from bench.stage import Stage
from bench.world import NEWSROOM, make_world

_RATE = 50
# Publishers who get so much of it through have published as many as was asked for.
_ENOUGH = 0.95
_CATEGORIES = 20
_STORIES = 200
_SETTLE_SECONDS = 0.5
# What a round takes beside its reads, at most.
_BETWEEN_SECONDS = 10
_LONGER = 2


def while_publishing(stage: Stage) -> Outcome:
    """Compare reads beside 50 new stories a second with the same reads alone."""
    publishers: list[Publisher] = []
    with _live(stage) as (dateline, publishing):
        target = Target(dateline, _mix(stage))

        def alone() -> Round:
            return stage.load(target, stage.plan.seconds * _LONGER)

        def beside() -> Round:
            with publishing() as publisher:
                publishers.append(publisher)
                time.sleep(_SETTLE_SECONDS)
                return alone()

        stage.warm_up(target)
        compared = stage.take_turns(beside, alone)
    outcome = outcome_of_load(compared, _note(publishers))
    return replace(outcome, as_asked=_rate(publishers) >= _ENOUGH * _RATE)


@contextmanager
def _live(stage: Stage) -> Iterator[tuple[Server, Callable[[], Publisher]]]:
    """Serve a copy of the archive, as deployed; yield what makes a publisher for it."""
    database = stage.folder / "live.db"
    copy_database(stage.imported.database, database)
    key, stories = make_key(database), _written_before(stage)
    with stage.dateline(cache_bytes=None, database=database) as dateline:
        yield dateline, lambda: Publisher(dateline, key, stories, _RATE)


def _written_before(stage: Stage) -> Iterator[bytes]:
    """Return stories enough for all rounds: to make one takes time that the server wants."""
    seconds = stage.plan.rounds * (stage.plan.seconds * _LONGER + _BETWEEN_SECONDS)
    return iter(list(islice(endless_stories(), int(seconds * _RATE))))


def _mix(stage: Stage) -> tuple[str, ...]:
    """Return a third headlines, a third lists of categories, a third stories, well mixed."""
    categories = make_world(NEWSROOM, SEED).categories.items[:_CATEGORIES]
    lists = [f"{HEADLINES}?category={line['slug']}" for line in categories]
    stories = some_stories(stage.imported.database, _STORIES)
    paths = [HEADLINES] * _STORIES + lists * (_STORIES // _CATEGORIES) + list(stories)
    random.Random(SEED).shuffle(paths)
    return tuple(paths)


def _rate(publishers: list[Publisher]) -> float:
    """Return how many stories a second were published."""
    return median(one.rate for one in publishers)


def _note(publishers: list[Publisher]) -> str:
    refused = sum(one.refused for one in publishers)
    if refused:
        raise LoadError(f"{refused} stories were not published.")
    seconds = sorted(seconds for one in publishers for _, seconds in one.answers)
    slow = seconds[len(seconds) * 99 // 100]
    return (
        f"{_rate(publishers):.1f} of {_RATE} stories a second were published, half of them in "
        f"{median(seconds) * 1000:.0f} ms, 99 of 100 in {slow * 1000:.0f} ms"
    )


MEASUREMENTS = (
    Measurement(
        "reads-publishing",
        "reads while 50 stories a second are published",
        "the same reads with no writes",
        Goal(0.6),
        while_publishing,
    ),
)
