"""Async reads of single statements on PostgreSQL: one round trip each, without a thread."""

import asyncio
from weakref import WeakSet

from psycopg import AsyncRawCursor
from sqlalchemy import Dialect

from app.kit.errors import DatabaseBusy
from app.kit.sql.driver_errors import translate_driver_errors
from app.kit.sql.engines import LIST_SETTINGS, LONGEST_PREPARED_TEXT, MAX_PREPARED, POOL_TIMEOUT
from app.kit.sql.postgres import AsyncConnection, PostgresServer, close_async, is_lost
from app.kit.sql.session import RowT, Values
from app.kit.sql.sqlite_readers import Trace
from app.kit.sql.statement import CompiledStatement, Statement, compile_statement, merge_rows


class AsyncReads:
    """Runs compiled statements, each on a connection from a pool.

    The pool is its own, as for SQLite (`sqlite_readers.py`). SQLAlchemy's pool would take a fifth
    of the CPU time of a page, and psycopg's an eighth.
    """

    def __init__(
        self, server: PostgresServer, dialect: Dialect, size: int, read_seconds: float
    ) -> None:
        """Prepare a pool of at most `size` connections.

        The server cancels a statement after `read_seconds`; 0 means no limit.
        """
        self.size = size
        self._server = server
        self._dialect = dialect
        self._settings = {**LIST_SETTINGS, "statement_timeout": str(int(read_seconds * 1000))}
        self._slots = asyncio.Semaphore(size)
        # A stack: the most recently used connection is used first.
        self._free: list[AsyncConnection] = []
        self._open: WeakSet[AsyncConnection] = WeakSet()
        self.trace: Trace | None = None

    async def fetch(self, statement: Statement[RowT], params: Values = None) -> list[RowT]:
        """Return the rows of a statement, which sees what is committed when it begins.

        When the task is cancelled, the statement ends on the server, too. After an error the
        connection is closed, since a late cancellation could hit the next statement.
        """
        compiled = compile_statement(statement, self._dialect)
        if self.trace is not None:
            self.trace(compiled.text)
        with translate_driver_errors():
            await self._acquire_slot()
            try:
                connection = await self._acquire_connection()
                try:
                    rows = await _fetch_rows(connection, compiled, params)
                except BaseException:
                    close_async(connection)
                    raise
                self._free.append(connection)
            finally:
                self._slots.release()
        return rows

    async def _acquire_slot(self) -> None:
        try:
            async with asyncio.timeout(POOL_TIMEOUT):
                await self._slots.acquire()
        except TimeoutError as late:
            raise DatabaseBusy("Every connection to the database is in use.") from late

    async def _acquire_connection(self) -> AsyncConnection:
        while self._free:
            connection = self._free.pop()
            if not is_lost(connection):
                return connection
            close_async(connection)
        connection = await self._server.connect_async(self._settings)
        connection.prepared_max = MAX_PREPARED
        self._open.add(connection)
        return connection

    def close(self) -> None:
        """Close every connection, on any event loop."""
        for connection in list(self._open):
            close_async(connection)


async def _fetch_rows(
    connection: AsyncConnection, compiled: CompiledStatement[RowT], params: Values
) -> list[RowT]:
    text, list_values = compiled.numbered_sql
    values = compiled.values(params)
    # psycopg would parse a long text with named parameters for each execution.
    cursor = AsyncRawCursor(connection)
    prepare = False if len(text) > LONGEST_PREPARED_TEXT else None
    # In the text format, bytes take twice the size.
    await cursor.execute(text, list_values(values), prepare=prepare, binary=True)
    rows = await cursor.fetchall()
    if compiled.merged_by is not None:
        rows = merge_rows(rows, compiled.merged_by, values["limit"])
    return compiled.rows(rows)
