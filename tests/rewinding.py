"""A database that is restored to an earlier state while processes use it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.databases import administer

_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"


class Copy:
    """A copy of the current content; `restore` brings it back, including the next serials."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self._url = make_url(database_url)
        self._file = folder / "copy.db"
        if self._url.get_backend_name() == "sqlite":
            _copy(self._source, self._file)
        else:
            self._replace(f"{self._name}_copy", self._name)

    def restore(self) -> None:
        """Restore the content; on PostgreSQL, current connections are closed."""
        if self._url.get_backend_name() == "sqlite":
            _copy(self._file, self._source)
        else:
            self._replace(self._name, f"{self._name}_copy")

    def close(self) -> None:
        """Delete the copy."""
        if self._url.get_backend_name() == "sqlite":
            self._file.unlink()
        else:
            administer(f"DROP DATABASE {self._name}_copy WITH (FORCE)")

    @property
    def _name(self) -> str:
        return str(self._url.database)

    @property
    def _source(self) -> Path:
        return Path(self._name)

    def _replace(self, target: str, source: str) -> None:
        administer(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)")
        # A database cannot be copied while clients are connected.
        administer(f"ALTER DATABASE {source} ALLOW_CONNECTIONS false")
        administer(_END.format(name=source))
        administer(f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY FILE_COPY")
        administer(f"ALTER DATABASE {source} ALLOW_CONNECTIONS true")


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as item, closing(sqlite3.connect(target)) as other:
        item.backup(other)
