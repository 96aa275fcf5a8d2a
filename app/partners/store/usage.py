"""SQL of usage: requests, counted stories and bytes by day, partner, key and route."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, String, bindparam, case, cast, func, select, text

from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Nothing, Statement
from app.partners.models import UsageTable

_usage = table_of(UsageTable)


class UsageKey(NamedTuple):
    """A day, the ids of a partner and of a key or feed token (each may be empty), and a route."""

    day: str
    partner_id: str
    key_id: str
    route: str


class UsageRow(NamedTuple):
    """What was used since the last write."""

    day: str
    partner_id: str
    key_id: str
    route: str
    requests: int
    stories: int
    bytes: int


class StoryCounts(NamedTuple):
    """How many stories counted for a partner on a day, and in its month up to that day."""

    day: int
    month: int


# The names are stored with the numbers, because partners and feed tokens can be deleted.
_ADD: Statement[Nothing] = Statement(
    text(
        """
        INSERT INTO usage
            (day, partner_id, key_id, route, partner_slug, partner_name, key_prefix, key_name,
            requests, stories, bytes)
        SELECT :day, :partner_id, :key_id, :route, partners.slug, partners.name,
            COALESCE(api_keys.prefix, feed_tokens.prefix), api_keys.name,
            :requests, :stories, :bytes
        FROM (SELECT 1 AS only) AS added
            LEFT JOIN partners ON partners.id = :partner_id
            LEFT JOIN api_keys ON api_keys.id = :key_id
            LEFT JOIN feed_tokens ON feed_tokens.id = :key_id
        WHERE true
        ON CONFLICT (day, partner_id, key_id, route) DO UPDATE SET
            partner_slug = COALESCE(excluded.partner_slug, usage.partner_slug),
            partner_name = COALESCE(excluded.partner_name, usage.partner_name),
            key_prefix = COALESCE(excluded.key_prefix, usage.key_prefix),
            key_name = COALESCE(excluded.key_name, usage.key_name),
            requests = usage.requests + excluded.requests,
            stories = usage.stories + excluded.stories,
            bytes = usage.bytes + excluded.bytes
        """
    ).bindparams(
        *(bindparam(name, type_=String) for name in UsageKey._fields),
        *(bindparam(name, type_=BigInteger) for name in UsageRow._fields[4:]),
    )
)


def _sum(column: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


_COUNTS = Statement(
    select(
        _sum(case((_usage.c.day == bindparam("day"), _usage.c.stories), else_=0)).label("day"),
        _sum(_usage.c.stories).label("month"),
    ).where(
        _usage.c.partner_id == bindparam("partner_id"),
        _usage.c.day.between(bindparam("month_start"), bindparam("day")),
    ),
    StoryCounts,
)


def add_usage(session: WriteSession, rows: Sequence[UsageRow]) -> None:
    """Add numbers to rows, which are created if needed, in one order to prevent deadlocks."""
    session.execute(_ADD, [row._asdict() for row in sorted(rows)])


def load_story_counts(session: ReadSession, partner_id: str, day: str) -> StoryCounts:
    """Return the numbers of counted stories of a partner on a day and in its month."""
    month_start = f"{day[:8]}01"
    params = {"partner_id": partner_id, "day": day, "month_start": month_start}
    return session.all(_COUNTS, params)[0]
