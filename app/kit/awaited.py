"""Single statements on PostgreSQL, awaited: one round trip each, and no thread."""

from weakref import WeakSet

from app.kit.engines import LONGEST_PREPARED, awaited_engine
from app.kit.failures import translated_failures
from app.kit.postgres import AwaitedConnection, Server
from app.kit.readers import Trace
from app.kit.session import RowT, Values
from app.kit.statement import Statement, compiled_for


class AwaitedReads:
    """Runs statements that are kept, each on a connection that is nobody else's meanwhile.

    Connections come from a pool of SQLAlchemy, and the driver runs the statement: through
    `AsyncConnection.exec_driver_sql` it takes twice the processor time.
    """

    def __init__(self, server: Server, size: int, read_seconds: float) -> None:
        """Open nothing yet; `size` is how many connections there may be."""
        self._engine = awaited_engine(server, size, read_seconds)
        self._open: WeakSet[AwaitedConnection] = WeakSet()
        self.trace: Trace | None = None

    async def fetch(self, statement: Statement[RowT], params: Values = None) -> list[RowT]:
        """Return the rows of one statement, which sees what is committed when it begins.

        One that is cancelled ends on the server, too. A connection on which it failed is closed:
        the cancellation may come late, and must not meet the next one.
        """
        compiled = compiled_for(statement, self._engine.dialect)
        if self.trace is not None:
            self.trace(compiled.text)
        prepare = False if len(compiled.text) > LONGEST_PREPARED else None
        with translated_failures():
            pooled = await self._engine.raw_connection()
            connection = pooled.driver_connection
            assert isinstance(connection, AwaitedConnection)
            self._open.add(connection)
            try:
                # Bytes as they are: as text they are twice as long.
                cursor = connection.cursor(binary=True)
                await cursor.execute(compiled.text, compiled.values(params), prepare=prepare)
                rows = await cursor.fetchall()
            except BaseException:
                connection.opened.close()
                raise
            finally:
                pooled.close()
        return compiled.rows(rows)

    def close(self) -> None:
        """Close every connection, whatever event loop it was used on."""
        for connection in list(self._open):
            connection.opened.close()
