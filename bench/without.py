"""Dateline without one of its speed layers: `python -m bench.without LAYER serve …`.

Each function here removes a layer, by a setting or by replacing its code. `_replace` fails if the
name of that code has changed.
"""

import json as plain_json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import uvicorn
from sqlalchemy import QueuePool

from app import cli
from app.api import app as composition
from app.api.cache.entries import CacheEntry, EntryStore
from app.api.cache.middleware import AnswerComputer, CacheMiddleware
from app.api.delivery import story_lists
from app.api.http.server import server_hooks
from app.cli import serve
from app.delivery.invalidation import LogStateCache
from app.kit import json
from app.kit.sql import engines
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.sqlite_readers import BEGINS, PooledConnection, SqliteReadPool
from app.kit.sql.sqlite_writer import SqliteWriter
from app.kit.sql.statement import Statement
from app.partners.usage import Usage
from app.server.response_buffer import ResponseBuffer
from app.syndication.model.item import build_item
from app.syndication.model.item_cache import ItemCache


def _replace(owner: Any, name: str, value: object) -> Any:
    """Replace an existing attribute; return its value."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    return before


def cache() -> None:
    """Compute every answer."""
    os.environ["DATELINE_CACHE_BYTES"] = "0"


def ready() -> None:
    """Build the head of a response from its entry for each request."""
    _replace(EntryStore, "prepare", lambda *_: None)


def encodings() -> None:
    """Encode a response for each request."""
    usual = CacheEntry.variant

    def variant(entry: CacheEntry, coding: Any) -> object:
        entry.variants.clear()
        return usual(entry, coding)

    ready()
    _replace(CacheEntry, "variant", variant)


def lookup() -> None:
    """Start a task for every request."""
    usual: Callable[..., object] = server_hooks
    _replace(composition, "server_hooks", lambda _, *others: usual(lambda _: None, *others))


def protocol() -> None:
    """Serve with uvicorn's protocol."""
    _replace(serve, "HttpProtocol", "httptools")


def outbox() -> None:
    """Send each response separately."""
    _replace(ResponseBuffer, "put", lambda _, transport, answer: transport.write(answer))


def loop() -> None:
    """Serve with asyncio's own event loop."""
    usual = uvicorn.Config
    _replace(
        uvicorn, "Config", lambda *given, **named: usual(*given, **named | {"loop": "asyncio"})
    )


def inline() -> None:
    """Compute every answer in a worker thread."""
    _replace(AnswerComputer, "compute_inline", lambda *_: None)


def coalescing() -> None:
    """Compute each request separately, even if equal requests are waiting."""

    class Nothing(dict[Any, Any]):
        def get(self, *_: object) -> None:
            return None

    usual: Callable[..., None] = CacheMiddleware.__init__

    def begin(ring: Any, *given: Any) -> None:
        usual(ring, *given)
        _replace(ring, "_running", Nothing())

    _replace(CacheMiddleware, "__init__", begin)


def query_cache() -> None:
    """Parse the query of a list for each request."""
    parse = getattr(story_lists, "_parse")  # noqa: B009 - its name is private
    _replace(type(story_lists.parsed_lists), "get", lambda _, *given: parse(*given))


def narrow() -> None:
    """Drop every list from the cache when any story changes."""
    _replace(story_lists, "list_cache_dependencies", lambda _: ())


def heads() -> None:
    """Read the log position for every response."""
    _replace(LogStateCache, "put", lambda *_: None)


def item_cache() -> None:
    """Render every story of a feed again."""
    _replace(ItemCache, "load", lambda items, document: build_item(document, items.addresses))


def _fetch_in_session(readers: Any, statement: Any, params: Any = None) -> Any:
    with readers.session(snapshot=False) as session:
        return session.all(statement, params)


def statements() -> None:
    """Run statements through SQLAlchemy, with its cache of compiled statements."""
    usual = ReadSession.all

    def fetch_all(session: Any, statement: Any, params: Any = None) -> Any:
        if not isinstance(statement, Statement):
            return usual(session, statement, params)
        rows = session._connection.execute(statement.clause, params).all()
        make: Any = statement.row
        return rows if make is None else [make._make(row) for row in rows]

    usually: Callable[..., int] = WriteSession.execute

    def execute(session: Any, statement: Any, params: Any = None) -> int:
        clause = statement.clause if isinstance(statement, Statement) else statement
        return usually(session, clause, params)

    _replace(ReadSession, "all", fetch_all)
    _replace(WriteSession, "execute", execute)
    _replace(SqliteReadPool, "fetch", _fetch_in_session)


def driver() -> None:
    """Run the text of a compiled statement through SQLAlchemy's connection."""

    def execute(pooled: PooledConnection, text: str, values: Any) -> object:
        return pooled.connection.exec_driver_sql(text, values)

    _replace(PooledConnection, "execute", execute)


def readers() -> None:
    """Take the connection of each read from SQLAlchemy's pool."""

    @contextmanager
    def reading(held: Any, *, snapshot: bool) -> Iterator[ReadSession]:
        begins = {BEGINS: "BEGIN" if snapshot else None}
        with held._engine.connect().execution_options(**begins) as connection, connection.begin():
            yield ReadSession(connection)

    _replace(engines, "NullPool", QueuePool)
    _replace(SqliteReadPool, "session", reading)
    _replace(SqliteReadPool, "fetch", _fetch_in_session)


def writer() -> None:
    """Open a connection for each transaction that writes."""
    usual = SqliteWriter.transaction

    @contextmanager
    def transaction(writing: Any, *arguments: Any) -> Iterator[object]:
        with usual(writing, *arguments) as session:
            yield session
        writing.close()

    _replace(SqliteWriter, "transaction", transaction)


def orjson() -> None:
    """Read and write JSON with the standard library."""

    def dumps_text(value: Any, **options: Any) -> str:
        return plain_json.dumps(value, ensure_ascii=False, separators=(",", ":"), **options)

    _replace(json, "JSONDecodeError", plain_json.JSONDecodeError)
    _replace(json, "loads", plain_json.loads)
    _replace(json, "dumps_text", dumps_text)
    _replace(json, "dumps", lambda value: dumps_text(value).encode())
    _replace(json, "dumps_sorted", lambda value: dumps_text(value, sort_keys=True).encode())


LAYERS: Mapping[str, Callable[[], None]] = {
    layer.__name__: layer
    for layer in (
        *(cache, ready, encodings, lookup, protocol, outbox, loop, inline, coalescing, query_cache),
        *(narrow, heads, item_cache, statements, driver, readers, writer, orjson),
    )
}


def counting() -> None:
    """Count no usage, and no requests for limits."""
    os.environ["DATELINE_RATE_LIMIT"] = "off"
    _replace(Usage, "add", lambda *_, **__: None)


# What is no speed layer.
WORK: Mapping[str, Callable[[], None]] = {"counting": counting}


def main() -> None:
    """Remove a layer or other work, and run the rest of the command line."""
    {**LAYERS, **WORK}[sys.argv.pop(1)]()
    cli.main()


if __name__ == "__main__":
    main()
