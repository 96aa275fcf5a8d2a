"""Imports: their speed and their memory."""

from bench.compare import Comparison, compare_in_turns
from bench.importing import import_archive, measure_raw_rate, remove_database
from bench.measurement import Goal, Measurement, Outcome, build_outcome
from bench.setup import BenchmarkSetup

_FRACTION = 4


def against_bare_rows(stage: BenchmarkSetup) -> Outcome:
    """Compare an import with writing the resulting rows by `executemany`."""
    again = stage.folder / "again.db"
    bare = stage.folder / "bare.db"
    rates = compare_in_turns(
        lambda: import_archive(stage.corpus, again).rate,
        lambda: measure_raw_rate(stage.imported, bare),
        stage.plan.imports,
    )
    remove_database(again)
    return build_outcome(Comparison(*rates), "stories/s")


def memory(stage: BenchmarkSetup) -> Outcome:
    """Compare the memory of an import with that of an import a quarter as long."""
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
