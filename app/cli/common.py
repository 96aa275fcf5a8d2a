"""Common parts of commands: options, services, and a progress bar on terminals."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from app.access.keys import shorten_key
from app.bootstrap import Services, bootstrap, open_database, prepare_database
from app.kit.errors import DatabaseUnavailable
from app.kit.sql.database import Database
from app.kit.sql.unit_of_work import Actor
from app.settings import read_settings

DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="Where the data is (DATELINE_DATABASE_URL)."),
]
_WIDE = 1000
# Who finds a leaked key has the whole key, and a message must not repeat it.
KeyRef = Annotated[
    str,
    typer.Argument(
        metavar="PREFIX",
        callback=shorten_key,
        help="The prefix or id of the key, or the whole key.",
    ),
]
ACTOR = Actor(None, "command line")


@contextmanager
def services(database_url: str | None) -> Iterator[Services]:
    """Open the database of the settings, and build all services."""
    settings = read_settings(database_url=database_url)
    with closing(open_database(settings)) as database:
        prepare_database(database)
        with closing(bootstrap(settings, database=database)) as parts:
            yield parts


def require_file(database: Database) -> Path:
    """Return the SQLite file; raise if it does not exist, since opening would create it."""
    if database.file is not None and not database.file.exists():
        raise DatabaseUnavailable(f"There is no database at {database.file}.")
    return database.file or Path()


@contextmanager
def show_progress(what: str, total: int | None) -> Iterator[Progress]:
    """Show a progress bar on a terminal, and nothing in a pipe."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=console, disable=not sys.stderr.isatty()
    ) as bar:
        bar.add_task(what, total=total)
        yield bar


def print_table(table: Table) -> None:
    """Print a table; what is like markup of the terminal in a name is text."""
    # A pipe has no width, and a truncated prefix is useless.
    width = None if sys.stdout.isatty() else _WIDE
    Console(width=width, markup=False, emoji=False, highlight=False).print(table)


def advance(bar: Progress, by: int) -> None:
    """Advance the progress bar."""
    bar.advance(bar.task_ids[0], by)
