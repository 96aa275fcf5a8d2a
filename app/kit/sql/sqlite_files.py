"""SQLite database files as a whole: copied while others write, and put in another's place."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from app.kit.errors import DatabaseBusy
from app.kit.process.atomic_files import flush
from app.kit.process.file_permissions import create_file

# What SQLite keeps beside a database: the write-ahead log, its index, and the rollback journal.
COMPANIONS = ("-wal", "-shm", "-journal")
_HEADER = b"SQLite format 3\x00"
# In pages: some megabytes. Between two steps the progress is shown.
_PAGES_PER_STEP = 1024

# The pages copied so far, and of how many.
Progress = Callable[[int, int], None]


def is_damaged(wrong: sqlite3.Error) -> bool:
    """Return whether an error says that a file is not a whole database."""
    return _find_error_code(wrong) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_sqlite(path: Path) -> bool:
    """Return whether a file begins as SQLite's do. Raises `OSError`."""
    with path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER


def find_companions(path: Path) -> list[Path]:
    """Return the files beside a database that SQLite would read as a part of it."""
    names = [path.with_name(path.name + end) for end in COMPANIONS]
    return [name for name in names if os.path.lexists(name)]


def copy(source: Path, target: Path, progress: Progress, *, used: bool) -> None:
    """Copy one state of a database to an empty file; raises `sqlite3.Error`.

    Others may write to the source meanwhile if it is `used`. One that is not may be in a folder
    that cannot be written to.
    """
    with (
        closing(_connect_read_only(source, used)) as here,
        closing(sqlite3.connect(target)) as there,
    ):
        # The file is removed if anything goes wrong, and flushed when it is whole.
        there.execute("PRAGMA journal_mode = OFF")
        there.execute("PRAGMA synchronous = OFF")
        # Without a transaction that reads, each commit of another connection begins the copy anew.
        here.execute("BEGIN")
        here.execute("SELECT count(*) FROM sqlite_master").fetchone()
        here.backup(
            there,
            pages=_PAGES_PER_STEP,
            progress=lambda _, left, total: progress(total - left, total),
        )


def read_last_numbers(path: Path) -> dict[str, int]:
    """Return the last number that each table gave out; none for a file that cannot be read."""
    with suppress(sqlite3.Error), closing(_connect_read_only(path, True)) as connection:
        return dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    return {}


def reserve_numbers(path: Path, numbers: dict[str, int]) -> None:
    """Let tables give out no number again that they gave out before; raises `sqlite3.Error`."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?",
            [(number, name) for name, number in numbers.items()],
        )


@contextmanager
def lock_database(path: Path) -> Iterator[None]:
    """Have a database alone, all of it in its one file; raises `DatabaseBusy` if others have it.

    Who opens the file during the block waits. A file that SQLite cannot read is nobody's: it is
    left as it is.
    """
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
            # Moves the write-ahead log into the file. The lock stays, in this locking mode. Who
            # opened the file before it was replaced finds no log to read or remove by its name.
            # What changes are some bytes of the first sector, which need no journal.
            connection.execute("PRAGMA journal_mode = MEMORY").fetchone()
        except sqlite3.Error as wrong:
            if _find_error_code(wrong) == sqlite3.SQLITE_BUSY:
                raise DatabaseBusy(f"{path} is in use.") from wrong
            if not is_damaged(wrong):
                raise
            connection.close()
        yield


def set_aside(path: Path, aside: Path) -> None:
    """Give a database another name, too, and what SQLite keeps beside it that name alone.

    Raises `OSError`.
    """
    # SQLite makes this anew of the write-ahead log.
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    for beside in find_companions(path):
        beside.replace(aside.with_name(beside.name.replace(path.name, aside.name, 1)))
    try:
        os.link(path, aside)
    except FileNotFoundError:
        return
    except OSError as wrong:
        if wrong.errno not in {errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EXDEV}:
            raise
        # A file system without hard links. At no moment there is no database.
        create_file(aside)
        shutil.copyfile(path, aside)
        flush(aside)


def _connect_read_only(path: Path, used: bool) -> sqlite3.Connection:
    """Open a database to read it; one that nobody has open needs no file beside it."""
    mode = "mode=ro" if used or find_companions(path) else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)


def _find_error_code(wrong: sqlite3.Error) -> int:
    """Return SQLite's primary error code; 0 for an error of the driver itself."""
    code: int = getattr(wrong, "sqlite_errorcode", 0)
    return code & 0xFF
