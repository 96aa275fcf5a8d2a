"""`dateline backup` and `dateline restore`: copies of an SQLite database as a single file."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.bootstrap import find_search_path, open_database
from app.cli.common import DatabaseUrl, require_file, show_progress
from app.delivery.consistency import find_log_errors
from app.kit.errors import DatabaseBusy, DatabaseUnavailable, Misconfigured
from app.kit.process.atomic_files import replace_file
from app.kit.process.file_permissions import create_folder
from app.kit.process.system_errors import describe_os_error
from app.kit.sql import migrations
from app.kit.sql.connection_errors import is_full
from app.kit.sql.database import Database
from app.kit.sql.leadership import FileLeadership
from app.kit.sql.sqlite_files import (
    COMPANIONS,
    copy,
    find_companions,
    is_damaged,
    is_sqlite,
    lock_database,
    read_last_numbers,
    reserve_numbers,
    set_aside,
)
from app.search.engine.tantivy_index import TantivyIndex
from app.settings import Settings, read_settings

_SHOWN = 5


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Copy the whole embedded database to a file, while it serves."""
    database = open_database(read_settings(database_url=database_url))
    if database.file is None:
        raise Misconfigured("Back PostgreSQL up with pg_dump; this copies an SQLite file.")
    source = require_file(database)
    _check_target(file, source, force=force)
    with _report_errors(file, "written"), ExitStack() as stack:
        if file.exists():
            stack.enter_context(lock_database(file))
        part = stack.enter_context(replace_file(file, COMPANIONS))
        _copy("Copying", source, part, used=True)
        with closing(Database.of_file(part)) as copied:
            _check(copied, "The copy")
        # This moves all data to the main file.
        with lock_database(part):
            pass
        for stale in find_companions(file):
            stale.unlink()
    typer.echo(f"Copied {source} to {file} ({_format_size(file)}), and checked the copy.")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `dateline backup` wrote.")],
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace an existing database; it is renamed, not deleted."),
    ] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Put a backup in the place of the embedded database, while nothing uses it."""
    settings = read_settings(database_url=database_url)
    database = open_database(settings)
    if database.file is None:
        raise Misconfigured("Restore PostgreSQL with pg_restore; this restores an SQLite file.")
    # Replace the file itself, not a symbolic link to it.
    target = database.file.resolve()
    _check_source(file, target)
    if target.exists() and not force:
        raise Misconfigured(
            f"{target} exists already. With --force it is replaced, and kept under another name."
        )
    aside, numbers = _choose_aside_name(target), read_last_numbers(target)
    with _report_errors(target, "replaced"), ExitStack() as stack:
        stack.enter_context(_lock_everything(settings, database, target))
        part = stack.enter_context(replace_file(target, COMPANIONS))
        _copy("Restoring", file, part, used=False)
        with closing(Database.of_file(part)) as copied:
            _check(copied, str(file))
            migrations.upgrade(copied)
        reserve_numbers(part, numbers)
        with lock_database(part):
            pass
        set_aside(target, aside)
        # The index was built from another state of the database.
        TantivyIndex(find_search_path(settings, database)).discard()
    note = f" What was there before is {aside}." if aside.exists() else ""
    typer.echo(f"Restored {target} from {file} ({_format_size(target)}).{note}")


def _check_target(file: Path, source: Path, *, force: bool) -> None:
    """Refuse a target that is in use or exists."""
    own = {f"{source.resolve()}{end}" for end in ("", *COMPANIONS, ".leader")}
    if str(file.resolve()) in own or (file.exists() and file.samefile(source)):
        raise Misconfigured(f"{file} is the database itself. Choose another name.")
    _require_regular_file(file)
    found = [name for name in (file, *find_companions(file)) if name.exists()]
    if found and not force:
        raise Misconfigured(
            f"{found[0]} exists already. Choose another name, or overwrite it with --force."
        )


def _check_source(file: Path, target: Path) -> None:
    """Refuse a file that cannot be a backup."""
    if not file.exists():
        raise Misconfigured(f"There is no file {file}.")
    if target.exists() and file.samefile(target):
        raise Misconfigured(f"{file} is the database itself. Name a backup of it.")
    _require_regular_file(file.resolve())
    _require_regular_file(target)
    try:
        is_ours = is_sqlite(file)
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read: {describe_os_error(error)}") from error
    if not is_ours:
        raise Misconfigured(
            f"{file} is not an SQLite database. Name a file that `dateline backup` wrote; dumps of "
            "PostgreSQL are for pg_restore, and NDJSON is for `dateline import`."
        )


def _require_regular_file(file: Path) -> None:
    if file.is_symlink():
        raise Misconfigured(f"{file} is a symbolic link. Name the file itself.")
    if file.is_dir():
        raise Misconfigured(f"{file} is a folder. Name a file in it.")
    if file.exists() and not file.is_file():
        raise Misconfigured(f"{file} is not a regular file. Choose another name.")


@contextmanager
def _lock_everything(settings: Settings, database: Database, target: Path) -> Iterator[None]:
    """Acquire all locks on a database; refuse if another process uses it."""
    in_use = Misconfigured(
        f"{target} is in use: a server, a worker or another program has it open. End that, and "
        "restore then."
    )
    if not os.access(target.parent, os.W_OK):
        raise Misconfigured(f"{target.parent} does not exist, or may not be written to.")
    create_folder(find_search_path(settings, database).parent)
    with ExitStack() as stack:
        leaderships = (
            database.open_leadership(),
            FileLeadership(str(find_search_path(settings, database))),
        )
        for leadership in leaderships:
            stack.callback(leadership.release)
            if not leadership.try_acquire():
                raise in_use
        if target.exists():
            try:
                stack.enter_context(lock_database(target))
            except DatabaseBusy as error:
                raise in_use from error
        yield


def _copy(what: str, source: Path, target: Path, *, used: bool) -> None:
    with show_progress(what, None) as bar:

        def advance(done: int, total: int) -> None:
            bar.update(bar.task_ids[0], completed=done, total=total)

        try:
            copy(source, target, advance, used=used)
        except sqlite3.Error as error:
            if is_damaged(error):
                raise Misconfigured(f"{source} is damaged: {error}.") from error
            raise


def _check(copied: Database, name: str) -> None:
    """Check that a copy is intact, and a database that this version knows."""
    try:
        found = _find_flaws(copied, name)
    except DatabaseUnavailable as error:
        found = [error.detail.removesuffix(".")]
    if found:
        raise Misconfigured(f"{name} is damaged: {'; '.join(found[:_SHOWN])}.")


def _find_flaws(copied: Database, name: str) -> list[str]:
    if found := copied.find_integrity_errors():
        return found
    if migrations.find_current(copied) is None:
        raise Misconfigured(f"{name} is not a database of Dateline.")
    migrations.refuse_newer(copied)
    if not migrations.is_current(copied):
        return []
    with copied.read() as session:
        return find_log_errors(session)


@contextmanager
def _report_errors(file: Path, done: str) -> Iterator[None]:
    """Turn an error of writing a file into a failure with one sentence."""
    try:
        yield
    except OSError as error:
        reason = describe_os_error(error)
    except sqlite3.Error as error:
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        reason = describe_os_error(full) if is_full(str(error)) else f"{error}."
    else:
        return
    raise Misconfigured(f"{file} could not be {done}: {reason}")


def _choose_aside_name(target: Path) -> Path:
    """Return an unused name for the database that is replaced."""
    name = f"{target.name}.before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    return target.with_name(name)


def _format_size(file: Path) -> str:
    return f"{file.stat().st_size / 1e6:.1f} MB"
