"""Schema migrations with Alembic: find, check and change the revision.

The name of a revision has its number and, after the first release, the number of the newest
revision of the previous release: `0010_from_0008`. Code of either release runs on both schemas.
"""

import logging
import time
from functools import cache
from pathlib import Path
from typing import Literal

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from app.kit.errors import DatabaseBehind
from app.kit.sql.connection_errors import connection_failure_for
from app.kit.sql.database import Database
from app.kit.sql.sqlite_readers import BEGINS

_ROOT = Path(__file__).resolve().parents[3]
# "dateline" in ASCII: the advisory lock that lets one process migrate at a time.
_LOCK = 0x646174656C696E65
# Shorter than PostgreSQL's `deadlock_timeout`, after which a request might be cancelled instead.
_LOCK_TIMEOUT = "200ms"
_PAUSE = 0.5
_log = logging.getLogger("dateline.database")


@cache
def find_head() -> str:
    """Return the newest revision that this version of the code knows."""
    head = ScriptDirectory(str(_ROOT / "migrations")).get_current_head()
    assert head is not None
    return head


def find_current(database: Database) -> str | None:
    """Return the revision of the database, or None if it is empty."""
    try:
        with database.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise connection_failure_for(error.orig, database.file) from error


def is_current(database: Database) -> bool:
    """Tell whether the schema has the newest revision of this version.

    Code also runs on some other schemas, see `is_compatible`.
    """
    return find_current(database) == find_head()


def is_compatible(found: str) -> bool:
    """Tell whether this code runs on a schema: its own, or that of the previous or next release."""
    older, newer = sorted((found, find_head()))
    number, _, previous = newer.partition("_from_")
    return older.partition("_")[0] >= (previous or number)


def check(database: Database) -> Literal["current", "older", "newer"]:
    """Compare the schema with that of this version; refuse an incompatible one, and say why."""
    database.check_file()
    found, needed = find_current(database), find_head()
    if found is not None and is_compatible(found):
        return "current" if found == needed else "older" if found < needed else "newer"
    _refuse_newer(found)
    raise DatabaseBehind(
        f"The database's schema is {'empty' if found is None else f'at {found}'} and has to be "
        f"at {needed}. Run `dateline migrate`."
    )


def refuse_foreign_tables(database: Database) -> None:
    """Refuse a database that has tables, and none of Dateline."""
    try:
        tables = inspect(database.engine).get_table_names()
    except DBAPIError as error:
        raise connection_failure_for(error.orig, database.file) from error
    if tables and "alembic_version" not in tables:
        raise DatabaseBehind(
            f"The database holds tables of something else ({tables[0]!r}, for one). Give Dateline "
            "one of its own in DATELINE_DATABASE_URL."
        )


def refuse_newer(database: Database) -> None:
    """Refuse a database that a newer, incompatible version has migrated."""
    _refuse_newer(find_current(database))


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema up to a revision, in one transaction; keep that of the next release."""
    found = find_current(database)
    _refuse_newer(found)
    if found is None or found in _find_known_revisions():
        _run(database, "upgrade", revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the schema down to a revision, in one transaction."""
    _run(database, "downgrade", revision)


def _refuse_newer(found: str | None) -> None:
    if found is not None and found not in _find_known_revisions() and not is_compatible(found):
        raise DatabaseBehind(
            f"The database was migrated by a newer Dateline (to {found}), more than one release "
            f"after this one (which needs {find_head()}). Run that version, or restore a backup."
        )


def _run(database: Database, direction: str, revision: str) -> None:
    try:
        while not _run_at_once(database, direction, revision):
            _log.warning("The tables are in use. The migration is tried again.")
            time.sleep(_PAUSE)
    except DBAPIError as wrong:
        raise connection_failure_for(wrong.orig, database.file) from wrong
    finally:
        if database.dialect == "postgresql":
            # Dropped tables invalidate the prepared statements of pooled connections.
            database.engine.dispose()


def _run_at_once(database: Database, direction: str, revision: str) -> bool:
    """Migrate, or change nothing and return false if a table is in use for long.

    Requests for a table queue behind a migration that waits for it.
    """
    try:
        with database.engine.connect() as connection:
            connection.execution_options(**{BEGINS: "BEGIN IMMEDIATE"})
            with connection.begin():
                _lock(connection)
                config = Config()
                config.set_main_option("script_location", str(_ROOT / "migrations"))
                config.attributes["connection"] = connection
                getattr(command, direction)(config, revision)
    except DBAPIError as wrong:
        if isinstance(wrong.orig, psycopg.errors.LockNotAvailable):
            return False
        raise
    return True


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Waiting for another process that migrates is fine, however long it takes.
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))


def _find_known_revisions() -> frozenset[str]:
    scripts = ScriptDirectory(str(_ROOT / "migrations"))
    return frozenset(script.revision for script in scripts.walk_revisions())
