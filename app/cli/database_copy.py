"""`dateline copy`: all data from one database to another, SQLite or PostgreSQL."""

from collections.abc import Mapping
from contextlib import closing
from typing import Annotated

import typer

from app.bootstrap import open_database
from app.cli.common import DatabaseUrl, advance, require_file, show_progress
from app.delivery.consistency import find_inconsistencies, find_log_errors
from app.kit.clock import SystemClock
from app.kit.errors import DatabaseBehind, Misconfigured
from app.kit.process.file_permissions import restrict
from app.kit.sql import migrations
from app.kit.sql.database import Database
from app.kit.sql.table_copy import copy_rows, count_rows, lock_empty_tables, select_tables
from app.settings import read_settings

LEFT_OUT: Mapping[str, str] = {
    "leases": "It says which process of one deployment does the background work now.",
    "rate_limits": "It says what was used of limits in the last minute.",
    "rate_limit_processes": "It says which processes of one deployment are running now.",
}
SEEDED = frozenset({"secrets"})
_SHOWN = 50


def copy(
    to: Annotated[str, typer.Option("--to", help="The address of a new database, to be filled.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Copy everything to a new database, from SQLite to PostgreSQL or back."""
    with (
        closing(open_database(read_settings(database_url=database_url))) as source,
        closing(open_database(read_settings(database_url=to))) as target,
    ):
        require_file(source)
        if migrations.check(source) != "current":
            raise DatabaseBehind(
                "The source has the schema of another release, and a copy would lose what only "
                "that schema has. Copy with that release, or run `dateline migrate` first."
            )
        _refuse_same_file(source, target)
        _prepare(target)
        rows = _copy(source, target)
        target.checkpoint()
        found = _find_flaws(target)
    for line in found[:_SHOWN]:
        typer.echo(line, err=True)
    if found:
        typer.echo(
            f"{len(found)} thing(s) are wrong in the copy. If `dateline check` says the same of "
            "the source, mend them there; then copy to a new database.",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo(f"Copied {rows} rows, and checked the copy.")


def _refuse_same_file(source: Database, target: Database) -> None:
    here, there = source.file, target.file
    if here and there and there.exists() and there.samefile(here):
        raise Misconfigured(f"{there} is the source itself. Name another database.")


def _prepare(target: Database) -> None:
    """Create or migrate the tables of the target."""
    if target.file is not None:
        restrict(target.file)
    migrations.refuse_foreign_tables(target)
    migrations.upgrade(target)


def _copy(source: Database, target: Database) -> int:
    """Copy in one transaction on each side, so an interrupted copy leaves nothing."""
    tables = select_tables(LEFT_OUT)
    leadership, rows = target.open_leadership(), 0
    if not leadership.try_acquire():
        raise Misconfigured("A server or worker uses the target. Stop it first.")
    try:
        with source.read() as here, target.write() as there:
            lock_empty_tables(there, tables, SEEDED)
            with show_progress("Copying", count_rows(here, tables)) as bar:
                for written in copy_rows(here, there, tables):
                    rows += written
                    advance(bar, written)
    finally:
        leadership.release()
    return rows


def _find_flaws(target: Database) -> list[str]:
    found = [f"database: {line}" for line in target.find_integrity_errors()]
    with target.read() as session:
        found += [f"log: {line}" for line in find_log_errors(session)]
        with show_progress("Checking", None) as bar:
            for flaw in find_inconsistencies(session, SystemClock().now()):
                found.append(f"{flaw.id}: {flaw.detail}")
                advance(bar, 1)
    return found
