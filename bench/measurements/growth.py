"""A hundred times as many stories, which should make no list and no story slower."""

from collections.abc import Callable, Sequence
from functools import partial

from app.delivery.rendering import PAIR_FIELDS, SINGLE_FIELDS, join_fields
from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome, outcome_of_load
from bench.setup import Stage
from bench.workload import in_many_forms, queries_of, sizes_asked, some_stories

_STORIES = 1_000


def headlines(stage: Stage) -> Outcome:
    """Compare the latest stories of both archives."""
    paths = in_many_forms("")
    large = stage.large
    rate, size = large.stories / large.seconds, large.bytes / 2**30
    note = f"{large.stories:,} stories take {size:.1f} GB; generated at {rate:,.0f} per second"
    return _compared(stage, [paths, paths], note)


def filtered(stage: Stage, field: str) -> Outcome:
    """Compare lists of medium and of rare values, each as frequent as its archive has them."""
    paths = [in_many_forms(*queries_of(archive, field)) for archive in (stage.large, stage.small)]
    sizes = [sizes_asked(archive, field) for archive in (stage.large, stage.small)]
    listed = " against ".join(f"{least:,} to {most:,}" for least, most in sizes)
    return _compared(stage, paths, f"lists of {listed} stories")


def articles(stage: Stage) -> Outcome:
    """Compare stories from all over both archives, none of them read for the first time."""
    paths = [some_stories(archive.database, _STORIES) for archive in (stage.large, stage.small)]
    for server, asked in zip(stage.both, paths, strict=True):
        for path in asked:
            server.get(path)
    return _compared(stage, paths)


def _compared(stage: Stage, paths: Sequence[tuple[str, ...]], *notes: str) -> Outcome:
    targets = (Target(server, asked) for server, asked in zip(stage.both, paths, strict=True))
    return outcome_of_load(stage.compare(*targets), *notes)


_GOAL = Goal(0.8)


def _measurement(name: str, what: str, run: Callable[[Stage], Outcome]) -> Measurement:
    return Measurement(f"large-{name}", f"1,000,000 stories: {what}", "10,000 stories", _GOAL, run)


def _label(field: str) -> str:
    return field.replace("+", " and ")


MEASUREMENTS = (
    _measurement("headlines", "headlines", headlines),
    *(
        _measurement(field.replace("+", "-"), _label(field), partial(filtered, field=field))
        for field in (*SINGLE_FIELDS, *map(join_fields, PAIR_FIELDS))
    ),
    _measurement("article", "one article", articles),
)
