"""Feeds: sent again from memory, and written anew beside the same stories as JSON."""

from functools import partial

from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome, outcome_of_load
from bench.questions import in_many_forms
from bench.stage import Stage

_LIST = in_many_forms("include=body&limit=50", path="/v1/articles")
_FORMATS = ("rss", "atom")


def cached(stage: Stage) -> Outcome:
    """Compare a feed in the cache with sending its bytes."""
    path = "/feeds/latest.rss"
    with stage.dateline(cache_bytes=None) as dateline, stage.floor(dateline.get(path)) as floor:
        compared = stage.compare(Target(dateline, (path,)), Target(floor, (path,)))
    return outcome_of_load(compared)


def written(ext: str, stage: Stage) -> Outcome:
    """Compare a feed of fifty stories, bodies and all, with the list of the same fifty."""
    paths = in_many_forms("limit=50", path=f"/feeds/latest.{ext}")
    with stage.dateline() as dateline:
        compared = stage.compare(Target(dateline, paths), Target(dateline, _LIST))
    return outcome_of_load(compared)


MEASUREMENTS = (
    Measurement("feed-cached", "a feed, in the cache", "floor", Goal(0.85), cached),
    *(
        Measurement(
            f"feed-{ext}",
            f"{ext} of 50 stories, cache off",
            "JSON of the same 50",
            Goal(0.3),
            partial(written, ext),
        )
        for ext in _FORMATS
    ),
)
