"""Connections to an SQLite file that readers borrow, held open from one read to the next.

To open one costs a hundred times what a read does, and an open one has the pages that it read. Each
is lent to one reader at a time, the one that came back last first.
"""

import threading
from typing import Any

from sqlalchemy import Connection, Engine, event

# An option of connections: what their transactions begin with, or nothing.
BEGINS = "dateline_begins"
# Letters of the texts that the driver keeps prepared on a connection, of the main thread and of
# any other: some twelve bytes each. It counts statements alone, so a connection that was asked
# for more is closed, and another one opened.
_MOST_OF_MAIN, _MOST_OF_OTHERS = 512 * 1024, 128 * 1024
# The loop runs in the main thread, and answers most readers. A thousand stories of a million touch
# some seven pages each that are nobody else's. There are dozens of other threads, and what they
# read is in the system's memory. In KiB.
_CACHE_OF_MAIN, _CACHE_OF_OTHERS = 40_960, 4_096
_PREPARED, _LEFT = "dateline_prepared", "dateline_left"


class Readers:
    """Lends connections that are open, and opens another one where all are lent."""

    def __init__(self, engine: Engine) -> None:
        """Open nothing yet."""
        self._engine = engine
        self._main = threading.main_thread().ident
        # Kept apart, so that the main thread gets the pages back that it has read.
        self._of_main: list[Connection] = []
        self._of_others: list[Connection] = []
        self._is_closed = False
        event.listen(engine, "before_cursor_execute", _note_prepared)

    def lend(self) -> Connection:
        """Return a connection on which nothing is begun, for the caller alone."""
        try:
            return self._kept().pop()
        except IndexError:
            return self._opened()

    def take_back(self, connection: Connection) -> None:
        """Keep a connection for the next reader, unless too much was prepared on it."""
        if connection.info[_LEFT] < 0 or self._is_closed:
            connection.close()
        else:
            self._kept().append(connection)

    def close(self) -> None:
        """Close what is not lent; the rest is closed when it comes back."""
        self._is_closed = True
        for kept in (self._of_main, self._of_others):
            while kept:
                kept.pop().close()

    def _is_in_main(self) -> bool:
        return threading.get_ident() == self._main

    def _kept(self) -> list[Connection]:
        return self._of_main if self._is_in_main() else self._of_others

    def _opened(self) -> Connection:
        connection = self._engine.connect().execution_options(**{BEGINS: None})
        cache = _CACHE_OF_MAIN if self._is_in_main() else _CACHE_OF_OTHERS
        connection.exec_driver_sql(f"PRAGMA cache_size = -{cache}")
        connection.info[_PREPARED] = set()
        connection.info[_LEFT] = _MOST_OF_MAIN if self._is_in_main() else _MOST_OF_OTHERS
        return connection


def _note_prepared(connection: Connection, _cursor: object, text: str, *_: Any) -> None:
    """Note that a statement is prepared on a connection, if it is one for readers."""
    prepared: set[str] | None = connection.info.get(_PREPARED)
    if prepared is not None and text not in prepared:
        prepared.add(text)
        connection.info[_LEFT] -= len(text)
