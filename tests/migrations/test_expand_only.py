"""From the first release on, code runs on the schema of the release before it, and after it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Integer, create_engine, inspect, text

from app.kit.sql import migrations
from app.kit.sql.database import Database
from tests.migrations.places import ROOT
from tests.migrations.releases import contract_flaws, name_flaws, number_of, schemas
from tests.migrations.test_schema import REVISIONS

_SCRIPTS = ScriptDirectory(str(ROOT / "migrations"))
_RELEASES = {"0.1.0": "0008", "0.2.0": "0010", "0.3.0": "0010"}


@dataclass(frozen=True, slots=True)
class Table:
    """What code of another release sees of a table.

    `columns` have a type, and whether they take null and have a default; `rules` are what the
    database refuses.
    """

    columns: dict[str, tuple[str, bool, bool]]
    rules: frozenset[str]


def tables(connection: Connection) -> dict[str, Table]:
    found = inspect(connection)
    return {name: _table(found, name) for name in found.get_table_names()}


def _table(found: Any, name: str) -> Table:
    columns = {
        column["name"]: (str(column["type"]), column["nullable"], column["default"] is not None)
        for column in found.get_columns(name)
    }
    rules = [
        found.get_pk_constraint(name),
        *found.get_foreign_keys(name),
        *found.get_check_constraints(name),
        *found.get_unique_constraints(name),
        *(index for index in found.get_indexes(name) if index["unique"]),
    ]
    return Table(columns, frozenset(str(rule) for rule in rules))


def expand_flaws(before: dict[str, Table], after: dict[str, Table]) -> list[str]:
    """Say what code that was written for the tables before cannot bear in those after."""
    found = [f"{name} is dropped" for name in before.keys() - after.keys()]
    for name in before.keys() & after.keys():
        old, new = before[name].columns, after[name].columns
        found += [f"{name}.{column} is dropped" for column in old.keys() - new.keys()]
        for column, (kind, takes_null, has_default) in new.items():
            was_kind, took_null, had_default = old.get(column, (kind, False, False))
            if column not in old and not takes_null and not has_default:
                found.append(f"{name}.{column} needs a value")
            if was_kind != kind or (took_null and not takes_null) or (had_default > has_default):
                found.append(f"{name}.{column} is changed")
        if after[name].rules - before[name].rules:
            found.append(f"{name} has a new rule")
    return found


def migration_flaws(database: Database, revision: str) -> list[str]:
    """Bring a database up to a revision, and say what the release before cannot bear in it."""
    script = _SCRIPTS.get_revision(revision)
    contract = getattr(script.module, "contract", None)
    with database.engine.connect() as connection:
        before = tables(connection)
    migrations.upgrade(database, revision)
    found = name_flaws(revision, schemas())
    if contract is not None:
        return found + contract_flaws(revision, contract, schemas())
    with database.engine.connect() as connection:
        found += expand_flaws(before, tables(connection))
    if "op.execute(" in Path(script.path).read_text(encoding="utf-8"):
        found.append("rows are changed: a command or the worker does that, in batches")
    return found


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_the_release_before_can_bear_each_migration(empty: Database) -> None:
    first = min(schemas().values())
    migrations.upgrade(empty, first)
    later = [revision for revision in REVISIONS if number_of(revision) > first]
    assert [flaw for revision in later for flaw in migration_flaws(empty, revision)] == []


def _required(**options: Any) -> Column[int]:
    return Column("new", Integer, nullable=False, **options)


def _alter(operations: Any, **options: Any) -> None:
    with operations.batch_alter_table("story") as batch:
        batch.alter_column("title", **options)


def _check(operations: Any) -> None:
    with operations.batch_alter_table("story") as batch:
        batch.create_check_constraint("short", "length(title) < 9")


@pytest.mark.parametrize(
    ("change", "flaws"),
    [
        (lambda op: op.create_table("new", Column("id", Integer, primary_key=True)), []),
        (lambda op: op.create_index("ix_story_title", "story", ["title"]), []),
        (lambda op: op.add_column("story", Column("new", Integer)), []),
        (lambda op: op.add_column("story", _required(server_default="0")), []),
        (lambda op: op.add_column("story", _required()), ["story.new needs a value"]),
        (lambda op: op.drop_table("story"), ["story is dropped"]),
        (lambda op: op.drop_column("story", "title"), ["story.title is dropped"]),
        (lambda op: op.rename_table("story", "text"), ["story is dropped"]),
        (lambda op: _alter(op, new_column_name="name"), ["story.title is dropped"]),
        (lambda op: _alter(op, type_=Integer), ["story.title is changed"]),
        (lambda op: _alter(op, nullable=False), ["story.title is changed"]),
        (lambda op: _alter(op, server_default=None), ["story.title is changed"]),
        (lambda op: op.create_index("u", "story", ["id"], unique=True), ["story has a new rule"]),
        (_check, ["story has a new rule"]),
    ],
)
def test_a_migration_may_add_only(change: Callable[[Any], object], flaws: list[str]) -> None:
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("CREATE TABLE story (id INTEGER, title VARCHAR DEFAULT 'x')"))
        before = tables(connection)
        change(Operations(MigrationContext.configure(connection)))
        assert expand_flaws(before, tables(connection)) == flaws


def test_a_revision_names_the_release_before() -> None:
    right = ["0001", "0008", "0009_from_0008", "0010_from_0008", "0011_from_0010"]
    assert [flaw for revision in right for flaw in name_flaws(revision, _RELEASES)] == []
    for revision in ("0009", "0010_from_0009", "0011_from_0008"):
        assert name_flaws(revision, _RELEASES)


def test_what_a_release_has_stopped_using_is_dropped_by_the_next() -> None:
    assert contract_flaws("0011_from_0010", "0.2.0", _RELEASES) == []
    assert contract_flaws("0009_from_0008", "0.1.0", _RELEASES) == []
    assert "no release before" in contract_flaws("0010_from_0008", "0.2.0", _RELEASES)[0]
    assert "no release before" in contract_flaws("0011_from_0010", "0.4.0", _RELEASES)[0]
    assert "taken for it" in contract_flaws("0011_from_0010", "0.3.0", _RELEASES)[0]
