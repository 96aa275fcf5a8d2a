"""Between which ends of time a list is read, so that an index is entered at the right place.

A database enters an index by one bound at each end. So of several the tightest is given alone,
not all of them to choose from.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, FromClause, bindparam, func, tuple_

from app.delivery.models import Document
from app.delivery.query import Shape
from app.delivery.store.stretches import Stretch
from app.delivery.store.visibility import horizon
from app.kit.sql.schema import table_of

_documents = table_of(Document)


def bounds(stretch: Stretch, shape: Shape, dialect: str) -> Iterator[ColumnElement[bool]]:
    """Return where a page of a stretch begins and ends, and the other span as a test.

    A position lies within the span that it was given for (cursors are bound to their query)
    and before all that is scheduled, so that in its direction it is the tightest bound.
    """
    own = shape.key.removesuffix("_at")
    yield from _tests(stretch, shape, "updated" if own == "published" else "published")
    if shape.placed:
        yield _beyond_position(stretch, shape)
    if f"{own}_start" in shape.spans and (shape.descending or not shape.placed):
        yield stretch.place >= _end(f"{own}_start")
    if not (shape.placed and shape.descending):
        yield stretch.place <= _last(shape, f"{own}_end", dialect)


def spans(stretch: Stretch, shape: Shape) -> Iterator[ColumnElement[bool]]:
    """Return both spans of a selection as tests, for counting."""
    for name in ("published", "updated"):
        yield from _tests(stretch, shape, name)


def span_tests(shape: Shape, documents: FromClause) -> Iterator[ColumnElement[bool]]:
    """Return both spans of a selection as tests on documents."""
    for name in ("published", "updated"):
        yield from _within(shape, name, documents.c[f"{name}_at"])


def _tests(stretch: Stretch, shape: Shape, name: str) -> Iterator[ColumnElement[bool]]:
    # The stretch's own column narrows its index; the document's would be looked up row by row.
    own = shape.key == f"{name}_at"
    column = stretch.place if own else _documents.c[f"{name}_at"]
    yield from _within(shape, name, column)


def _within(shape: Shape, name: str, column: ColumnElement[int]) -> Iterator[ColumnElement[bool]]:
    if f"{name}_start" in shape.spans:
        yield column >= _end(f"{name}_start")
    if f"{name}_end" in shape.spans:
        yield column < _end(f"{name}_end")


def _beyond_position(stretch: Stretch, shape: Shape) -> ColumnElement[bool]:
    place = tuple_(stretch.place, stretch.id)
    position = tuple_(_end("place"), bindparam("place_id"))
    return place < position if shape.descending else place > position


def _last(shape: Shape, end: str, dialect: str) -> ColumnElement[Any]:
    """Return the last moment of a span, or of all that can be visible."""
    latest = horizon(shape.key, dialect, embargoed=shape.embargoed)
    if end not in shape.spans:
        return latest
    earlier = func.min if dialect == "sqlite" else func.least
    return earlier(_end(end) - 1, latest)


def _end(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger)
