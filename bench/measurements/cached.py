"""Answers that are kept in memory: sent again, or not sent because the reader has them."""

from collections.abc import Mapping

from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome, outcome_of_load
from bench.setup import Stage
from bench.workload import HEADLINES, some_stories

_GZIP = {"Accept-Encoding": "gzip"}


def headlines(stage: Stage) -> Outcome:
    """Compare the list that every front page asks for with sending its bytes."""
    return _against_floor(stage, HEADLINES, {})


def headlines_unchanged(stage: Stage) -> Outcome:
    """Compare a 304 with sending its headers."""
    with stage.dateline(cache_bytes=None) as dateline:
        tag = dateline.get(HEADLINES).header("etag")
    assert tag is not None
    return _against_floor(stage, HEADLINES, {"If-None-Match": tag})


def article_in_gzip(stage: Stage) -> Outcome:
    """Compare one story, packed once, with sending its packed bytes."""
    (path,) = some_stories(stage.imported.database, 1)
    return _against_floor(stage, path, _GZIP)


def _against_floor(stage: Stage, path: str, headers: Mapping[str, str]) -> Outcome:
    with stage.dateline(cache_bytes=None) as dateline:
        answer = dateline.get(path, headers)
        with stage.floor(answer) as floor:
            compared = stage.compare(
                Target(dateline, (path,), dict(headers)), Target(floor, (path,), dict(headers))
            )
    return outcome_of_load(compared)


MEASUREMENTS = (
    Measurement("cached-headlines", "headlines, in the cache", "floor", Goal(1.2), headlines),
    Measurement("cached-304", "headlines, 304", "floor", Goal(1.2), headlines_unchanged),
    Measurement(
        "cached-article", "one article, in the cache, gzip", "floor", Goal(1.3), article_in_gzip
    ),
)
