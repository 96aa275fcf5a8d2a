"""SQLite database files: online copies, exclusive locks, and replacement."""

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

# Suffixes of the files next to a database: write-ahead log, its index, and rollback journal.
COMPANIONS = ("-wal", "-shm", "-journal")
_HEADER = b"SQLite format 3\x00"
# Some megabytes. The progress is shown between two steps.
_PAGES_PER_STEP = 1024

# Called with the number of copied pages, and of all pages.
Progress = Callable[[int, int], None]


def is_damaged(error: sqlite3.Error) -> bool:
    """Tell whether an error means that a file is not an intact database."""
    return _find_error_code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_sqlite(path: Path) -> bool:
    """Tell whether a file has the header of SQLite. Raises `OSError`."""
    with path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER


def find_companions(path: Path) -> list[Path]:
    """Return the files next to a database that belong to it."""
    names = [path.with_name(path.name + end) for end in COMPANIONS]
    return [name for name in names if os.path.lexists(name)]


def copy(source: Path, target: Path, progress: Progress, *, used: bool) -> None:
    """Copy a snapshot of a database to an empty file; raises `sqlite3.Error`.

    With `used`, other processes may write to the source meanwhile. Without it, the source may be
    in a read-only folder.
    """
    with (
        closing(_connect_read_only(source, used)) as here,
        closing(sqlite3.connect(target)) as there,
    ):
        # No durability needed: the caller removes a partial file, and flushes a complete one.
        there.execute("PRAGMA journal_mode = OFF")
        there.execute("PRAGMA synchronous = OFF")
        # Without a read transaction, each commit of another connection restarts the copy.
        here.execute("BEGIN")
        here.execute("SELECT count(*) FROM sqlite_master").fetchone()
        here.backup(
            there,
            pages=_PAGES_PER_STEP,
            progress=lambda _, left, total: progress(total - left, total),
        )


def read_last_numbers(path: Path) -> dict[str, int]:
    """Return the last sequence number of each table; none if the file cannot be read."""
    with suppress(sqlite3.Error), closing(_connect_read_only(path, True)) as connection:
        return dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    return {}


def reserve_numbers(path: Path, numbers: dict[str, int]) -> None:
    """Set sequences so that no used number is used again; raises `sqlite3.Error`."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?",
            [(number, name) for name, number in numbers.items()],
        )


@contextmanager
def lock_database(path: Path) -> Iterator[None]:
    """Lock a database exclusively, with all data in the main file; raises `DatabaseBusy`.

    A process that opens the file during the block waits. A file that SQLite cannot read is not
    locked.
    """
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
            # Leaves WAL mode: the log is checkpointed and removed, and this locking mode keeps the
            # lock. So a process that opened the old file finds no log by its name. Only bytes of
            # the first sector change, which need no journal on disk.
            connection.execute("PRAGMA journal_mode = MEMORY").fetchone()
        except sqlite3.Error as error:
            if _find_error_code(error) == sqlite3.SQLITE_BUSY:
                raise DatabaseBusy(f"{path} is in use.") from error
            if not is_damaged(error):
                raise
            connection.close()
        yield


def set_aside(path: Path, aside: Path) -> None:
    """Give a database a second name, and rename its other files accordingly.

    Raises `OSError`.
    """
    # SQLite rebuilds this index from the write-ahead log.
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    for beside in find_companions(path):
        beside.replace(aside.with_name(beside.name.replace(path.name, aside.name, 1)))
    try:
        os.link(path, aside)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EXDEV}:
            raise
        # No hard links here. A copy, not a rename: the database must exist at any moment.
        create_file(aside)
        shutil.copyfile(path, aside)
        flush(aside)


def _connect_read_only(path: Path, used: bool) -> sqlite3.Connection:
    """Open a database read-only; `immutable` creates no files next to an unused one."""
    mode = "mode=ro" if used or find_companions(path) else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)


def _find_error_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary error code; 0 for an error of the driver itself."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
