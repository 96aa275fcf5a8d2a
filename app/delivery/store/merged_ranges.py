"""The index ranges of a reader's grants as one range, in which a story may be several times.

Their terms are merged while they are read, which needs the index of terms alone. Then documents are
looked up, as far as a page needs them.
"""

from typing import Any

from sqlalchemy import Join, literal_column, select, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import Integer

from app.delivery.grant_ranges import RangesShape
from app.delivery.models import Document
from app.delivery.store.index_ranges import (
    IndexRange,
    build_overlapping_range,
    filter_conditions,
    sort_by,
)
from app.delivery.store.log_state import as_number
from app.delivery.story_query import QueryShape
from app.kit.sql.schema import table_of

_documents = table_of(Document)
_NO_LIMIT = literal_column("-1", Integer)


class _OrderedJoin(Join):
    """A join that has the order of its left side: SQLite reads it first, and looks up the right."""

    inherit_cache = True


@compiles(_OrderedJoin, "sqlite")
def _compile_for_sqlite(element: _OrderedJoin, compiler: SQLCompiler, **options: Any) -> str:
    options["asfrom"] = True
    left, right, condition = (
        compiler.process(part, **options)
        for part in (element.left, element.right, element.onclause)
        if part is not None
    )
    return f"{left} CROSS JOIN {right} ON {condition}"


def merge_grant_ranges(shape: QueryShape, ranges: RangesShape, dialect: str) -> IndexRange:
    """Return a range with the rows of all ranges of the reader's grants, in the order of the list.

    The bounds of the ranges contain a position, so only rows at the same time are read before it.
    """
    parts = []
    for number in range(ranges.size):
        part = build_overlapping_range(shape, ranges, number)
        place = as_number(part.place).label("place")
        columns = [part.id.label("id"), place]
        if part.grant is not None:
            columns.append(part.grant.label("number"))
        rows = select(*columns).where(*part.conditions)
        if dialect == "postgresql":
            # PostgreSQL merges what is in order already.
            rows = rows.order_by(*sort_by((part.place, part.id), shape))
        parts.append(rows)
    merged: Any = union_all(*parts)
    if dialect == "sqlite":
        # Without a limit, SQLite might ignore this order.
        ordering = sort_by((literal_column("place"), literal_column("id")), shape)
        merged = merged.order_by(*ordering).limit(_NO_LIMIT)
    found = merged.subquery("merged")
    return IndexRange(
        _OrderedJoin(found, _documents, _documents.c.id == found.c.id),
        found.c.place,
        found.c.id,
        tuple(filter_conditions(shape)),
        shape.access._replace(limited=not ranges.is_exact),
        found.c.number if ranges.is_exact else None,
    )
