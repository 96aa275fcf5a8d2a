"""Why a database cannot be opened or written to, and what to do about it.

Drivers report the cause only in their message. The sentences here contain nothing of it: it may
have secrets, and `/readyz` shows the sentences to everybody.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

from app.kit.errors import DatabaseBusy, DatabaseReadOnly, DatabaseUnavailable, Failure


class _Cause(NamedTuple):
    """A pattern for the message of a driver in lower case, and the sentence for it."""

    pattern: str
    detail: str


NO_SPACE = "No space is left on the disk of the database. Free some, and try again."
_SQLITE = (
    _Cause("not a database", "The file is not an SQLite database. Check DATELINE_DATABASE_URL."),
    _Cause(
        "disk i/o error",
        "The disk of the database reports an error. Check that it is whole and not full.",
    ),
)
# The first match counts. A message may combine two attempts, with TLS and without.
_POSTGRESQL = (
    _Cause(
        "could not translate host name|failed to resolve|name or service not known"
        "|name resolution|nodename nor servname|no address associated",
        "The name of PostgreSQL's host is not known here. Check the host in DATELINE_DATABASE_URL, "
        "and that this machine's DNS knows it.",
    ),
    _Cause(
        r'database ".*" does not exist',
        "PostgreSQL has no database of this name. Check the name in DATELINE_DATABASE_URL, or make "
        "the database with `createdb`.",
    ),
    _Cause(
        r'role ".*" does not exist|role ".*" is not permitted to log in'
        "|authentication failed|no password supplied|authentication method",
        "PostgreSQL does not let this role in. Check the user and the password in "
        "DATELINE_DATABASE_URL, and that the role exists and may log in.",
    ),
    _Cause(
        "no pg_hba.conf entry|pg_hba.conf rejects",
        "PostgreSQL does not let this role in from this machine, or not without TLS. Add a line to "
        "its pg_hba.conf, or sslmode=require to DATELINE_DATABASE_URL.",
    ),
    _Cause(
        "too many (clients|connections)|connection slots",
        "PostgreSQL has no connection left. Raise its max_connections, or lower DATELINE_POOL_SIZE "
        "or the number of processes.",
    ),
    _Cause(
        "starting up|shutting down|recovery mode",
        "PostgreSQL is starting or ending. Try again shortly.",
    ),
    _Cause(
        "ssl|certificate|tls",
        "The connection to PostgreSQL fails at TLS. Check sslmode and sslrootcert in "
        "DATELINE_DATABASE_URL, and the server's certificate.",
    ),
    _Cause(
        "connection refused|no such file or directory",
        "Nothing listens at PostgreSQL's address. Check that PostgreSQL runs, and the host and the "
        "port in DATELINE_DATABASE_URL.",
    ),
    _Cause(
        "timeout|timed out|no route to host|unreachable|does not answer",
        "PostgreSQL's host does not answer. Check the host and the port in DATELINE_DATABASE_URL, "
        "that PostgreSQL runs, and that no firewall is between.",
    ),
    _Cause(
        "permission denied",
        "The role in DATELINE_DATABASE_URL may not use this database. Make it the owner of the "
        "database, or grant it what it needs.",
    ),
)
_ANYTHING_ELSE = (
    "The database cannot be opened. Check DATELINE_DATABASE_URL: that the folder of an SQLite file "
    "exists and may be written to, or that PostgreSQL runs and lets you in."
)


def connection_failure_for(error: BaseException | None, file: Path | None) -> Failure:
    """Return the failure for an error that a driver raised on opening a database.

    `file` is that of SQLite.
    """
    message = str(error).lower()
    if "readonly" in message or "read-only" in message:
        return DatabaseReadOnly(
            "The database cannot be written to, and its schema is not current. Make it writable "
            "for this user, or run `dateline migrate` as one who may write."
        )
    if "database is locked" in message:
        return DatabaseBusy("Others keep the database busy. Try again shortly.")
    if is_full(message):
        return DatabaseUnavailable(NO_SPACE)
    if file is not None and "unable to open" in message:
        return DatabaseUnavailable(_describe_unopened(file))
    causes = _POSTGRESQL if file is None else _SQLITE
    details = (cause.detail for cause in causes if re.search(cause.pattern, message))
    return DatabaseUnavailable(next(details, _ANYTHING_ELSE))


def is_full(message: str) -> bool:
    """Tell whether the message of a driver means that a disk is full."""
    return "disk is full" in message.lower() or "no space left" in message.lower()


def _describe_unopened(file: Path) -> str:
    folder = file.absolute().parent
    if not folder.is_dir():
        return (
            "The folder of the database file does not exist. Make it, or name another one in "
            "DATELINE_DATABASE_URL."
        )
    if file.is_dir():
        return "The database is a folder. Name a file in it in DATELINE_DATABASE_URL."
    if not file.exists() or not os.access(folder, os.W_OK | os.X_OK):
        return (
            "The folder of the database file may not be written to. Give it to the user who runs "
            "Dateline, or name another one in DATELINE_DATABASE_URL."
        )
    return (
        "The database file may not be opened. Give it to the user who runs Dateline, and look for "
        "what else keeps it from being opened, such as a limit of open files."
    )
