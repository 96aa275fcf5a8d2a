"""Connections to PostgreSQL that last: given out again, if they still lead anywhere.

To ask each of them before it is used takes a way to the server and back. A server that ends says
so, which can be seen here; only one that vanished without a word has to be asked, and one that
answered a moment ago has not vanished.
"""

import select
import time
from typing import Any

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

# Seconds for which a connection is trusted after it was used.
_TRUSTED = 2.0
_USED = "dateline_used"


def check_connections(engine: Engine) -> None:
    """Give out no connection that is known, or has reason, to be dead."""

    @event.listens_for(engine, "checkin")
    def note_use(_raw: Any, record: Any) -> None:
        record.info[_USED] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def check(raw: Any, record: Any, _proxy: Any) -> None:
        used = record.info.get(_USED)
        if used is None:
            # It was made just now.
            return
        if raw.closed or (_is_doubtful(raw, used) and not _answers(engine, raw)):
            raise InvalidatePoolError


def _is_doubtful(raw: Any, used: float) -> bool:
    """Tell whether a connection was long unused, or says something that nobody asked for."""
    if time.monotonic() - used > _TRUSTED:
        return True
    poll = select.poll()
    poll.register(raw.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _answers(engine: Engine, raw: Any) -> bool:
    try:
        return engine.dialect.do_ping(raw)
    except psycopg.Error:
        return False
