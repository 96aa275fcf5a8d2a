"""A hundred times as many stories, which should not slow down lists and stories."""

from collections.abc import Callable, Sequence
from functools import partial

from app.delivery.rendering import PAIR_FIELDS, PUBLIC_FIELDS, join_fields
from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome, build_load_outcome
from bench.setup import BenchmarkSetup
from bench.workload import query_sizes, sample_story_paths, select_queries, vary_queries

_STORIES = 1_000


def headlines(stage: BenchmarkSetup) -> Outcome:
    """Compare the latest stories of both archives."""
    paths = vary_queries("")
    large = stage.large
    rate, size = large.stories / large.seconds, large.bytes / 2**30
    note = f"{large.stories:,} stories take {size:.1f} GB; generated at {rate:,.0f} per second"
    return _compare(stage, [paths, paths], note)


def compare_filtered(stage: BenchmarkSetup, field: str) -> Outcome:
    """Compare lists of medium and of rare values, as frequent as in each archive."""
    paths = [
        vary_queries(*select_queries(archive, field)) for archive in (stage.large, stage.small)
    ]
    sizes = [query_sizes(archive, field) for archive in (stage.large, stage.small)]
    listed = " against ".join(f"{least:,} to {most:,}" for least, most in sizes)
    return _compare(stage, paths, f"lists of {listed} stories")


def articles(stage: BenchmarkSetup) -> Outcome:
    """Compare stories from all over both archives, after a first read."""
    paths = [
        sample_story_paths(archive.database, _STORIES) for archive in (stage.large, stage.small)
    ]
    for server, server_paths in zip(stage.both, paths, strict=True):
        for path in server_paths:
            server.get(path)
    return _compare(stage, paths)


def _compare(stage: BenchmarkSetup, paths: Sequence[tuple[str, ...]], *notes: str) -> Outcome:
    targets = (
        Target(server, server_paths) for server, server_paths in zip(stage.both, paths, strict=True)
    )
    return build_load_outcome(stage.compare(*targets), *notes)


_GOAL = Goal(0.8)


def _measurement(name: str, what: str, run: Callable[[BenchmarkSetup], Outcome]) -> Measurement:
    return Measurement(f"large-{name}", f"1,000,000 stories: {what}", "10,000 stories", _GOAL, run)


def _label(field: str) -> str:
    return field.replace("+", " and ")


MEASUREMENTS = (
    _measurement("headlines", "headlines", headlines),
    *(
        _measurement(field.replace("+", "-"), _label(field), partial(compare_filtered, field=field))
        for field in (*PUBLIC_FIELDS, *map(join_fields, PAIR_FIELDS))
    ),
    _measurement("article", "one article", articles),
)
