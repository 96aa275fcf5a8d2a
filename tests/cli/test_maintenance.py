"""`dateline migrate`, `check`, `rebuild`, `backup`, `openapi` and `--version`."""

from pathlib import Path

import pytest
from sqlalchemy import text

from app import __version__
from app.api.app import openapi_document
from app.bootstrap import Services
from app.kit import json
from tests.cli.shell import Shell
from tests.cli.test_transfer import SAMPLES
from tests.databases import fresh_database

HURTS = [
    "DELETE FROM documents",
    "DELETE FROM document_terms WHERE field = 'category'",
    "UPDATE document_bodies SET body = head FROM documents WHERE documents.id = document_bodies.id",
    "UPDATE entries SET slug = 'wrong-' || slug",
    "DELETE FROM entries",
]


def test_a_second_migration_changes_nothing(dialect: str, tmp_path: Path) -> None:
    with fresh_database(dialect, tmp_path, migrated=False) as url:
        shell = Shell(url)
        assert shell.run_ok("migrate").text.startswith("Migrated from nothing to ")
        assert shell.run_ok("migrate").text.endswith(" already.\n")
        assert shell.run_ok("check").text.startswith("Sound")


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_commands_on_an_outdated_postgresql_name_the_remedy(dialect: str, tmp_path: Path) -> None:
    with fresh_database(dialect, tmp_path, migrated=False) as url:
        for words in (["check"], ["export"], ["keys", "list"], ["rebuild"]):
            assert "`dateline migrate`" in Shell(url).run_refused(*words)


@pytest.mark.exhaustive_on("postgresql")
@pytest.mark.slow
def test_check_finds_errors_and_rebuild_corrects_them(shell: Shell, services: Services) -> None:
    shell.run_ok("import", str(SAMPLES))
    assert shell.run_ok("check").text.startswith("Sound")
    for hurt in HURTS:
        with services.database.engine.begin() as connection:
            connection.execute(text(hurt))
        report = shell.run("check")
        assert report.code == 1, hurt
        assert "`dateline rebuild`" in report.err
        assert "Traceback" not in report.err
        assert "mended" in shell.run_ok("rebuild").text
        mended = shell.run("check")
        assert mended.code == 0, (hurt, mended.err)


@pytest.mark.slow
def test_rebuilding_a_consistent_database_changes_nothing(shell: Shell, services: Services) -> None:
    shell.run_ok("import", str(SAMPLES))
    before = services.delivery.load_current()[1].serial
    assert shell.run_ok("rebuild").text.endswith("mended 0.\n")
    assert services.delivery.load_current()[1].serial == before


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_backup_refers_to_the_tools_of_postgresql(shell: Shell, tmp_path: Path) -> None:
    assert "pg_dump" in shell.run_refused("backup", str(tmp_path / "copy.db"))


def test_a_missing_database_is_reported_and_not_created(tmp_path: Path) -> None:
    file = tmp_path / "missing.db"
    shell = Shell(f"sqlite:///{file}")
    for words in (["check"], ["backup", str(tmp_path / "copy.db")]):
        assert str(file) in shell.run_refused(*words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nonsense", "sqlite:///dateline.db"),
        ("mysql://localhost/x", "'mysql'"),
        ("postgresql+psycopg://localhost:port/x", "postgresql+psycopg://"),
        ("postgresql+psycopg://localhost:1/x", "PostgreSQL runs"),
        ("sqlite:////nowhere/at/all/x.db", "nowhere"),
    ],
)
@pytest.mark.parametrize("words", [["check"], ["export"], ["keys", "list"]])
def test_an_unreachable_database_is_reported_in_a_sentence(
    url: str, expected: str, words: list[str]
) -> None:
    message = Shell(url).run_refused(*words)
    assert expected in message or "folder" in message


@pytest.mark.parametrize("words", [["check"], ["migrate"], ["rebuild"], ["keys", "list"]])
def test_a_file_that_is_no_database_is_reported_in_a_sentence(
    tmp_path: Path, words: list[str]
) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(b"These are notes, and no database. " * 50)
    assert "SQLite" in Shell(f"sqlite:///{file}").run_refused(*words)


def test_the_openapi_document_is_printed() -> None:
    printed = json.loads(Shell("").run_ok("openapi").out)
    assert printed == json.loads(json.dumps(openapi_document()))


def test_the_version_is_printed() -> None:
    assert Shell("").run_ok("--version").text == f"dateline {__version__}\n"


def test_help_names_every_command() -> None:
    printed = Shell("").run_ok("--help").text
    for command in "demo serve worker migrate keys import export backup check rebuild".split():
        assert command in printed


@pytest.mark.parametrize(
    ("variable", "expected"),
    [("DATELINE_WORKERS", "DATELINE_WORKERS: "), ("DATELINE_ANONYMUS", "DATELINE_ANONYMOUS meant")],
)
@pytest.mark.parametrize("command", ["check", "serve"])
def test_an_invalid_variable_is_reported_in_a_sentence(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, command: str, variable: str, expected: str
) -> None:
    monkeypatch.setenv(variable, "many")
    ended = shell.run(command)
    assert ended.code == 1
    assert expected in ended.err
    assert "Traceback" not in ended.err
