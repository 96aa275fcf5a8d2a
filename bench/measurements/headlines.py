"""The list that every front page asks for, computed for each request."""

from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome, outcome_of_load
from bench.setup import Stage
from bench.workload import in_many_forms

_FORMS = in_many_forms("")


def against_floor(stage: Stage) -> Outcome:
    """Compare it with sending its bytes, which is the least that can be done."""
    with stage.dateline() as dateline, stage.floor(dateline.get(_FORMS[0])) as floor:
        compared = stage.compare(Target(dateline, _FORMS), Target(floor, _FORMS))
    return outcome_of_load(compared)


def of_a_category(stage: Stage) -> Outcome:
    """Compare a category with all below it with the list of everything."""
    paths = in_many_forms(f"category={stage.corpus.section}")
    with stage.dateline() as dateline:
        compared = stage.compare(Target(dateline, paths), Target(dateline, _FORMS))
    return outcome_of_load(compared)


def against_idiomatic(stage: Stage) -> Outcome:
    """Compare it with the version that a reader would write by hand."""
    with stage.dateline() as dateline, stage.idiomatic() as idiomatic:
        compared = stage.compare(Target(dateline, _FORMS), Target(idiomatic, ("/headlines",)))
    return outcome_of_load(compared)


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
