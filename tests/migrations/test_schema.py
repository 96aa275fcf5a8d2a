"""Models and migrations: one schema, on both databases, up and down."""

from collections.abc import Mapping
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import app.access.models
import app.content.models
import app.delivery.models
import app.partners.models  # noqa: F401 - models register themselves
from app.kit.sql import migrations
from app.kit.sql.database import Database
from app.kit.sql.schema import Base
from tests.migrations.paths import ROOT
from tests.migrations.releases import find_previous_number

REVISIONS = [
    script.revision
    for script in reversed(list(ScriptDirectory(str(ROOT / "migrations")).walk_revisions()))
]

# Tables, and columns and indexes as "table.name", that no model has: the next release will use or
# remove them.
UNUSED = frozenset[str]()


def is_used(name: str | None, _kind: str, parents: Mapping[str, str | None]) -> bool:
    """Whether a model has a table, or a part of one."""
    return not {name, f"{parents.get('table_name')}.{name}"} & UNUSED


def differences(database: Database) -> list[Any]:
    """Return the changes that Alembic would make to match the models."""
    with database.engine.connect() as connection:
        options = {"compare_type": True, "include_name": is_used}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, Base.metadata))


def schema(database: Database) -> dict[str, Any]:
    """Return tables with their columns, keys and indexes, as the database reports them."""
    inspector = inspect(database.engine)
    described: dict[str, Any] = {}
    for table in sorted(set(inspector.get_table_names()) - {"alembic_version"} - UNUSED):
        columns = [
            (column["name"], str(column["type"]), column["nullable"])
            for column in inspector.get_columns(table)
            if f"{table}.{column['name']}" not in UNUSED
        ]
        indexes = [
            (index["name"], index["column_names"], index["unique"])
            for index in inspector.get_indexes(table)
            if f"{table}.{index['name']}" not in UNUSED
        ]
        foreign = [(f["name"], f["options"]) for f in inspector.get_foreign_keys(table)]
        key = inspector.get_pk_constraint(table)["constrained_columns"]
        described[table] = (columns, key, sorted(indexes, key=str), sorted(foreign, key=str))
    return described


def test_models_and_migrations_agree(migrated: Database) -> None:
    assert differences(migrated) == []


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_models_work_with_the_schema_of_the_previous_release(migrated: Database) -> None:
    migrations.downgrade(migrated, find_previous_number())
    kinds = [difference[0] for difference in differences(migrated)]
    assert not {"add_table", "add_column"}.intersection(kinds), "use it from the next release on"


def test_models_and_migrations_create_identical_schemas(
    migrated: Database, empty: Database
) -> None:
    Base.metadata.create_all(empty.engine)
    assert schema(empty) == schema(migrated)


def test_every_model_has_a_table_and_every_table_a_model(migrated: Database) -> None:
    assert set(schema(migrated)) == set(Base.metadata.tables)


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_revision_can_be_upgraded_downgraded_and_upgraded_again(
    empty: Database, revision: str
) -> None:
    below = REVISIONS[REVISIONS.index(revision) - 1] if revision != REVISIONS[0] else "base"
    migrations.upgrade(empty, revision)
    first = schema(empty)
    assert migrations.find_current(empty) == revision
    migrations.downgrade(empty, below)
    assert migrations.find_current(empty) == (None if below == "base" else below)
    migrations.upgrade(empty, revision)
    assert schema(empty) == first


def test_a_full_downgrade_leaves_no_tables(migrated: Database) -> None:
    migrations.downgrade(migrated, "base")
    assert schema(migrated) == {}
    migrations.upgrade(migrated)
    assert differences(migrated) == []


def test_migrating_an_up_to_date_database_changes_nothing(migrated: Database) -> None:
    before = schema(migrated), _secret(migrated)
    migrations.upgrade(migrated)
    assert (schema(migrated), _secret(migrated)) == before


def test_each_deployment_gets_its_own_secret(migrated: Database, empty: Database) -> None:
    migrations.upgrade(empty)
    assert len(_secret(empty)) >= 40
    assert _secret(empty) != _secret(migrated)


def test_keys_sort_by_bytes_on_both_databases(migrated: Database) -> None:
    slugs = ["a-b", "aa", "a", "é", "b", "ب", "a-b-c", "日本", "z"]
    insert = text(
        "INSERT INTO sources (id, slug, name, version, created_at, modified_at)"
        " VALUES (:slug, :slug, 'n', 1, 0, 0)"
    )
    with migrated.engine.begin() as connection:
        connection.execute(insert, [{"slug": slug} for slug in slugs])
        rows = connection.execute(text("SELECT slug FROM sources ORDER BY slug")).scalars()
        assert list(rows) == sorted(slugs, key=str.encode)


def _secret(database: Database) -> str:
    with database.engine.connect() as connection:
        value: str = connection.execute(text("SELECT value FROM secrets")).scalar_one()
        return value
