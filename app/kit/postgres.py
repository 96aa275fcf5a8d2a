"""Statements for PostgreSQL that go together: one way there, and one way back.

The driver's own pipeline sends each statement by itself and wakes the server with it, and its
cursors prepare anew for every kind of value. Beneath it libpq holds what it is given until it is
told that this was all.
"""

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import FeatureNotSupported, InvalidSqlStatementName, error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

if TYPE_CHECKING:
    from psycopg.abc import PQGen

Statement = tuple[str, Sequence[Any]]
Rows = Sequence[Sequence[Any]]
# A statement with its values as the server reads them, and in which form each is.
_Dumped = tuple[str, Sequence[Any], Sequence[Any]]
# For each message to the server the statement that it prepares, or nothing where it runs one.
_Sent = Sequence[str | None]
# What begins and ends transactions need not be understood beforehand, and has to be even where the
# server was let forget all statements: those above libpq do so when a table is dropped.
_PLAIN = frozenset({"BEGIN", "COMMIT", "ROLLBACK"})
_OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR)
# Names are never given twice: what a connection has forgotten, its server may still know.
_numbers = count()


class Conversation:
    """What is said to the server on one connection."""

    def __init__(self, connection: "psycopg.Connection[Any]", names: dict[str, bytes]) -> None:
        """Use a connection; `names` are those of the statements that are prepared on it."""
        self._connection = connection
        self._names = names
        self._transformer = Transformer(connection)

    @property
    def is_idle(self) -> bool:
        """Tell whether no transaction is open."""
        return self._connection.pgconn.transaction_status == TransactionStatus.IDLE

    @property
    def is_open(self) -> bool:
        """Tell whether a transaction is open that can be ended."""
        return self._connection.pgconn.transaction_status in _OPEN

    @property
    def begin(self) -> str:
        """Return what begins a transaction of the kind that was chosen for the connection."""
        level, read_only = self._connection.isolation_level, self._connection.read_only
        words = f" ISOLATION LEVEL {level.name.replace('_', ' ')}" if level is not None else ""
        return f"BEGIN{words} READ ONLY" if read_only else f"BEGIN{words}"

    def run(self, statements: Sequence[Statement]) -> list[PGresult]:
        """Run statements in their order, on one way; nothing after one that fails is run."""
        dumped = [(sql, *self._dumped(values)) for sql, values in statements]
        names = dict(self._names)
        pgconn = self._connection.pgconn
        pgconn.enter_pipeline_mode()
        try:
            sent = _held(pgconn, dumped, names)
            pgconn.pipeline_sync()
            results = self._connection.wait(_results(pgconn))
        except BaseException:
            # Nobody knows what it still has to say.
            self._connection.close()
            raise
        pgconn.exit_pipeline_mode()
        return self._checked(sent, names, results)

    def rows(self, result: PGresult) -> Rows:
        """Return the rows of a result, values as the driver gives them."""
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)

    def _dumped(self, values: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return values as the server reads them: bytes as they are, all else as text.

        What type each is to have, the statement says.
        """
        if not values:
            return (), ()
        formats = [PyFormat.BINARY if type(one) is bytes else PyFormat.TEXT for one in values]
        return self._transformer.dump_sequence(values, formats), self._transformer.formats or ()

    def _checked(
        self, sent: _Sent, names: dict[str, bytes], results: Sequence[PGresult]
    ) -> list[PGresult]:
        """Learn which statements are prepared, and return the results of those that were run."""
        ran: list[PGresult] = []
        for prepared, result in zip(sent, results, strict=False):
            if result.status == ExecStatus.FATAL_ERROR:
                raise self._failure(result)
            if prepared is None:
                ran.append(result)
            else:
                self._names[prepared] = names[prepared]
        if len(results) < len(sent):
            raise psycopg.OperationalError("The server said less than it was asked.")
        return ran

    def _failure(self, result: PGresult) -> psycopg.Error:
        wrong = error_from_result(result)
        if isinstance(wrong, InvalidSqlStatementName | FeatureNotSupported):
            # Somebody let the server forget them, or changed a table that they read.
            self._names.clear()
        return wrong


def _held(pgconn: PGconn, statements: Sequence[_Dumped], names: dict[str, bytes]) -> _Sent:
    """Have statements held, each prepared before if it is new, and then among the names."""
    sent: list[str | None] = []
    for sql, params, formats in statements:
        if sql.partition(" ")[0] in _PLAIN:
            pgconn.send_query_params(sql.encode(), None)
        else:
            if sql not in names:
                names[sql] = b"dateline_%d" % next(_numbers)
                pgconn.send_prepare(names[sql], sql.encode())
                sent.append(sql)
            pgconn.send_query_prepared(names[sql], params, param_formats=formats)
        sent.append(None)
    return sent


def _results(pgconn: PGconn) -> "PQGen[list[PGresult]]":
    """Send what is held, and take in all answers to it."""
    yield from _sent(pgconn)
    results: list[PGresult] = []
    while True:
        result = yield from _next(pgconn)
        over = result is not None and result.status == ExecStatus.PIPELINE_SYNC
        if over or pgconn.status == ConnStatus.BAD:
            return results
        # Nothing ends the answer to each statement.
        if result is not None:
            results.append(result)


def _sent(pgconn: PGconn) -> "PQGen[None]":
    """Send, and take in meanwhile: a server that nobody listens to does not listen, either."""
    while pgconn.flush():
        if (yield Wait.RW) & Ready.R:
            pgconn.consume_input()


def _next(pgconn: PGconn) -> "PQGen[PGresult | None]":
    while pgconn.is_busy():
        if (yield Wait.R):
            pgconn.consume_input()
    return pgconn.get_result()
