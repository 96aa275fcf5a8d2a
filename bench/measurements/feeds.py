"""Feeds, compared with the same stories as JSON."""

from functools import partial

from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome, build_load_outcome
from bench.setup import BenchmarkSetup
from bench.workload import vary_queries

_LIST = vary_queries("include=body&limit=50", path="/v1/articles")
_FORMATS = ("rss", "atom")


def render_feed(ext: str, stage: BenchmarkSetup) -> Outcome:
    """Compare a feed of fifty stories with bodies with the list of the same stories."""
    paths = vary_queries("limit=50", path=f"/feeds/latest.{ext}")
    with stage.dateline() as dateline:
        compared = stage.compare(Target(dateline, paths), Target(dateline, _LIST))
    return build_load_outcome(compared)


MEASUREMENTS = tuple(
    Measurement(
        f"feed-{ext}",
        f"{ext} of 50 stories, cache off",
        "JSON of the same 50",
        Goal(0.3),
        partial(render_feed, ext),
    )
    for ext in _FORMATS
)
