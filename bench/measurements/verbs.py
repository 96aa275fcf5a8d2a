"""A verb on a story over HTTP, and the least that any write costs: one row, committed."""

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median

from bench import servers
from bench.compare import Comparison, in_turns
from bench.desk import Desk, desk
from bench.measurement import Goal, Measurement, Outcome, outcome_of
from bench.postgres import connect, postgres
from bench.publisher import copy_database, make_key
from bench.stage import Stage

# Lives in each round; each has several verbs.
_LIVES = 10
_ROWS = 60
_ON_POSTGRESQL = 500
_ROW = "x" * 2_000
_TABLE = "CREATE TABLE bench_rows (id BIGINT PRIMARY KEY, text TEXT)"
# What Dateline sets on its own connections.
_PRAGMAS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")


def on_sqlite(stage: Stage) -> Outcome:
    """Compare them on a copy of the archive."""
    database = stage.folder / "verbs.db"
    copy_database(stage.imported.database, database)
    with closing(sqlite3.connect(database, isolation_level=None)) as bare:
        for pragma in _PRAGMAS:
            bare.execute(pragma)
        bare.execute(_TABLE)
        ids = [row[0] for row in bare.execute("SELECT id FROM documents ORDER BY id")]

        def insert(number: int) -> None:
            bare.execute("INSERT INTO bench_rows VALUES (?, ?)", (number, _ROW))

        return _compared(stage, database, ids, insert)


def on_postgresql(stage: Stage) -> Outcome:
    """Compare them on a PostgreSQL with a small archive, as durable as it is by default."""
    archive = stage.corpus_of(_ON_POSTGRESQL).path
    with postgres(archive) as url, closing(connect(url)) as bare:
        bare.execute(_TABLE)
        ids = [row[0] for row in bare.execute("SELECT id FROM documents ORDER BY id")]

        def insert(number: int) -> None:
            bare.execute("INSERT INTO bench_rows VALUES (%s, %s)", (number, _ROW))

        return _compared(stage, url, ids, insert)


def _compared(
    stage: Stage, database: Path | str, ids: list[str], insert: Callable[[int], None]
) -> Outcome:
    key = make_key(database, "admin")
    fresh, numbers = iter(ids), itertools.count()
    with servers.dateline(stage.folder, database) as dateline, desk(dateline, key) as editor:
        editor.live(_next(fresh))
        editor.seconds.clear()
        rounds = in_turns(
            lambda: editor.live(_next(fresh)) * 1000,
            lambda: _median_seconds(insert, numbers) * 1000,
            stage.plan.rounds,
        )
        note = _note(editor)
    outcome = outcome_of(Comparison(*rounds), "ms")
    return Outcome(
        outcome.value,
        outcome.left,
        outcome.right,
        outcome.unit,
        notes=(note,),
        details=outcome.details,
    )


def _next(ids: Iterator[str]) -> list[str]:
    return list(itertools.islice(ids, _LIVES))


def _median_seconds(insert: Callable[[int], None], numbers: Iterator[int]) -> float:
    seen = []
    for number in itertools.islice(numbers, _ROWS):
        began = time.perf_counter()
        insert(number)
        seen.append(time.perf_counter() - began)
    return median(seen)


def _note(editor: Desk) -> str:
    said = (f"{verb} {median(seen) * 1000:.1f}" for verb, seen in editor.seconds.items())
    return f"milliseconds of each verb: {', '.join(said)}"


MEASUREMENTS = (
    Measurement(
        "verb-sqlite",
        "a verb on a story, SQLite",
        "a bare single-row commit",
        Goal(5, at_most=True),
        on_sqlite,
    ),
    Measurement(
        "verb-postgresql",
        "a verb on a story, PostgreSQL",
        "a bare single-row commit",
        Goal(5, at_most=True),
        on_postgresql,
    ),
)
