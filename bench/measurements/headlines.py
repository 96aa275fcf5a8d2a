"""The list of a typical front page, computed for each request."""

from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome, build_load_outcome
from bench.setup import BenchmarkSetup
from bench.workload import vary_queries

_FORMS = vary_queries("")


def against_floor(stage: BenchmarkSetup) -> Outcome:
    """Compare with sending its bytes, the minimum of work."""
    with stage.dateline() as dateline, stage.floor(dateline.get(_FORMS[0])) as floor:
        compared = stage.compare(Target(dateline, _FORMS), Target(floor, _FORMS))
    return build_load_outcome(compared)


def of_a_category(stage: BenchmarkSetup) -> Outcome:
    """Compare a category and its descendants with the list of everything."""
    paths = vary_queries(f"category={stage.corpus.section}")
    with stage.dateline() as dateline:
        compared = stage.compare(Target(dateline, paths), Target(dateline, _FORMS))
    return build_load_outcome(compared)


def against_idiomatic(stage: BenchmarkSetup) -> Outcome:
    """Compare with the idiomatic version."""
    with stage.dateline() as dateline, stage.idiomatic() as idiomatic:
        compared = stage.compare(Target(dateline, _FORMS), Target(idiomatic, ("/headlines",)))
    return build_load_outcome(compared)


MEASUREMENTS = (
    Measurement("headlines-floor", "headlines, cache off", "floor", Goal(0.18), against_floor),
    Measurement(
        "headlines-category",
        "headlines by category, cache off",
        "headlines, cache off",
        Goal(0.85),
        of_a_category,
    ),
    Measurement(
        "headlines-idiomatic",
        "headlines, cache off",
        "idiomatic version",
        Goal(25),
        against_idiomatic,
    ),
)
