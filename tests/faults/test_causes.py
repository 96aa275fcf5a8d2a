"""Commands without access to a database or file: cause and remedy in a sentence."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine, event, text

from app.bootstrap import Services
from app.kit.errors import DatabaseUnavailable
from tests.cli.shell import ROOT
from tests.databases import fresh_database
from tests.faults.commandline import assert_reported_in_a_sentence, dateline
from tests.faults.proxy import proxy

_SAMPLES = str(ROOT / "samples" / "stories.ndjson")
_COMMANDS = [
    ["serve", "--port", "0"],
    ["migrate"],
    ["check"],
    ["keys", "list"],
    ["import", _SAMPLES],
    ["export"],
]
every_command = pytest.mark.parametrize("words", _COMMANDS, ids=lambda words: words[0])


def run_refused(words: list[str], url: str) -> str:
    """Return the error message of a command."""
    ended = dateline(*words, database_url=url)
    assert_reported_in_a_sentence(ended)
    assert len(ended.err.splitlines()) == 1
    return ended.err


@every_command
@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("u:secret@127.0.0.1:1/x", "Nothing listens at PostgreSQL's address. Check that"),
        ("u:secret@nowhere.invalid/x", "host is not known here. Check the host in"),
        ("u:secret@127.0.0.1:1/x?sslmode=bogus", "fails at TLS. Check sslmode and"),
        ("u:secret@/x?host=/nowhere", "Nothing listens at PostgreSQL's address. Check that"),
    ],
)
def test_an_address_without_a_postgresql_server(words: list[str], address: str, cause: str) -> None:
    message = run_refused(words, f"postgresql+psycopg://{address}")
    assert cause in message
    assert "secret" not in message


@pytest.mark.postgresql
@every_command
def test_an_unknown_postgresql_database(words: list[str], postgresql: str) -> None:
    url = postgresql.replace(urlsplit(postgresql).path, "/nowhere", 1)
    assert "no database of this name. Check the name in" in run_refused(words, url)


@pytest.mark.postgresql
@every_command
def test_an_unknown_postgresql_role(words: list[str], postgresql: str) -> None:
    url = postgresql.replace(urlsplit(postgresql).netloc, "nobody:secret@", 1)
    message = run_refused(words, url)
    assert "does not let this role in. Check the user and the password in" in message
    assert "secret" not in message


@pytest.mark.postgresql
@every_command
def test_a_postgresql_server_without_tls(words: list[str], postgresql: str) -> None:
    with over_tcp(postgresql) as url:
        assert "fails at TLS. Check sslmode and" in run_refused(words, f"{url}?sslmode=require")


@pytest.mark.postgresql
@pytest.mark.slow
def test_a_postgresql_server_that_does_not_respond(postgresql: str) -> None:
    with over_tcp(postgresql, silent=True) as url:
        assert "PostgreSQL's host does not answer. Check the host" in run_refused(["check"], url)


@pytest.mark.postgresql
def test_a_postgresql_role_without_privileges(postgresql: str) -> None:
    with psycopg.connect(postgresql.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE ROLE powerless LOGIN")
        try:
            url = postgresql.replace(urlsplit(postgresql).netloc, "powerless@", 1)
            assert "may not use this database. Make it the owner" in run_refused(["migrate"], url)
        finally:
            connection.execute("DROP ROLE powerless")


@pytest.mark.parametrize("words", [*_COMMANDS[:2], *_COMMANDS[3:]], ids=lambda words: words[0])
def test_an_unwritable_folder(words: list[str]) -> None:
    # No user can create a file there, not even root.
    if not Path("/sys/kernel").is_dir():
        pytest.skip("there is no /sys here")
    message = run_refused(words, "sqlite:////sys/kernel/dateline.db")
    assert "The folder of the database file may not be written to. Give it to" in message


@every_command
def test_a_folder_instead_of_a_file(words: list[str], tmp_path: Path) -> None:
    assert "is a folder. Name a file in it" in run_refused(words, f"sqlite:///{tmp_path}")


def test_a_full_disk_during_an_import(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url, full_disk():
        message = run_refused(["import", _SAMPLES], url)
    assert "No space is left on the disk of the database. Free some" in message


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_full_disk_of_postgresql(services: Services) -> None:
    full = "RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'"
    with (
        pytest.raises(DatabaseUnavailable, match="No space is left"),
        services.database.write() as session,
    ):
        session.execute(text(f"DO $$ BEGIN {full}; END $$"))


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        message = run_refused(["export", str(tmp_path / "nowhere" / "all.ndjson")], url)
        assert "No such file or directory. Check the name" in message
        message = run_refused(["import", str(tmp_path / "none.ndjson")], url)
        assert "No such file or directory. Check the name" in message


@pytest.mark.slow
def test_a_full_output_device(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url, Path("/dev/full").open("wb") as full:
        assert dateline("import", _SAMPLES, database_url=url).code == 0
        program = [sys.executable, "-c", "from app.cli import main; main()", "export"]
        ended = subprocess.run(
            [*program, "--database-url", url],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
            check=False,
            timeout=60,
        )
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "dateline: No space left on device. Free some space, or choose another disk."
    ]


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[str]:
    """Return the address of an empty database."""
    with fresh_database("postgresql", tmp_path, migrated=False) as url:
        yield url


@contextmanager
def over_tcp(url: str, *, silent: bool = False) -> Iterator[str]:
    """Return an address over TCP of a database that its server does not have."""
    parameters = conninfo_to_dict(url.replace("+psycopg", "", 1))
    with proxy(f"{parameters['host']}/.s.PGSQL.{parameters.get('port', 5432)}") as way:
        if silent:
            way.silence()
        yield f"postgresql+psycopg://{parameters['user']}@127.0.0.1:{way.port}/{parameters['dbname']}"


@contextmanager
def full_disk() -> Iterator[None]:
    """Limit SQLite to the pages that its file has, as on a full disk."""

    def limit(connection: object, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]

    event.listen(Engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(Engine, "connect", limit)
