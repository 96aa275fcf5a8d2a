"""Removal of deleted data from the files of a database."""

from typing import Any

from sqlalchemy import text

from app.kit.sql.database import Database
from app.kit.sql.driver_errors import translate_driver_errors
from app.kit.sql.schema import Base


def overwrite_deleted(database: Database) -> bool:
    """Vacuum the database; return whether no deleted data is left in its files.

    SQLite keeps old pages in its write-ahead log while others read them.
    """
    with translate_driver_errors(), database.engine.connect() as connection:
        if database.dialect == "postgresql":
            own = connection.execution_options(isolation_level="AUTOCOMMIT")
            own.execute(text(f"VACUUM {', '.join(Base.metadata.tables)}"))
            return True
        driver: Any = connection.connection.dbapi_connection
        driver.execute("VACUUM")
        busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
