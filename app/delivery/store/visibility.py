"""The visibility rule, which stands here and only here."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
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

from app.delivery.models import Document
from app.kit.sql.schema import Instant, table_of

_documents = table_of(Document)


def visible(documents: FromClause = _documents, *, embargoed: bool = False) -> ColumnElement[bool]:
    """Return the visibility rule as a condition on documents; `now` is bound.

    A document is visible when it was released or its time has come, and it has not expired. For
    those who read what is under embargo, its time is when it was offered. One that was
    unpublished, deleted or killed is not in the table at all.
    """
    opens = documents.c.offered_at if embargoed else documents.c.published_at
    expires = documents.c.expires_at
    # Said as what must not be: an "or" tempts SQLite to read by both of its halves, and sort.
    waits = and_(documents.c.released.is_(False), opens > present())
    return and_(not_(waits), or_(expires.is_(None), expires > present()))


def embargo_until() -> ColumnElement[Any]:
    """Return the end of a document's embargo while it lasts, for those who read it before."""
    published = _documents.c.published_at
    waits = and_(_documents.c.released.is_(False), published > present())
    return case((waits, published)).label("embargo_until")


def horizon(key: str, dialect: str, *, embargoed: bool) -> ColumnElement[Any]:
    """Return the latest `published_at` or `updated_at` that a visible document can have.

    It follows from the rule, and spares an ordered read the walk past all that is scheduled.
    It is later than now only where the clock was set back after something was released, and for
    the few who read what is under embargo.
    """
    column = _documents.c[key]
    some = true() if embargoed else _documents.c.released
    last = select(func.max(column)).where(some).scalar_subquery()
    later = func.max if dialect == "sqlite" else func.greatest
    latest: ColumnElement[Any] = later(present(), func.coalesce(last, literal_column("0")))
    return latest


def present() -> ColumnElement[Any]:
    """Return the parameter that says what time it is."""
    return bindparam("now", type_=Instant)
