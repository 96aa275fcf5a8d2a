"""Migrations after the first release are compatible with the previous release."""

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
from tests.migrations.paths import ROOT
from tests.migrations.releases import (
    find_contract_flaws,
    find_name_flaws,
    parse_number,
    read_schemas,
)
from tests.migrations.test_schema import REVISIONS

_SCRIPTS = ScriptDirectory(str(ROOT / "migrations"))
_RELEASES = {"0.1.0": "0008", "0.2.0": "0010", "0.3.0": "0010"}


@dataclass(frozen=True, slots=True)
class Table:
    """The parts of a table that matter to the code of another release.

    `columns` have a type, and whether they are nullable and have a default.
    """

    columns: dict[str, tuple[str, bool, bool]]
    constraints: frozenset[str]


def inspect_tables(connection: Connection) -> dict[str, Table]:
    inspector = inspect(connection)
    return {name: _table(inspector, name) for name in inspector.get_table_names()}


def _table(inspector: Any, name: str) -> Table:
    columns = {
        column["name"]: (str(column["type"]), column["nullable"], column["default"] is not None)
        for column in inspector.get_columns(name)
    }
    constraints = [
        inspector.get_pk_constraint(name),
        *inspector.get_foreign_keys(name),
        *inspector.get_check_constraints(name),
        *inspector.get_unique_constraints(name),
        *(index for index in inspector.get_indexes(name) if index["unique"]),
    ]
    return Table(columns, frozenset(str(constraint) for constraint in constraints))


def find_incompatibilities(before: dict[str, Table], after: dict[str, Table]) -> list[str]:
    """List the differences that break code for the tables before."""
    flaws = [f"{name} is dropped" for name in before.keys() - after.keys()]
    for name in before.keys() & after.keys():
        old, new = before[name].columns, after[name].columns
        flaws += [f"{name}.{column} is dropped" for column in old.keys() - new.keys()]
        for column, (kind, is_nullable, has_default) in new.items():
            was_kind, was_nullable, had_default = old.get(column, (kind, False, False))
            if column not in old and not is_nullable and not has_default:
                flaws.append(f"{name}.{column} needs a value")
            is_stricter = was_nullable > is_nullable or had_default > has_default
            if was_kind != kind or is_stricter:
                flaws.append(f"{name}.{column} is changed")
        if after[name].constraints - before[name].constraints:
            flaws.append(f"{name} has a new constraint")
    return flaws


def find_migration_flaws(database: Database, revision: str) -> list[str]:
    """Migrate a database to a revision, and list the changes that break the previous release."""
    script = _SCRIPTS.get_revision(revision)
    contract = getattr(script.module, "contract", None)
    with database.engine.connect() as connection:
        before = inspect_tables(connection)
    migrations.upgrade(database, revision)
    flaws = find_name_flaws(revision, read_schemas())
    if contract is not None:
        return flaws + find_contract_flaws(revision, contract, read_schemas())
    with database.engine.connect() as connection:
        flaws += find_incompatibilities(before, inspect_tables(connection))
    if "op.execute(" in Path(script.path).read_text(encoding="utf-8"):
        flaws.append("rows are changed: do it in batches, in a command or the worker")
    return flaws


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_each_migration_is_compatible_with_the_previous_release(empty: Database) -> None:
    first = min(read_schemas().values())
    migrations.upgrade(empty, first)
    later = [revision for revision in REVISIONS if parse_number(revision) > first]
    assert [flaw for revision in later for flaw in find_migration_flaws(empty, revision)] == []


def _build_required_column(**options: Any) -> Column[int]:
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
        (lambda op: op.add_column("story", _build_required_column(server_default="0")), []),
        (lambda op: op.add_column("story", _build_required_column()), ["story.new needs a value"]),
        (lambda op: op.drop_table("story"), ["story is dropped"]),
        (lambda op: op.drop_column("story", "title"), ["story.title is dropped"]),
        (lambda op: op.rename_table("story", "text"), ["story is dropped"]),
        (lambda op: _alter(op, new_column_name="name"), ["story.title is dropped"]),
        (lambda op: _alter(op, type_=Integer), ["story.title is changed"]),
        (lambda op: _alter(op, nullable=False), ["story.title is changed"]),
        (lambda op: _alter(op, server_default=None), ["story.title is changed"]),
        (
            lambda op: op.create_index("u", "story", ["id"], unique=True),
            ["story has a new constraint"],
        ),
        (_check, ["story has a new constraint"]),
    ],
)
def test_a_migration_only_adds(change: Callable[[Any], object], flaws: list[str]) -> None:
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("CREATE TABLE story (id INTEGER, title VARCHAR DEFAULT 'x')"))
        before = inspect_tables(connection)
        change(Operations(MigrationContext.configure(connection)))
        assert find_incompatibilities(before, inspect_tables(connection)) == flaws


def test_a_revision_names_the_previous_release() -> None:
    right = ["0001", "0008", "0009_from_0008", "0010_from_0008", "0011_from_0010"]
    assert [flaw for revision in right for flaw in find_name_flaws(revision, _RELEASES)] == []
    for revision in ("0009", "0010_from_0009", "0011_from_0008"):
        assert find_name_flaws(revision, _RELEASES)


def test_unused_parts_are_removed_in_a_later_release() -> None:
    assert find_contract_flaws("0011_from_0010", "0.2.0", _RELEASES) == []
    assert find_contract_flaws("0009_from_0008", "0.1.0", _RELEASES) == []
    assert "no previous release" in find_contract_flaws("0010_from_0008", "0.2.0", _RELEASES)[0]
    assert "no previous release" in find_contract_flaws("0011_from_0010", "0.4.0", _RELEASES)[0]
    assert "has the same schema" in find_contract_flaws("0011_from_0010", "0.3.0", _RELEASES)[0]
