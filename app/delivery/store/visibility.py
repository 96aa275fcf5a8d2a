"""The visibility rule, which stands here and only here."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    func,
    not_,
    or_,
    select,
    type_coerce,
)

from app.delivery.models import Document
from app.kit.schema import table_of

_documents = table_of(Document)


def visible(documents: FromClause = _documents) -> ColumnElement[bool]:
    """Return the visibility rule as a condition on documents; `now` is bound in microseconds.

    A document is visible when it was released or its time has come, and it has not expired.
    One that was unpublished, deleted or killed is not in the table at all.
    """
    published, expires = micros(documents.c.published_at), micros(documents.c.expires_at)
    # Said as what must not be: an "or" tempts SQLite to read by both of its halves, and sort.
    waits = and_(documents.c.released.is_(False), published > present())
    return and_(not_(waits), or_(expires.is_(None), expires > present()))


def horizon(key: str, dialect: str) -> ColumnElement[Any]:
    """Return the latest `published_at` or `updated_at` that a visible document can have.

    It follows from the rule, and spares an ordered read the walk past all that is scheduled.
    It is later than now only where the clock was set back after something was released.
    """
    column = micros(_documents.c[key])
    last = select(func.max(column)).where(_documents.c.released).scalar_subquery()
    later = func.max if dialect == "sqlite" else func.greatest
    latest: ColumnElement[Any] = later(present(), func.coalesce(last, 0))
    return latest


def present() -> ColumnElement[Any]:
    """Return the parameter that says what time it is."""
    return bindparam("now", type_=BigInteger)


def micros(column: Any) -> ColumnElement[Any]:
    """Return an instant's column as the number it is kept as: nothing to convert a row."""
    return type_coerce(column, BigInteger)
