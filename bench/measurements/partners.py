"""Lists of partners, which contain the stories that their products grant."""

import shutil
from dataclasses import replace
from pathlib import Path

from bench.agreements import sign_partners
from bench.archive import without_indexing
from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome, build_load_outcome
from bench.publisher import copy_file
from bench.servers import Database, Server
from bench.setup import BenchmarkSetup
from bench.workload import HEADLINES, vary_queries

_FORMS = vary_queries("")
_FEW, _MANY = 10, 1_000


def compare_cached(stage: BenchmarkSetup) -> Outcome:
    """Compare a partner's list with sending its bytes."""
    database = copy_archive(stage, stage.imported.database)
    (key,) = sign_partners(database, 1)
    headers = {"Authorization": f"Bearer {key}"}
    with (
        stage.dateline(None, database) as dateline,
        stage.floor(dateline.get(HEADLINES, headers)) as floor,
    ):
        listed = (HEADLINES,)
        compared = stage.compare(Target(dateline, listed, headers), Target(floor, listed, headers))
    return build_load_outcome(compared)


def five_products(stage: BenchmarkSetup) -> Outcome:
    """Compare the list of five products with that of an anonymous reader."""
    database = copy_archive(stage, stage.imported.database)
    keys = sign_partners(database, 1)
    with stage.dateline(database=database) as dateline:
        return _compare_with_anonymous(stage, dateline, keys)


def five_products_on_postgresql(stage: BenchmarkSetup) -> Outcome:
    """Compare the same on PostgreSQL."""
    database, _ = stage.postgres.live("read")
    keys = sign_partners(database, 1)
    with stage.dateline(database=database) as dateline:
        return _compare_with_anonymous(stage, dateline, keys)


def _compare_with_anonymous(
    stage: BenchmarkSetup, dateline: Server, keys: tuple[str, ...]
) -> Outcome:
    open_to_all = Target(dateline, _FORMS)
    return build_load_outcome(stage.compare(replace(open_to_all, keys=keys), open_to_all))


def many_partners(stage: BenchmarkSetup) -> Outcome:
    """Compare a thousand partners with ten on the same large archive."""
    database = copy_archive(stage, stage.large.database)
    keys = sign_partners(database, _MANY)
    with (
        without_indexing(Path(str(database.search_path))),
        stage.dateline(database=database) as dateline,
    ):
        many = Target(dateline, _FORMS, keys=keys)
        compared = stage.compare(many, replace(many, keys=keys[:_FEW]))
    return build_load_outcome(compared)


def copy_archive(stage: BenchmarkSetup, source: Path) -> Database:
    """Return a copy of an SQLite database that may be written to, with its search index if any.

    Otherwise the server would build the index while its first rounds are measured.
    """
    copy = stage.folder / f"partners-{source.parent.name}-{source.name}"
    index, own = Path(f"{source}.search"), Path(f"{copy}.search")
    if copy.exists():
        copy.unlink()
        shutil.rmtree(own, ignore_errors=True)
    copy_file(source, copy)
    if index.exists():
        shutil.copytree(index, own)
    return Database(f"sqlite:///{copy}", own)


MEASUREMENTS = (
    Measurement(
        "partner-cached", "a partner's headlines, in the cache", "floor", Goal(0.8), compare_cached
    ),
    Measurement(
        "partner-products",
        "headlines of five products, cache off",
        "headlines, cache off",
        Goal(0.7),
        five_products,
    ),
    Measurement(
        "partner-products-postgresql",
        "headlines of five products, cache off, on PostgreSQL",
        "headlines, cache off, on PostgreSQL",
        Goal(0.7),
        five_products_on_postgresql,
    ),
    Measurement(
        "partner-many",
        "1,000 partners with five products each, 1,000,000 stories",
        "10 partners",
        Goal(0.8),
        many_partners,
    ),
)
