"""Single statements on PostgreSQL, awaited: one round trip each, and no thread."""

import asyncio
from weakref import WeakSet

from sqlalchemy import Dialect

from app.kit.errors import DatabaseBusy
from app.kit.sql.driver_errors import translated_failures
from app.kit.sql.engines import LONGEST_PREPARED, MOST_PREPARED, ORDERED, POOL_SECONDS
from app.kit.sql.postgres import AwaitedConnection, Server, close_awaited, is_lost
from app.kit.sql.session import RowT, Values
from app.kit.sql.sqlite_readers import Trace
from app.kit.sql.statement import Compiled, Statement, compiled_for


class AwaitedReads:
    """Runs statements that are kept, each on a connection that is nobody else's meanwhile.

    Connections are lent as those to a file are (`readers.py`). A pool of SQLAlchemy would take a
    fifth of the processor time of a page, and one of psycopg an eighth.
    """

    def __init__(self, server: Server, dialect: Dialect, size: int, read_seconds: float) -> None:
        """Open nothing yet; `size` is how many connections there may be.

        The server ends a statement that takes more than so many seconds; 0 lets all of them end.
        """
        self.size = size
        self._server = server
        self._dialect = dialect
        self._settings = {**ORDERED, "statement_timeout": str(int(read_seconds * 1000))}
        self._turns = asyncio.Semaphore(size)
        # The one that was used last is lent first.
        self._free: list[AwaitedConnection] = []
        self._open: WeakSet[AwaitedConnection] = WeakSet()
        self.trace: Trace | None = None

    async def fetch(self, statement: Statement[RowT], params: Values = None) -> list[RowT]:
        """Return the rows of one statement, which sees what is committed when it begins.

        One that is cancelled ends on the server, too. A connection on which it failed is closed:
        the cancellation may come late, and must not meet the next one.
        """
        compiled = compiled_for(statement, self._dialect)
        if self.trace is not None:
            self.trace(compiled.text)
        with translated_failures():
            await self._take_turn()
            try:
                connection = await self._lend()
                try:
                    rows = await _rows(connection, compiled, params)
                except BaseException:
                    close_awaited(connection)
                    raise
                self._free.append(connection)
            finally:
                self._turns.release()
        return rows

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(POOL_SECONDS):
                await self._turns.acquire()
        except TimeoutError as late:
            raise DatabaseBusy("Every connection to the database is in use.") from late

    async def _lend(self) -> AwaitedConnection:
        while self._free:
            connection = self._free.pop()
            if not is_lost(connection):
                return connection
            close_awaited(connection)
        connection = await self._server.connect_awaited(self._settings)
        connection.prepared_max = MOST_PREPARED
        self._open.add(connection)
        return connection

    def close(self) -> None:
        """Close every connection, whatever event loop it was used on."""
        for connection in list(self._open):
            close_awaited(connection)


async def _rows(
    connection: AwaitedConnection, compiled: Compiled[RowT], params: Values
) -> list[RowT]:
    # Bytes as they are: as text they are twice as long.
    cursor = connection.cursor(binary=True)
    prepare = False if len(compiled.text) > LONGEST_PREPARED else None
    await cursor.execute(compiled.text, compiled.values(params), prepare=prepare)
    return compiled.rows(await cursor.fetchall())
