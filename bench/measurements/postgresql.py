"""PostgreSQL: a list that is computed for each request, and publishing."""

from dataclasses import replace
from functools import cache
from statistics import median

from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome, build_load_outcome
from bench.measurements.creating import Client
from bench.measurements.publishing import Publications, measure_reads_while_publishing
from bench.setup import BenchmarkSetup
from bench.workload import vary_queries

_FORMS = vary_queries("")


def against_handwritten(stage: BenchmarkSetup) -> Outcome:
    """Compare headlines with asyncpg and orjson on raw ASGI."""
    with (
        stage.dateline(database=stage.postgres.dateline) as dateline,
        stage.by_hand(stage.postgres.idiomatic) as by_hand,
    ):
        compared = stage.compare(Target(dateline, _FORMS), Target(by_hand, _FORMS))
    return build_load_outcome(compared)


def against_idiomatic(stage: BenchmarkSetup) -> Outcome:
    """Compare headlines with the idiomatic version."""
    with (
        stage.dateline(database=stage.postgres.dateline) as dateline,
        stage.idiomatic(stage.postgres.idiomatic) as idiomatic,
    ):
        compared = stage.compare(Target(dateline, _FORMS), Target(idiomatic, ("/headlines",)))
    return build_load_outcome(compared)


def creating(stage: BenchmarkSetup) -> Outcome:
    """Compare creating a published story with the idiomatic version."""
    database, key = stage.postgres.live()
    with (
        stage.dateline(None, database) as dateline,
        stage.idiomatic(stage.postgres.idiomatic_copy()) as idiomatic,
    ):
        left = Client(stage, dateline, key)
        right = Client(stage, idiomatic, path="/articles")
        left.create()
        right.create()
        compared = stage.take_turns(left.create, right.create)
    return build_load_outcome(compared)


def publications(stage: BenchmarkSetup) -> Outcome:
    """Return the median time of publications during reads by others."""
    measured = _measure(stage)
    half, slow = (
        median(measured.seconds) * 1000,
        measured.seconds[len(measured.seconds) * 99 // 100] * 1000,
    )
    slowest = measured.seconds[-1] * 1000
    note = f"{len(measured.seconds):,} publications, the slowest in {slowest:.0f} ms"
    return Outcome(half, half, slow, "ms", notes=(note,), is_complete=measured.is_complete)


def reads(stage: BenchmarkSetup) -> Outcome:
    """Compare these reads with the same reads without publications."""
    measured = _measure(stage)
    return replace(
        build_load_outcome(measured.reads, measured.note), is_complete=measured.is_complete
    )


@cache
def _measure(stage: BenchmarkSetup) -> Publications:
    database, key = stage.postgres.live()
    with stage.dateline(None, database) as server:
        return measure_reads_while_publishing(stage, server, key)


MEASUREMENTS = (
    Measurement(
        "postgresql-by-hand",
        "headlines, cache off, on PostgreSQL",
        "raw ASGI with asyncpg and orjson",
        Goal(0.6),
        against_handwritten,
    ),
    Measurement(
        "postgresql-idiomatic",
        "headlines, cache off, on PostgreSQL",
        "idiomatic version on PostgreSQL",
        Goal(5),
        against_idiomatic,
    ),
    Measurement(
        "postgresql-create",
        "creating a published story, one client, on PostgreSQL",
        "idiomatic version on PostgreSQL",
        Goal(0.5),
        creating,
    ),
    Measurement(
        "postgresql-publish-time",
        "publication latency during reads on PostgreSQL, p50",
        "p99",
        Goal(10, at_most=True, unit="ms"),
        publications,
    ),
    Measurement(
        "postgresql-reads-publishing",
        "reads during 50 publications/s, on PostgreSQL",
        "reads without writes",
        None,
        reads,
    ),
)
