"""Time bounds of a list query, so that its index is entered at the right place.

A database enters an index with one bound at each end, so only the tightest bound is given, not
several to choose from.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, FromClause, bindparam, func, tuple_

from app.delivery.models import Document
from app.delivery.store.index_ranges import IndexRange
from app.delivery.store.visibility import latest_visible
from app.delivery.story_query import QueryShape
from app.kit.sql.schema import table_of

_documents = table_of(Document)


def page_conditions(
    index_range: IndexRange, shape: QueryShape, dialect: str
) -> Iterator[ColumnElement[bool]]:
    """Return the bounds of a page within an index range, and the other period as a condition.

    A position lies within its period (cursors are bound to their query) and before everything
    that is scheduled, so it is the tightest bound in its direction.
    """
    own = shape.key.removesuffix("_at")
    yield from _range_conditions(
        index_range, shape, "updated" if own == "published" else "published"
    )
    if shape.has_position:
        yield _beyond_position(index_range, shape)
    if shape.grant_ranges is not None:
        # The bounds of its range contain all others.
        return
    if f"{own}_start" in shape.spans and (shape.descending or not shape.has_position):
        yield index_range.place >= _parameter(f"{own}_start")
    if not (shape.has_position and shape.descending):
        yield index_range.place <= _latest(shape, f"{own}_end", dialect)


def period_conditions(index_range: IndexRange, shape: QueryShape) -> Iterator[ColumnElement[bool]]:
    """Return both periods of a selection as conditions, for counting."""
    for name in ("published", "updated"):
        yield from _range_conditions(index_range, shape, name)


def document_conditions(shape: QueryShape, documents: FromClause) -> Iterator[ColumnElement[bool]]:
    """Return both periods of a selection as conditions on documents."""
    for name in ("published", "updated"):
        yield from _within(shape, name, documents.c[f"{name}_at"])


def _range_conditions(
    index_range: IndexRange, shape: QueryShape, name: str
) -> Iterator[ColumnElement[bool]]:
    # The range's own column narrows its index; the document's would need a lookup for each row.
    own = shape.key == f"{name}_at"
    column = index_range.place if own else _documents.c[f"{name}_at"]
    yield from _within(shape, name, column)


def _within(
    shape: QueryShape, name: str, column: ColumnElement[int]
) -> Iterator[ColumnElement[bool]]:
    if f"{name}_start" in shape.spans:
        yield column >= _parameter(f"{name}_start")
    if f"{name}_end" in shape.spans:
        yield column < _parameter(f"{name}_end")


def _beyond_position(index_range: IndexRange, shape: QueryShape) -> ColumnElement[bool]:
    place = tuple_(index_range.place, index_range.id)
    position = tuple_(_parameter("place"), bindparam("place_id"))
    return place < position if shape.descending else place > position


def _latest(shape: QueryShape, end: str, dialect: str) -> ColumnElement[Any]:
    """Return the end of a period, or the latest time that can be visible."""
    latest = latest_visible(shape.key, dialect, embargoed=shape.access.embargoed)
    if end not in shape.spans:
        return latest
    earlier = func.min if dialect == "sqlite" else func.least
    return earlier(_parameter(end) - 1, latest)


def _parameter(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger)
