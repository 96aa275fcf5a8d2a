"""All SQL that public reading runs, but for what is visible and by which index it is found."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.sql.expression import CompoundSelect

from app.access.selection import Selection
from app.delivery.models import Document, DocumentBody, LogRow, Redirect
from app.delivery.store.bounds import bounds, spans
from app.delivery.store.preferring import stands_alone
from app.delivery.store.shapes import (
    Form,
    Shape,
    SortKey,
    parts,
    preferences,
    shape_of,
    values_of,
)
from app.delivery.store.stretches import Stretch, is_indexed, stretch_count, stretches
from app.delivery.store.visibility import embargo_until, micros, present, visible
from app.kit.bounded import BoundedCache
from app.kit.clock import to_micros
from app.kit.ids import is_id
from app.kit.schema import table_of
from app.kit.session import ReadSession, Record
from app.kit.statement import Statement

Position = tuple[int, str]
_Rows = Select[Any] | CompoundSelect[Any]

_documents = table_of(Document)
_bodies = table_of(DocumentBody)
_log = table_of(LogRow)
_redirects = table_of(Redirect)

# The planner is asked about rows beyond this many when a count may be an estimate.
_COUNTED_EXACTLY = 10_000


def story_page(
    session: ReadSession,
    shape: Shape,
    values: Mapping[str, Any],
    now: datetime,
    *,
    position: Position | None,
    limit: int,
    headed: bool = False,
) -> Sequence[Record]:
    """Return visible stories of a selection, after a position in an order.

    The selection is given as its shape and its own values. Where stories are `headed`, each
    carries what `log_head` returns, as of the same moment.
    """
    params = {**values, "now": to_micros(now), "limit": limit}
    if position is not None:
        params["place"], params["place_id"] = position
    if shape.picks:
        return _picked(session, shape, params, headed=headed)[:limit]
    rows: Sequence[Record] = session.all(
        _statement("page", shape, session.dialect, headed=headed), params
    )
    return rows


def is_short(selection: Selection, key: SortKey) -> bool:
    """Tell whether a page of a selection takes the rows that it shows, and few others."""
    return is_indexed(shape_of(selection, key=key))


def _picked(
    session: ReadSession, shape: Shape, params: dict[str, Any], *, headed: bool
) -> Sequence[Record]:
    """Return stories that are named one by one; there are few, so they are ordered here."""
    statement = _statement("picked", shape, session.dialect, headed=headed)
    rows: Sequence[Record] = session.all(statement, params)
    return sorted(rows, key=lambda row: (row.place, row.id), reverse=shape.descending)


def story(
    session: ReadSession, ref: str, now: datetime, *, embargoed: bool, headed: bool = False
) -> Record | None:
    """Return one visible story whole, by id or slug (no slug has the form of an id)."""
    by = "id" if is_id(ref) else "slug"
    statement = _story_statement(session.dialect, by, embargoed=embargoed, headed=headed)
    found: Record | None = session.first(statement, {"ref": ref, "now": to_micros(now)})
    return found


def count_exactly(
    session: ReadSession,
    selection: Selection,
    now: datetime,
    *,
    embargoed: bool,
    preferred: Sequence[str] | None = None,
) -> int:
    """Count the visible stories of a selection; given preferred languages, one of each group."""
    shape, params = _counted(selection, now, embargoed, preferred)
    count: int = session.scalar(_statement("count", shape, session.dialect), params)
    return count


def count_roughly(
    session: ReadSession,
    selection: Selection,
    now: datetime,
    *,
    embargoed: bool,
    preferred: Sequence[str] | None = None,
) -> int:
    """Count a selection exactly while it is small; beyond that PostgreSQL's planner guesses."""
    if session.dialect != "postgresql":
        return count_exactly(session, selection, now, embargoed=embargoed, preferred=preferred)
    shape, params = _counted(selection, now, embargoed, preferred)
    few = _bare_statement(shape, session.dialect).limit(_COUNTED_EXACTLY + 1).subquery()
    count: int = session.scalar(select(func.count()).select_from(few), params)
    if count <= _COUNTED_EXACTLY:
        return count
    return max(count, session.estimate(_bare_statement(shape, session.dialect), params))


def _counted(
    selection: Selection, now: datetime, embargoed: bool, preferred: Sequence[str] | None
) -> tuple[Shape, dict[str, Any]]:
    count = None if preferred is None else parts(len(preferred))
    shape = shape_of(selection, embargoed=embargoed, preferred=count)
    return shape, values_of(selection, now) | preferences(preferred or ())


