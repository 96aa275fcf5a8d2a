"""Cached responses: sent again, or not sent because the client has them."""

from collections.abc import Mapping

from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome, build_load_outcome
from bench.setup import BenchmarkSetup
from bench.workload import HEADLINES, sample_story_paths

_GZIP = {"Accept-Encoding": "gzip"}


def headlines(stage: BenchmarkSetup) -> Outcome:
    """Compare the list of a typical front page with sending its bytes."""
    return _against_floor(stage, HEADLINES, {})


def headlines_unchanged(stage: BenchmarkSetup) -> Outcome:
    """Compare a 304 with sending its headers."""
    with stage.dateline(cache_bytes=None) as dateline:
        tag = dateline.get(HEADLINES).header("etag")
    assert tag is not None
    return _against_floor(stage, HEADLINES, {"If-None-Match": tag})


def article_in_gzip(stage: BenchmarkSetup) -> Outcome:
    """Compare one compressed story with sending its compressed bytes."""
    (path,) = sample_story_paths(stage.imported.database, 1)
    return _against_floor(stage, path, _GZIP)


def _against_floor(stage: BenchmarkSetup, path: str, headers: Mapping[str, str]) -> Outcome:
    with stage.dateline(cache_bytes=None) as dateline:
        answer = dateline.get(path, headers)
        with stage.floor(answer) as floor:
            compared = stage.compare(
                Target(dateline, (path,), dict(headers)), Target(floor, (path,), dict(headers))
            )
    return build_load_outcome(compared)


MEASUREMENTS = (
    Measurement("cached-headlines", "headlines, in the cache", "floor", Goal(1.2), headlines),
    Measurement("cached-304", "headlines, 304", "floor", Goal(1.2), headlines_unchanged),
    Measurement(
        "cached-article", "one article, in the cache, gzip", "floor", Goal(1.3), article_in_gzip
    ),
)
