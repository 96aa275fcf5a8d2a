"""Feeds, compared with the same stories as JSON."""

from functools import partial

from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome, outcome_of_load
from bench.setup import Stage
from bench.workload import in_many_forms

_LIST = in_many_forms("include=body&limit=50", path="/v1/articles")
_FORMATS = ("rss", "atom")


def written(ext: str, stage: Stage) -> Outcome:
    """Compare a feed of fifty stories, bodies and all, with the list of the same fifty."""
    paths = in_many_forms("limit=50", path=f"/feeds/latest.{ext}")
    with stage.dateline() as dateline:
        compared = stage.compare(Target(dateline, paths), Target(dateline, _LIST))
    return outcome_of_load(compared)


MEASUREMENTS = tuple(
    Measurement(
        f"feed-{ext}",
        f"{ext} of 50 stories, cache off",
        "JSON of the same 50",
        Goal(0.3),
        partial(written, ext),
    )
    for ext in _FORMATS
)