def log_head(session: ReadSession, now: datetime) -> Record:
    """Return the log's position alone, for an answer that found no row to carry it."""
    row: Record | None = session.first(_HEAD, {"now": to_micros(now)})
    assert row is not None
    return row


def translations(session: ReadSession, group: str, but_for: str, now: datetime) -> str | None:
    """Return the public stories of a group, but for one of them, as a text of JSON."""
    statement = _translations_statement(session.dialect)
    params = {"group": group, "but_for": but_for, "now": to_micros(now)}
    found: str | None = session.scalar(statement, params)
    return found


def redirect_target(session: ReadSession, slug: str) -> str | None:
    """Return the id of the story that a former slug leads to."""
    target: str | None = session.scalar(_REDIRECT, {"slug": slug})
    return target


# --- statements ---------------------------------------------------------------------------


_Kind = Literal["page", "picked", "count"]
_Key = tuple[_Kind, Shape, str, bool]
# Bytes of the statements that are kept, and what a part of one takes, by itself and for each
# filter: there are many shapes, and those of many parts are large.
_MOST_KEPT, _OF_A_PART, _OF_A_CLAUSE = 8 * 2**20, 60_000, 15_000


def _weigh(key: _Key, _statement: Statement[Any]) -> int:
    return stretch_count(key[1]) * (_OF_A_PART + _OF_A_CLAUSE * len(key[1].clauses))


_kept: BoundedCache[_Key, Statement[Any]] = BoundedCache(_MOST_KEPT, _weigh)


def _statement(kind: _Kind, shape: Shape, dialect: str, *, headed: bool = False) -> Statement[Any]:
    """Return the statement for a shape, the same object as long as it is kept."""
    known = _kept.get((kind, shape, dialect, headed))
    if known is None:
        match kind:
            case "page":
                known = Statement(_page_statement(shape, dialect, headed=headed))
            case "picked":
                known = Statement(_picked_statement(shape, dialect, headed=headed))
            case "count":
                known = Statement(_count_statement(shape, dialect))
        _kept[kind, shape, dialect, headed] = known
    return known


def _page_statement(shape: Shape, dialect: str, *, headed: bool) -> _Rows:
    found = stretches(shape, dialect)
    if len(found) == 1:
        place = (found[0].place, found[0].id)
        return _ordered(_rows(found[0], shape, dialect, headed=headed), place, shape)
    rows = [_part(one, shape, dialect, headed=headed) for one in found]
    place = (literal_column("place"), literal_column("id"))
    return _ordered(union_all(*rows), place, shape)


def _part(stretch: Stretch, shape: Shape, dialect: str, *, headed: bool) -> Select[Any]:
    """Return one of several stretches that are merged.

    SQLite reads them side by side, each as far as the page needs; PostgreSQL does so if it is
    told that each is in order and how far it goes.
    """
    rows = _rows(stretch, shape, dialect, headed=headed)
    if dialect == "sqlite":
        return rows
    return select(_ordered(rows, (stretch.place, stretch.id), shape).subquery())


def _ordered(rows: Any, place: tuple[Any, Any], shape: Shape) -> _Rows:
    ordering = [column.desc() if shape.descending else column.asc() for column in place]
    ordered: _Rows = rows.order_by(*ordering).limit(bindparam("limit"))
    return ordered


def _rows(stretch: Stretch, shape: Shape, dialect: str, *, headed: bool) -> Select[Any]:
    statement = select(
        *(_head() if headed else ()),
        stretch.id.label("id"),
        *_pieces(shape.form, dialect, embargoed=shape.embargoed),
        stretch.place.label("place"),
    ).select_from(_with_body(stretch.origin, shape.form))
    return statement.where(
        *stretch.conditions,
        *bounds(stretch, shape, dialect),
        visible(embargoed=shape.embargoed),
        *stands_alone(shape, dialect),
    )


def _picked_statement(shape: Shape, dialect: str, *, headed: bool) -> Select[Any]:
    (whole,) = stretches(shape, dialect)
    return _rows(whole, shape, dialect, headed=headed)


