"""The log of embargoed changes, written next to the change log under the same lock."""

from collections.abc import Collection, Sequence
from datetime import datetime
from secrets import randbits
from typing import NamedTuple

from sqlalchemy import and_, bindparam, exists, func, literal_column, or_, select

from app.access.selection import SelectionFields
from app.content.models import ArticleRow
from app.delivery.models import Document, EmbargoedRow, LogRow
from app.delivery.store.log import LOG_LOCK, MARK_BITS, Change, LastChange, load_last_serial
from app.delivery.store.visibility import now_parameter
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Statement

_documents = table_of(Document)
_embargoed = table_of(EmbargoedRow)
_log = table_of(LogRow)


class EmbargoedChange(Change):
    """A change for readers with embargo access only."""

    __slots__ = ()


class _EmbargoedChangeRow(NamedTuple):
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


def _build_row(end: int, change: Change) -> _EmbargoedChangeRow:
    at, _, id_, op, reason, version, notice, before, after, *_ = change
    return _EmbargoedChangeRow(
        end, at, id_, op, reason, version, notice, before, after, randbits(MARK_BITS)
    )


def append_embargoed(session: WriteSession, changes: Sequence[Change]) -> None:
    """Append changes after the current end of the change log, which the lock keeps from moving."""
    if changes:
        session.lock(LOG_LOCK)
        end = load_last_serial(session)
        session.insert(EmbargoedRow, [_build_row(end, change) for change in changes])


def load_last_embargoed_changes(
    session: ReadSession, ids: Collection[str]
) -> dict[str, LastChange]:
    """Return the last row of each story that has one, by id."""
    return {row.id: row for row in session.find(_LAST, ids)}


def find_embargoed_groups(session: ReadSession, groups: Collection[str], now: datetime) -> set[str]:
    """Return the translation groups, of those given, that have a story under embargo."""
    return {group for (group,) in session.find(_GROUPS, groups, now=now)}


def find_offered_in_groups(
    session: ReadSession, groups: Collection[str], now: datetime
) -> list[str]:
    """Return the stories of these groups that are released or under embargo, in a stable order."""
    return sorted(id_ for (id_,) in session.find(_OFFERED, groups, now=now))


def has_unlogged_offers(session: ReadSession, now: datetime) -> bool:
    """Tell whether a story has become readable under embargo and has no row in this log yet."""
    return session.first(_FIRST_UNLOGGED, {"now": now}) is not None


def lock_unlogged_offers(session: ReadSession, now: datetime, limit: int) -> list[str]:
    """Return and lock stories that became readable under embargo and have no row in this log yet.

    Articles are locked before documents, in the same order as commands lock them.
    """
    ids = session.scalars(_NEXT_UNLOGGED, {"now": now, "limit": limit})
    session.find(LOCKED_ARTICLES, ids)
    return [id_ for (id_,) in session.find(_LOCKED_UNLOGGED, ids, now=now)]


def delete_superseded_embargoed(session: WriteSession, upto: int) -> None:
    """Delete rows up to a serial that a later row of their story supersedes, in either log."""
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


# Articles are locked in the same order everywhere, to prevent deadlocks.
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
        # `coalesce` hides the column from its index: the index of groups is the better one.
        func.coalesce(_documents.c.released, True).is_(False),
        _documents.c.published_at > now_parameter(),
        _documents.c.offered_at <= now_parameter(),
    )
)
_OFFERED: Statement[tuple[str]] = Statement(
    select(_documents.c.id).where(
        _of_groups, or_(_documents.c.released.is_(True), _documents.c.offered_at <= now_parameter())
    )
)
_logged = and_(
    _embargoed.c.id == _documents.c.id,
    _embargoed.c.version == _documents.c.version,
    _embargoed.c.op == literal_column("'upsert'"),
)
_UNLOGGED = select(_documents.c.id).where(
    _documents.c.released.is_(False),
    _documents.c.published_at > now_parameter(),
    _documents.c.offered_at <= now_parameter(),
    ~exists().where(_logged),
)
_place = (_documents.c.published_at, _documents.c.id)
_FIRST_UNLOGGED: Statement[tuple[str]] = Statement(_UNLOGGED.limit(1))
_NEXT_UNLOGGED: Statement[tuple[str]] = Statement(
    _UNLOGGED.order_by(*_place).limit(bindparam("limit"))
)
_LOCKED_UNLOGGED: Statement[tuple[str]] = Statement(
    _UNLOGGED.where(is_listed(_documents.c.id)).order_by(*_place).with_for_update(of=_documents)
)
