"""SQL of receipts: which partner received which story, and its removal."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Text, bindparam, null, select, text

from app.kit import json
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import Instant, table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Nothing, Query, Statement
from app.partners.counting import CountedStory, Recipient
from app.partners.models import PartnerTable, ReceiptTable

# A story that was sent to a partner: both ids, when it was sent first and last in microseconds, and
# the version, form and route of the last answer. It is written as JSON.
SentRow = tuple[str, str, int, int, int, str, str]


class RemovalRow(NamedTuple):
    """The removal of a story that was sent to a partner."""

    article_id: str
    partner_id: str
    at: datetime
    route: str


class ReceiptRow(NamedTuple):
    """What a partner received of a story; a deleted partner has no slug and no name."""

    partner_id: str
    slug: str | None
    name: str | None
    first_at: datetime
    last_at: datetime
    version: int
    form: str
    route: str
    removal_at: datetime | None
    removal_route: str | None


_receipts, _partners = table_of(ReceiptTable), table_of(PartnerTable)
# Lists of rows are bound as one JSON value, so that a statement does not depend on their number.
_EACH = {"sqlite": "json_each(:rows)", "postgresql": "json_array_elements(CAST(:rows AS json))"}


def _build_sent(each: str) -> Statement[Nothing]:
    """Build the statement that writes rows of stories that were sent.

    Batches of several processes may arrive in another order than they were sent in. Purged stories
    get no row again.
    """
    inserting = text(
        f"""
        INSERT INTO receipts
            (article_id, partner_id, first_at, last_at, version, form, route)
        SELECT articles.id, item.value ->> 1, CAST(item.value ->> 2 AS BIGINT),
            CAST(item.value ->> 3 AS BIGINT), CAST(item.value ->> 4 AS INTEGER),
            item.value ->> 5, item.value ->> 6
        FROM {each} AS item JOIN articles ON articles.id = item.value ->> 0
        WHERE true ORDER BY 2, 1
        ON CONFLICT (article_id, partner_id) DO UPDATE SET
            first_at = CASE WHEN excluded.first_at < receipts.first_at
                THEN excluded.first_at ELSE receipts.first_at END,
            version = CASE WHEN excluded.last_at >= receipts.last_at
                THEN excluded.version ELSE receipts.version END,
            form = CASE WHEN excluded.last_at >= receipts.last_at
                THEN excluded.form ELSE receipts.form END,
            route = CASE WHEN excluded.last_at >= receipts.last_at
                THEN excluded.route ELSE receipts.route END,
            removal_at = CASE WHEN excluded.last_at > receipts.removal_at
                THEN NULL ELSE receipts.removal_at END,
            removal_route = CASE WHEN excluded.last_at > receipts.removal_at
                THEN NULL ELSE receipts.removal_route END,
            last_at = CASE WHEN excluded.last_at > receipts.last_at
                THEN excluded.last_at ELSE receipts.last_at END
        """  # noqa: S608 - `each` is SQL of this module, and values are bound
    )
    return Statement(inserting.bindparams(bindparam("rows", type_=Text)))


def _build_outdated(each: str) -> Statement[CountedStory]:
    """Build the statement that finds receipts without such a new version, sent whole."""
    finding = text(
        f"""
        SELECT {", ".join(f"receipts.{name}" for name in CountedStory._fields)}
        FROM {each} AS item JOIN receipts
            ON receipts.article_id = item.value ->> 0 AND receipts.partner_id = item.value ->> 1
        WHERE receipts.full_version IS NULL
            OR receipts.full_version < CAST(item.value ->> 2 AS INTEGER)
        """  # noqa: S608 - `each` is SQL of this module, and values are bound
    )
    columns = (_receipts.c[name] for name in CountedStory._fields)
    return Statement(
        finding.bindparams(bindparam("rows", type_=Text)).columns(*columns), CountedStory
    )


_SENT = {dialect: _build_sent(each) for dialect, each in _EACH.items()}
_OUTDATED = {dialect: _build_outdated(each) for dialect, each in _EACH.items()}
_REMOVED: Statement[Nothing] = Statement(
    _receipts.update()
    .where(
        _receipts.c.article_id == bindparam("of_article"),
        _receipts.c.partner_id == bindparam("of_partner"),
        _receipts.c.removal_at.is_(None),
        _receipts.c.last_at <= bindparam("at", type_=Instant),
    )
    .values(removal_at=bindparam("at", type_=Instant), removal_route=bindparam("by_route"))
)
_COUNTED = Statement(
    select(*(_receipts.c[name] for name in CountedStory._fields)).where(
        is_listed(_receipts.c.article_id), is_listed(_receipts.c.partner_id, "partner_ids")
    ),
    CountedStory,
)
_SET_COUNTED: Statement[Nothing] = Statement(
    _receipts.update()
    .where(
        _receipts.c.article_id == bindparam("of_article"),
        _receipts.c.partner_id == bindparam("of_partner"),
    )
    .values({name: bindparam(f"new_{name}") for name in CountedStory._fields[2:]})
)
_OLD = Statement(
    select(
        _receipts.c.article_id,
        _receipts.c.partner_id,
        _receipts.c.full_version,
        *(null().label(name) for name in CountedStory._fields[3:]),
    )
    .where(_receipts.c.last_counted_on < bindparam("day"))
    .order_by(_receipts.c.last_counted_on)
    .limit(bindparam("limit")),
    CountedStory,
)


def write_receipts(
    session: WriteSession, sent: Sequence[SentRow], removed: Sequence[RemovalRow]
) -> None:
    """Write what partners received; a removal without a receipt is ignored."""
    if sent:
        session.execute(_SENT[session.dialect], {"rows": json.dumps_text(sent)})
    rows = [
        {"of_article": article_id, "of_partner": partner_id, "at": at, "by_route": route}
        for article_id, partner_id, at, route in removed
    ]
    session.execute(_REMOVED, rows)


def load_counted(
    session: ReadSession, recipients: Collection[Recipient]
) -> dict[Recipient, CountedStory]:
    """Return what partners have received of stories, and perhaps more."""
    articles, partners = ({pair[place] for pair in recipients} for place in (0, 1))
    rows = session.find(_COUNTED, sorted(articles), partner_ids=sorted(partners))
    return {(row.article_id, row.partner_id): row for row in rows}


def load_outdated(
    session: ReadSession, versions: Mapping[Recipient, int]
) -> dict[Recipient, CountedStory]:
    """Return what partners have received of stories, unless they have this or a newer version."""
    if not versions:
        return {}
    listed = [(*recipient, version) for recipient, version in versions.items()]
    rows = session.all(_OUTDATED[session.dialect], {"rows": json.dumps_text(listed)})
    return {(row.article_id, row.partner_id): row for row in rows}


def update_counted(session: WriteSession, rows: Sequence[CountedStory]) -> None:
    """Store which versions of stories partners have received whole, and when they counted."""
    values = [
        {"of_article": row.article_id, "of_partner": row.partner_id}
        | {f"new_{name}": getattr(row, name) for name in CountedStory._fields[2:]}
        for row in rows
    ]
    session.execute(_SET_COUNTED, values)


def forget_counted_days(session: WriteSession, before: str, limit: int) -> int:
    """Delete the days of stories that last counted before a day; return how many rows had one."""
    rows = session.all(_OLD, {"day": before, "limit": limit})
    # In the order in which receipts are written, to prevent deadlocks.
    update_counted(session, sorted(rows, key=attrgetter("partner_id", "article_id")))
    return len(rows)


def load_receipts(
    session: ReadSession, article_id: str, position: str | None, limit: int, *, backwards: bool
) -> list[ReceiptRow]:
    """Return the receipts of a story by partner, after a partner or (backwards) before it."""
    own = _receipts.c
    columns = (own[name] for name in ReceiptRow._fields[3:])
    statement = (
        select(own.partner_id, _partners.c.slug, _partners.c.name, *columns)
        .outerjoin_from(_receipts, _partners, _partners.c.id == own.partner_id)
        .where(own.article_id == article_id)
        .limit(limit)
    )
    if position is not None:
        after = own.partner_id < position if backwards else own.partner_id > position
        statement = statement.where(after)
    order = own.partner_id.desc() if backwards else own.partner_id
    return session.all(Query(statement.order_by(order), ReceiptRow))


def delete_receipts(session: WriteSession, article_ids: Collection[str]) -> None:
    """Delete the receipts of stories."""
    session.delete(ReceiptTable.article_id, article_ids)
