"""The log of what is under embargo: written beside the change log, under the same lock."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from app.content.models import ArticleRow
from app.delivery.models import Document, EmbargoedRow, LogRow
from app.delivery.store.log import LOG_LOCK, LastChange
from app.delivery.store.visibility import micros, present
from app.kit.clock import to_micros
from app.kit.schema import table_of
from app.kit.session import ReadSession, Record, WriteSession, chunks, filled
from app.kit.statement import Statement

_documents = table_of(Document)
_embargoed = table_of(EmbargoedRow)
_log = table_of(LogRow)


def append_embargoed(session: WriteSession, rows: Sequence[dict[str, Any]]) -> None:
    """Append rows as of the end of the change log, which nobody else moves meanwhile."""
    if rows:
        session.lock(LOG_LOCK)
        end = session.scalar(select(func.max(_log.c.serial))) or 0
        known = [{name: row.get(name) for name in _WRITTEN} for row in rows]
        session.insert(EmbargoedRow, [{**row, "public_serial": end} for row in known])


def last_embargoed_rows(session: ReadSession, ids: Collection[str]) -> dict[str, LastChange]:
    """Return the last row of each story that has one, by id."""
    found: dict[str, LastChange] = {}
    columns = [_embargoed.c[name] for name in ("id", "op", "reason", "version", "before", "after")]
    for part in chunks(ids):
        last = select(func.max(_embargoed.c.serial)).where(_embargoed.c.id.in_(part))
        named = _embargoed.c.serial.in_(last.group_by(_embargoed.c.id))
        for row in session.all(select(*columns).where(named)):
            found[row.id] = LastChange(row.op, row.reason, row.version, row.before, row.after)
    return found


def embargoed_groups(session: ReadSession, groups: Collection[str], now: datetime) -> set[str]:
    """Return those of some groups of translations in which a story is under embargo."""
    found: set[str] = set()
    for part in chunks(groups):
        named = filled(part)
        params: dict[str, Any] = {f"group{n}": group for n, group in enumerate(named)}
        params["now"] = to_micros(now)
        rows = session.all(_groups_under_embargo(len(named)), params)
        found.update(row.translation_group for row in rows)
    return found


def offered_of_groups(session: ReadSession, groups: Collection[str], now: datetime) -> list[str]:
    """Return the stories of these groups that are out or under embargo, in one order."""
    found: list[str] = []
    for part in chunks(groups):
        seen = or_(Document.released.is_(True), Document.offered_at <= now)
        statement = select(Document.id).where(Document.translation_group.in_(part), seen)
        found += [row.id for row in session.all(statement)]
    return sorted(found)


def is_offer_untold(session: ReadSession, now: datetime) -> bool:
    """Tell whether time has offered a story of which this log does not know."""
    return session.first(_FIRST_UNTOLD, {"now": to_micros(now)}) is not None


def newly_offered(session: ReadSession, now: datetime, limit: int) -> Sequence[Record]:
    """Return the stories that time has offered and of which this log does not know.

    They are locked after their articles, as verbs lock them.
    """
    moment, first = {"now": to_micros(now)}, _UNTOLD.order_by(_documents.c.published_at)
    ids = [row.id for row in session.all(first.limit(limit), moment)]
    articles = select(ArticleRow.id).where(ArticleRow.id.in_(ids)).order_by(ArticleRow.id)
    session.all(articles.with_for_update())
    untold = _UNTOLD.where(_documents.c.id.in_(ids))
    return session.all(untold.with_for_update(of=_documents), moment)


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


_WRITTEN = ("at", "id", "op", "reason", "version", "notice", "before", "after")


@lru_cache
def _groups_under_embargo(count: int) -> Statement[Any]:
    groups: list[BindParameter[str]] = [bindparam(f"group{number}") for number in range(count)]
    return Statement(
        select(_documents.c.translation_group)
        .distinct()
        .where(
            _documents.c.translation_group.in_(groups),
            # Said so that no index can have it: the one of groups is to be taken.
            func.coalesce(_documents.c.released, True).is_(False),
            micros(_documents.c.published_at) > present(),
            micros(_documents.c.offered_at) <= present(),
        )
    )


_told = and_(
    _embargoed.c.id == _documents.c.id,
    _embargoed.c.version == _documents.c.version,
    _embargoed.c.op == literal_column("'upsert'"),
)
_UNTOLD = select(_documents.c.id).where(
    _documents.c.released.is_(False),
    micros(_documents.c.published_at) > present(),
    micros(_documents.c.offered_at) <= present(),
    ~exists().where(_told),
)
_FIRST_UNTOLD: Statement[Any] = Statement(_UNTOLD.limit(1))
