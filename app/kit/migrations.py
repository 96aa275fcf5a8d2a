"""The schema's version: told, checked, and brought up to date by Alembic.

A revision has a number and, from the first release on, the number of the newest revision of the
release before: `0010_from_0008`. The code of either release runs on the schema of the other.
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

from app.kit.database import Database
from app.kit.errors import DatabaseBehind
from app.kit.readers import BEGINS
from app.kit.unreachable import unreachable

_ROOT = Path(__file__).resolve().parents[2]
_LOCK = 0x646174656C696E65  # "dateline": one process migrates, the others wait
# Less than PostgreSQL waits before it looks for deadlocks and ends a transaction, ours or another.
_LOCK_WAIT = "200ms"
_PAUSE = 0.5
_log = logging.getLogger("dateline.database")


@cache
def newest() -> str:
    """Return the revision that this version of the code needs."""
    head = ScriptDirectory(str(_ROOT / "migrations")).get_current_head()
    assert head is not None
    return head


def current(database: Database) -> str | None:
    """Return the revision that the database has, or nothing where it is empty."""
    try:
        with database.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as wrong:
        raise unreachable(wrong.orig, database.file) from wrong


def is_current(database: Database) -> bool:
    """Tell whether the schema is the one that this version needs."""
    return current(database) == newest()


def is_compatible(found: str) -> bool:
    """Tell whether this code runs on a schema: its own, or that of the release before or after."""
    older, newer = sorted((found, newest()))
    number, _, before = newer.partition("_from_")
    return older.partition("_")[0] >= (before or number)


def check(database: Database) -> Literal["current", "older", "newer"]:
    """Compare a schema with that of this version; refuse what it cannot run on, in a sentence."""
    database.check_file()
    found, needed = current(database), newest()
    if found is not None and is_compatible(found):
        return "current" if found == needed else "older" if found < needed else "newer"
    _refuse_newer(found)
    raise DatabaseBehind(
        f"The database's schema is {'empty' if found is None else f'at {found}'} and has to be "
        f"at {needed}. Run `dateline migrate`."
    )


def refuse_strangers(database: Database) -> None:
    """Refuse a database that holds other people's tables and none of ours."""
    try:
        tables = inspect(database.engine).get_table_names()
    except DBAPIError as wrong:
        raise unreachable(wrong.orig, database.file) from wrong
    if tables and "alembic_version" not in tables:
        raise DatabaseBehind(
            f"The database holds tables of something else ({tables[0]!r}, for one). Give Dateline "
            "one of its own in DATELINE_DATABASE_URL."
        )


def refuse_newer(database: Database) -> None:
    """Refuse a database of a newer version on whose schema this one cannot run."""
    _refuse_newer(current(database))


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema up to a revision, in one transaction; leave that of a release after."""
    found = current(database)
    _refuse_newer(found)
    if found is None or found in _known():
        _run(database, "upgrade", revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the schema down to a revision, in one transaction."""
    _run(database, "downgrade", revision)


def _refuse_newer(found: str | None) -> None:
    if found is not None and found not in _known() and not is_compatible(found):
        raise DatabaseBehind(
            f"The database was migrated by a newer Dateline (to {found}), more than one release "
            f"after this one (which needs {newest()}). Run that version, or restore a backup."
        )


def _run(database: Database, direction: str, revision: str) -> None:
    try:
        while not _run_at_once(database, direction, revision):
            _log.warning("The tables are in use. The migration is tried again.")
            time.sleep(_PAUSE)
    except DBAPIError as wrong:
        raise unreachable(wrong.orig, database.file) from wrong
    finally:
        if database.dialect == "postgresql":
            # The server has forgotten what was prepared on the connection that dropped tables.
            database.engine.dispose()


def _run_at_once(database: Database, direction: str, revision: str) -> bool:
    """Migrate, or change nothing and return false where others use a table for long.

    Whoever asks for a table that a migration waits for waits behind it.
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
        # Waiting for another process to migrate is not a fault, however long it takes.
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'"))


def _known() -> frozenset[str]:
    scripts = ScriptDirectory(str(_ROOT / "migrations"))
    return frozenset(script.revision for script in scripts.walk_revisions())
