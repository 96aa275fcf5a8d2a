"""The log of what is under embargo: written beside the change log, under the same lock."""

from collections.abc import Collection, Sequence
from datetime import datetime
from secrets import randbits
from typing import NamedTuple

from sqlalchemy import and_, bindparam, exists, func, literal_column, or_, select

from app.access.selection import SelectionFields
from app.content.models import ArticleRow
from app.delivery.models import Document, EmbargoedRow, LogRow
from app.delivery.store.log import LOG_LOCK, MARK_BITS, Change, LastChange, last_serial
from app.delivery.store.visibility import present
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Statement

_documents = table_of(Document)
_embargoed = table_of(EmbargoedRow)
_log = table_of(LogRow)


class EmbargoedChange(Change):
    """A change that those alone are told of who read what is under embargo."""

    __slots__ = ()


class _Row(NamedTuple):
    """A row of this log."""

    public_serial: int
    at: datetime
    id: str
    op: str
    reason: str
    version: int | None
    notice: str | None
    before: SelectionFields | None
    after: SelectionFields | None
    mark: int


def _row(end: int, change: Change) -> _Row:
    at, _, id_, op, reason, version, notice, before, after, *_ = change
    return _Row(end, at, id_, op, reason, version, notice, before, after, randbits(MARK_BITS))


def append_embargoed(session: WriteSession, changes: Sequence[Change]) -> None:
    """Append changes as of the end of the change log, which nobody else moves meanwhile."""
    if changes:
        session.lock(LOG_LOCK)
        end = last_serial(session)
        session.insert(EmbargoedRow, [_row(end, change) for change in changes])


def last_embargoed_rows(session: ReadSession, ids: Collection[str]) -> dict[str, LastChange]:
    """Return the last row of each story that has one, by id."""
    return {row.id: row for row in session.find(_LAST, ids)}


def embargoed_groups(session: ReadSession, groups: Collection[str], now: datetime) -> set[str]:
    """Return those of some groups of translations in which a story is under embargo."""
    return {group for (group,) in session.find(_GROUPS, groups, now=now)}


def offered_of_groups(session: ReadSession, groups: Collection[str], now: datetime) -> list[str]:
    """Return the stories of these groups that are out or under embargo, in one order."""
    return sorted(id_ for (id_,) in session.find(_OFFERED, groups, now=now))


def is_offer_untold(session: ReadSession, now: datetime) -> bool:
    """Tell whether time has offered a story of which this log does not know."""
    return session.first(_FIRST_UNTOLD, {"now": now}) is not None


def newly_offered(session: ReadSession, now: datetime, limit: int) -> list[str]:
    """Return the stories that time has offered and of which this log does not know.

    They are locked after their articles, as verbs lock them.
    """
    ids = session.scalars(_NEXT_UNTOLD, {"now": now, "limit": limit})
    session.find(LOCKED_ARTICLES, ids)
    return [id_ for (id_,) in session.find(_LOCKED_UNTOLD, ids, now=now)]


def forget_superseded_embargoed(session: WriteSession, upto: int) -> None:
    """Delete rows that were followed by another of their story, in either log, up to a serial."""
    later = _embargoed.alias("later")
    followed = select(later.c.serial).where(
        later.c.id == _embargoed.c.id,
        later.c.serial > _embargoed.c.serial,
        later.c.public_serial < upto,
    )
    public = select(_log.c.serial).where(
        _log.c.type == "article",
        _log.c.id == _embargoed.c.id,
        _log.c.serial > _embargoed.c.public_serial,
        _log.c.serial <= upto,
    )
    old = _embargoed.c.public_serial < upto
    over = or_(followed.exists(), public.exists())
    session.execute(_embargoed.delete().where(old, over))


# Articles are locked in one order everywhere.
LOCKED_ARTICLES: Statement[tuple[str]] = Statement(
    select(ArticleRow.id).where(is_listed(ArticleRow.id)).order_by(ArticleRow.id).with_for_update()
)
_LAST = Statement(
    select(*(_embargoed.c[name] for name in LastChange._fields)).where(
        _embargoed.c.serial.in_(
            select(func.max(_embargoed.c.serial))
            .where(is_listed(_embargoed.c.id))
            .group_by(_embargoed.c.id)
        )
    ),
    LastChange,
)
_of_groups = is_listed(_documents.c.translation_group)
_GROUPS: Statement[tuple[str]] = Statement(
    select(_documents.c.translation_group)
    .distinct()
    .where(
        _of_groups,
        # Said so that no index can have it: the one of groups is to be taken.
        func.coalesce(_documents.c.released, True).is_(False),
        _documents.c.published_at > present(),
        _documents.c.offered_at <= present(),
    )
)
_OFFERED: Statement[tuple[str]] = Statement(
    select(_documents.c.id).where(
        _of_groups, or_(_documents.c.released.is_(True), _documents.c.offered_at <= present())
    )
)
_told = and_(
    _embargoed.c.id == _documents.c.id,
    _embargoed.c.version == _documents.c.version,
    _embargoed.c.op == literal_column("'upsert'"),
)
_UNTOLD = select(_documents.c.id).where(
    _documents.c.released.is_(False),
    _documents.c.published_at > present(),
    _documents.c.offered_at <= present(),
    ~exists().where(_told),
)
_place = (_documents.c.published_at, _documents.c.id)
_FIRST_UNTOLD: Statement[tuple[str]] = Statement(_UNTOLD.limit(1))
_NEXT_UNTOLD: Statement[tuple[str]] = Statement(_UNTOLD.order_by(*_place).limit(bindparam("limit")))
_LOCKED_UNTOLD: Statement[tuple[str]] = Statement(
    _UNTOLD.where(is_listed(_documents.c.id)).order_by(*_place).with_for_update(of=_documents)
)