@lru_cache(maxsize=16)
def _story_statement(dialect: str, by: str, *, embargoed: bool, headed: bool) -> Statement[Any]:
    pieces = _pieces("whole", dialect, embargoed=embargoed)
    return Statement(
        select(*(_head() if headed else ()), _documents.c.id, *pieces)
        .select_from(_with_body(_documents, "whole"))
        .where(_documents.c[by] == bindparam("ref"), visible(embargoed=embargoed))
    )


def _count_statement(shape: Shape, dialect: str) -> Select[Any]:
    return select(func.count()).select_from(_bare_statement(shape, dialect).subquery())


def _bare_statement(shape: Shape, dialect: str) -> _Rows:
    rows = [
        select(_documents.c.id)
        .select_from(one.origin)
        .where(
            *one.conditions,
            *spans(one, shape),
            visible(embargoed=shape.embargoed),
            *stands_alone(shape, dialect),
        )
        for one in stretches(shape, dialect)
    ]
    return rows[0] if len(rows) == 1 else union_all(*rows)


def _head() -> tuple[ColumnElement[Any], ...]:
    """Return the log's position and the boundaries around now, read together with the rows.

    So an answer says which position it is as new as, with no second query. `due_at` and
    `expired_at` are the last moments at which time alone changed what is visible, before the
    log heard of it; the `next_…` are those to come.
    """
    now = present()
    published, expires = micros(_documents.c.published_at), micros(_documents.c.expires_at)
    last = select(func.max(_log.c.serial))
    return (
        last.scalar_subquery().label("serial"),
        # One look into the index for each type: "not an article" would walk past them all.
        last.where(_log.c.type == "source").scalar_subquery().label("source_serial"),
        last.where(_log.c.type == "category").scalar_subquery().label("category_serial"),
        select(micros(_log.c.at))
        .order_by(_log.c.serial.desc())
        .limit(1)
        .scalar_subquery()
        .label("changed_at"),
        select(func.max(published))
        .where(_documents.c.released.is_(False), published <= now)
        .scalar_subquery()
        .label("due_at"),
        select(func.max(expires)).where(expires <= now).scalar_subquery().label("expired_at"),
        select(func.min(published))
        .where(_documents.c.released.is_(False), published > now)
        .scalar_subquery()
        .label("next_due_at"),
        select(func.min(expires)).where(expires > now).scalar_subquery().label("next_expiry_at"),
    )


def _pieces(form: Form, dialect: str, *, embargoed: bool) -> list[ColumnElement[Any]]:
    wanted = ["source_id", "category_ids", "head", "tail"]
    if form == "whole":
        wanted += ["slug", "translation_group"]
    columns: list[ColumnElement[Any]] = [_documents.c[name] for name in wanted]
    if form != "short":
        columns += [_documents.c.extra, _translations(dialect, embargoed=embargoed)]
    if form == "whole":
        columns.append(_bodies.c.body)
    return [*columns, embargo_until()] if embargoed else columns


def _translations(dialect: str, *, embargoed: bool) -> ColumnElement[Any]:
    """Return the visible stories of the same group as a text of JSON."""
    own = _documents.c
    listed = _listed_group(dialect, own.translation_group, own.id, embargoed=embargoed)
    return listed.correlate(_documents).scalar_subquery().label("translations")


@lru_cache(maxsize=2)
def _translations_statement(dialect: str) -> Statement[Any]:
    return Statement(
        _listed_group(dialect, bindparam("group"), bindparam("but_for"), embargoed=False)
    )


def _listed_group(dialect: str, group: Any, but_for: Any, *, embargoed: bool) -> Select[Any]:
    """Select the visible stories of a group, but for one, as a text of JSON."""
    other = _documents.alias("other")
    pairs = ("language", other.c.language, "id", other.c.id, "slug", other.c.slug)
    if dialect == "sqlite":
        listed: Any = func.json_group_array(func.json_object(*pairs))
    else:
        listed = cast(func.json_agg(func.json_build_object(*pairs)), Text)
    return select(listed).where(
        other.c.translation_group == group,
        other.c.id != but_for,
        visible(other, embargoed=embargoed),
    )


def _with_body(origin: FromClause, form: Form) -> FromClause:
    if form != "whole":
        return origin
    return origin.join(_bodies, _bodies.c.id == _documents.c.id)


_HEAD: Statement[Any] = Statement(select(*_head()))
_REDIRECT: Statement[Any] = Statement(
    select(_redirects.c.id).where(
        _redirects.c.type == "article", _redirects.c.slug == bindparam("slug")
    )
)
