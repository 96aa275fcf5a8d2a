"""The visibility rule, which is defined here and nowhere else.

Terms: A document is *offered* at `offered_at`: from then on, readers with embargo access see it.
It is *due* from `published_at` on. It is *released* once its publication is in the log and
`released` is set; it stays released if the clock is set back. A change
is *held* if only the embargo log gets it, because its story is offered but not public yet. A
document is public if it is due or released, and has not expired.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from app.delivery.access_shape import PUBLIC_ACCESS, AccessShape
from app.delivery.models import Document
from app.delivery.store.grants import first_grant
from app.kit.sql.schema import Instant, table_of

_documents = table_of(Document)


def is_visible(
    documents: FromClause = _documents, access: AccessShape = PUBLIC_ACCESS
) -> ColumnElement[bool]:
    """Return the visibility rule as a condition on documents; `now` is a parameter.

    A document is visible if it was released or its publication time has come, it has not expired,
    and a grant of the reader includes it. For readers with embargo access, the time is when it was
    offered. Unpublished, deleted and killed stories have no document.
    """
    opens = documents.c.offered_at if access.embargoed else documents.c.published_at
    expires = documents.c.expires_at
    # A negation, because "or" would tempt SQLite to read both halves separately and sort.
    waits = and_(documents.c.released.is_(False), opens > now_parameter())
    granted = (first_grant(documents).is_not(None),) if access.limited else ()
    return and_(not_(waits), or_(expires.is_(None), expires > now_parameter()), *granted)


def grant_number(access: AccessShape) -> ColumnElement[Any]:
    """Return the number of the grant that a document is sent under; 0 if there is only one."""
    return first_grant(_documents) if access.limited else literal_column("0", Integer)


def embargo_until() -> ColumnElement[Any]:
    """Return the end of a document's embargo while it lasts, for readers with embargo access."""
    published = _documents.c.published_at
    waits = and_(_documents.c.released.is_(False), published > now_parameter())
    return case((waits, published)).label("embargo_until")


def latest_visible(key: str, dialect: str, *, embargoed: bool) -> ColumnElement[Any]:
    """Return the latest `published_at` or `updated_at` that a visible document can have.

    It follows from the visibility rule, so that an ordered query does not scan everything that is
    scheduled. It is later than now only if the clock was set back after a release, and for
    readers with embargo access.
    """
    column = _documents.c[key]
    some = true() if embargoed else _documents.c.released
    last = select(func.max(column)).where(some).scalar_subquery()
    later = func.max if dialect == "sqlite" else func.greatest
    latest: ColumnElement[Any] = later(now_parameter(), func.coalesce(last, literal_column("0")))
    return latest


def now_parameter() -> ColumnElement[Any]:
    """Return the parameter with the current time."""
    return bindparam("now", type_=Instant)
