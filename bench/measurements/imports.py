"""Stories in: how fast, and in how much memory."""

from bench.compare import Comparison, in_turns
from bench.importing import bare_rate, import_archive, remove_database
from bench.measurement import Goal, Measurement, Outcome, outcome_of
from bench.setup import Stage

_FRACTION = 4


def against_bare_rows(stage: Stage) -> Outcome:
    """Compare an import with writing the rows that it leaves by `executemany`."""
    again = stage.folder / "again.db"
    bare = stage.folder / "bare.db"
    rates = in_turns(
        lambda: import_archive(stage.corpus, again).rate,
        lambda: bare_rate(stage.imported, bare),
        stage.plan.imports,
    )
    remove_database(again)
    return outcome_of(Comparison(*rates), "stories/s")


def memory(stage: Stage) -> Outcome:
    """Compare the memory of an import with that of one a quarter as long."""
    small = stage.corpus_of(stage.plan.stories // _FRACTION)
    database = stage.folder / "small.db"
    left = stage.imported.peak_bytes / 2**20
    right = import_archive(small, database).peak_bytes / 2**20
    remove_database(database)
    note = f"{stage.plan.stories:,} stories against {small.stories:,}"
    return Outcome(left / right, left, right, "MB", notes=(note,))


MEASUREMENTS = (
    Measurement("import", "import", "bare executemany", Goal(0.35), against_bare_rows),
    Measurement(
        "import-memory",
        "import, memory",
        "a quarter of the stories",
        Goal(1.1, at_most=True),
        memory,
    ),
)
