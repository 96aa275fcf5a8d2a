"""Its database, with the same stories as Dateline's."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, insert, text

from bench.idiomatic.models import Article, Base, Category, Source, article_categories

Row = dict[str, Any]
_BATCH = 500
_NEXT = "SELECT setval(pg_get_serial_sequence('articles', 'id'), max(id)) FROM articles"
_GIVEN = ("kind language title summary url tags authors image urgency dateline").split()


def fill(url: str, corpus: Path) -> None:
    """Make the tables and fill them from an NDJSON file."""
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    with engine.begin() as connection, corpus.open(encoding="utf-8") as file:
        _Filler(connection).add_all(json.loads(line) for line in file)
        if engine.dialect.name == "postgresql":
            # The sequence does not know explicitly inserted numbers.
            connection.execute(text(_NEXT))
    engine.dispose()


class _Filler:
    """Stores the number of each slug."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ids: dict[tuple[str, str], int] = {}
        self._last_article = 0

    def add_all(self, lines: Iterator[Row]) -> None:
        while batch := list(islice(lines, _BATCH)):
            self._sources([line for line in batch if line["type"] == "source"])
            self._categories([line for line in batch if line["type"] == "category"])
            self._articles([line for line in batch if line["type"] == "article"])

    def _number(self, kind: str, slug: str) -> int:
        return self._ids.setdefault((kind, slug), len(self._ids) + 1)

    def _sources(self, lines: list[Row]) -> None:
        rows = [
            {
                "id": self._number("source", line["slug"]),
                **{name: line[name] for name in ("slug", "name", "url")},
            }
            for line in lines
        ]
        if rows:
            self._connection.execute(insert(Source), rows)

    def _categories(self, lines: list[Row]) -> None:
        rows = [
            {
                "id": self._number("category", line["slug"]),
                "slug": line["slug"],
                "name": line["name"],
                "parent_id": line["parent"] and self._number("category", line["parent"]),
            }
            for line in lines
        ]
        if rows:
            self._connection.execute(insert(Category), rows)

    def _articles(self, lines: list[Row]) -> None:
        if not lines:
            return
        first = self._last_article + 1
        self._last_article += len(lines)
        numbered = list(enumerate(lines, first))
        self._connection.execute(insert(Article), [self._article(*pair) for pair in numbered])
        links = [
            {"article_id": number, "category_id": self._number("category", slug)}
            for number, line in numbered
            for slug in line["categories"]
        ]
        self._connection.execute(insert(article_categories), links)

    def _article(self, number: int, line: Row) -> Row:
        moment = datetime.fromisoformat(line["published_at"])
        return {
            **{name: line[name] for name in _GIVEN},
            "id": number,
            "slug": line["external_id"],
            "status": line["status"],
            "version": 1,
            "published_at": moment,
            "updated_at": moment,
            "body_html": line["body"],
            "source_id": self._number("source", line["source"]),
        }
