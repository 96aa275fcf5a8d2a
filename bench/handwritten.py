"""The same list written by hand for PostgreSQL: raw ASGI, asyncpg and orjson, one statement.

It reads the tables of the idiomatic version, whose address is in `IDIOMATIC_DATABASE`.
"""

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import asyncpg
import orjson

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]

_LIMIT, _CONNECTIONS = 20, 10
_ALWAYS = datetime(2100, 1, 1, tzinfo=UTC)
_LIST = """
SELECT a.id, a.slug, a.kind, a.language, a.version, a.title, a.summary, a.url, a.published_at,
       a.updated_at, a.tags, a.authors, a.image, a.urgency,
       json_build_object('id', s.id, 'slug', s.slug, 'name', s.name, 'url', s.url) AS source,
       (SELECT json_agg(json_build_object('id', c.id, 'slug', c.slug, 'name', c.name))
          FROM article_categories l JOIN categories c ON c.id = l.category_id
         WHERE l.article_id = a.id) AS categories
  FROM articles a JOIN sources s ON s.id = a.source_id
 WHERE a.status = 'published' AND a.published_at < $1
 ORDER BY a.published_at DESC, a.id DESC
 LIMIT $2
"""
# PostgreSQL's JSON text is sent unchanged.
_JSON = ("tags", "authors", "image", "source", "categories")


class Application:
    """Responds to every path with the newest stories before the instant in the query."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._pool: Any = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or handle startup and shutdown."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = await self._list(scope["query_string"])
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        address = os.environ["IDIOMATIC_DATABASE"].replace("+asyncpg", "")
        self._pool = await asyncpg.create_pool(
            address, min_size=_CONNECTIONS, max_size=_CONNECTIONS
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _list(self, query: bytes) -> bytes:
        parameters = parse_qs(query.decode())
        before = parameters.get("published_before")
        moment = datetime.fromisoformat(before[0]) if before else _ALWAYS
        rows = await self._pool.fetch(_LIST, moment, _LIMIT)
        return orjson.dumps({"data": [_story(row) for row in rows]})


def _story(row: Any) -> dict[str, Any]:
    story = dict(row)
    for name in _JSON:
        if story[name] is not None:
            story[name] = orjson.Fragment(story[name])
    return story


def create() -> Application:
    """Build the application."""
    return Application()
