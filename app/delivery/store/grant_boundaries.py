"""Instants at which the passing of time alone changes what grants include.

A grant with a delay includes a story some time after its publication, and one with a depth leaves
it out again. So a story crosses a boundary at `published_at` plus each of the `offsets` of the
grants.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from heapq import merge
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Integer,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)

from app.delivery.models import Document
from app.delivery.store.log_state import as_number
from app.delivery.story_query import ListPosition
from app.kit.clock import MICROSECOND, from_micros, to_micros
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Statement


class Boundaries(NamedTuple):
    """The last boundary up to now that a story crossed, and the next one."""

    last: datetime | None = None
    next: datetime | None = None


class Crossing(NamedTuple):
    """A story that crosses a boundary `at` an instant; times are microseconds since 1970."""

    at: int
    id: str


class _Nearest(NamedTuple):
    """The publication dates next to an instant."""

    number: int
    before: int | None
    after: int | None


def load_boundaries(
    session: ReadSession, offsets: Sequence[timedelta], now: datetime
) -> Boundaries:
    """Return the boundaries around now; all stories are considered, granted or not."""
    if not offsets:
        return Boundaries()
    lags = _to_micros(offsets)
    params = {f"at{number}": to_micros(now) - lag for number, lag in enumerate(lags)}
    rows = session.all(_nearest_statement(len(lags)), params)
    before = [row.before + lags[row.number] for row in rows if row.before is not None]
    after = [row.after + lags[row.number] for row in rows if row.after is not None]
    return Boundaries(
        from_micros(max(before)) if before else None, from_micros(min(after)) if after else None
    )


def load_crossings(
    session: ReadSession,
    offsets: Sequence[timedelta],
    position: ListPosition,
    upto: int,
    limit: int,
) -> list[Crossing]:
    """Return the first crossings from a position on and up to an instant, in order."""
    at, id_ = position
    found = []
    for offset in _to_micros(offsets):
        params = {"place": at - offset, "place_id": id_, "upto": upto - offset, "limit": limit}
        rows = session.all(_PUBLISHED, params)
        found.append([Crossing(published + offset, id_) for published, id_ in rows])
    return list(merge(*found))[:limit]


def _to_micros(offsets: Sequence[timedelta]) -> list[int]:
    return [offset // MICROSECOND for offset in offsets]


_documents = table_of(Document)
_published_at = as_number(_documents.c.published_at)
_PUBLISHED: Statement[tuple[int, str]] = Statement(
    select(_published_at.label("published_at"), _documents.c.id)
    .where(
        tuple_(_published_at, _documents.c.id)
        >= tuple_(bindparam("place", type_=BigInteger), bindparam("place_id")),
        _published_at <= bindparam("upto", type_=BigInteger),
    )
    .order_by(_published_at, _documents.c.id)
    .limit(bindparam("limit"))
)


@lru_cache(maxsize=64)
def _nearest_statement(count: int) -> Statement[_Nearest]:
    """Return the statement for so many instants: two index lookups for each."""
    parts = []
    for number in range(count):
        at = bindparam(f"at{number}", type_=BigInteger)
        before = select(func.max(_published_at)).where(_published_at <= at)
        after = select(func.min(_published_at)).where(_published_at > at)
        parts.append(
            select(
                literal_column(str(number), Integer).label("number"),
                before.scalar_subquery().label("before"),
                after.scalar_subquery().label("after"),
            )
        )
    return Statement(union_all(*parts), _Nearest)
