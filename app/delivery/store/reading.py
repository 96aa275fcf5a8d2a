"""All SQL that public reading runs. The visibility rule stands here, and only here.

A statement depends on the *shape* of what is asked, not on its values, so there are few of
them, each is built once, and values are bound by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
    text,
    tuple_,
    type_coerce,
)

from app.access.selection import Field, Selection
from app.delivery.models import Document, DocumentBody, DocumentTerm, LogRow, Redirect
from app.kit.clock import to_micros
from app.kit.schema import table_of
from app.kit.session import Reads, ReadSession, Record

Form = Literal["short", "full", "whole"]
SortKey = Literal["published_at", "updated_at"]
Position = tuple[int, str]

_documents = table_of(Document)
_terms = table_of(DocumentTerm)
_bodies = table_of(DocumentBody)
_log = table_of(LogRow)
_redirects = table_of(Redirect)

_TERM_FIELDS = frozenset({"category", "tag", "author", "language"})
# Of several terms, the list is driven by the one that is likely the rarest.
_DRIVERS: tuple[Field, ...] = ("tag", "author", "category", "language")
_COLUMNS = {"source": _documents.c.source_id, "kind": _documents.c.kind, "id": _documents.c.id}

# The planner is asked about rows beyond this many when a count may be an estimate.
_COUNTED_EXACTLY = 10_000


@dataclass(frozen=True, slots=True)
class Shape:
    """What a list statement depends on."""

    clauses: tuple[tuple[Field, int, int], ...]
    spans: tuple[bool, bool, bool, bool]
    key: SortKey = "published_at"
    descending: bool = True
    placed: bool = False
    form: Form = "short"


def visible() -> ColumnElement[bool]:
    """Return the visibility rule as a condition on documents.

    A document is visible when it was released or its time has come, and it has not expired.
    One that was unpublished, deleted or killed is not in the table at all.
    """
    now = bindparam("now", type_=BigInteger)
    published, expires = _micros(_documents.c.published_at), _micros(_documents.c.expires_at)
    return and_(
        or_(_documents.c.released, published <= now),
        or_(expires.is_(None), expires > now),
    )


def story_page(
    session: Reads,
    selection: Selection,
    now: datetime,
    *,
    key: SortKey,
    descending: bool,
    position: Position | None,
    form: Form,
    limit: int,
) -> Sequence[Record]:
    """Return visible stories of a selection after a position in an order."""
    shape = Shape(
        _clause_shapes(selection),
        _span_shapes(selection),
        key,
        descending,
        position is not None,
        form,
    )
    params = _params(selection, now) | {"limit": limit}
    if position is not None:
        params |= {"place": position[0], "place_id": position[1]}
    rows: Sequence[Record] = session.all(_page_statement(shape, session.dialect), params)
    return rows


def story(session: Reads, ref: str, now: datetime) -> Record | None:
    """Return one visible story whole, by id or slug."""
    params = {"ref": ref, "now": to_micros(now)}
    found: Record | None = session.first(_story_statement(session.dialect), params)
    return found


def count_exactly(session: Reads, selection: Selection, now: datetime) -> int:
    """Count the visible stories of a selection."""
    shape = Shape(_clause_shapes(selection), _span_shapes(selection))
    count: int = session.scalar(_count_statement(shape), _params(selection, now))
    return count


def count_roughly(session: Reads, selection: Selection, now: datetime) -> int:
    """Count a selection exactly while it is small; beyond that PostgreSQL's planner guesses."""
    if not isinstance(session, ReadSession) or session.dialect != "postgresql":
        return count_exactly(session, selection, now)
    shape = Shape(_clause_shapes(selection), _span_shapes(selection))
    params = _params(selection, now)
    few = _bare_statement(shape).limit(_COUNTED_EXACTLY + 1).subquery()
    count: int = session.scalar(select(func.count()).select_from(few), params)
    if count <= _COUNTED_EXACTLY:
        return count
    return max(count, session.estimate(_bare_statement(shape), params))


def log_head(session: Reads, now: datetime) -> Record:
    """Return the log's position alone, for an answer that found no row to carry it."""
    row: Record = session.first(_HEAD, {"now": to_micros(now)})
    return row


def redirect_target(session: Reads, slug: str) -> str | None:
    """Return the id of the story that a former slug leads to."""
    target: str | None = session.scalar(_REDIRECT, {"slug": slug})
    return target


# --- statements ---------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _page_statement(shape: Shape, dialect: str) -> Select[Any]:
    origin, place = _origin(shape)
    order = tuple_(*place)
    statement = select(*_head(), *_pieces(shape.form, dialect), place[0].label("place"))
    statement = statement.select_from(_with_body(origin, shape.form)).where(*_conditions(shape))
    if shape.placed:
        position = tuple_(bindparam("place", type_=BigInteger), bindparam("place_id"))
        statement = statement.where(order < position if shape.descending else order > position)
    ordering = [column.desc() if shape.descending else column.asc() for column in place]
    return statement.order_by(*ordering).limit(bindparam("limit"))


@lru_cache(maxsize=2)
def _story_statement(dialect: str) -> Select[Any]:
    ref: BindParameter[str] = bindparam("ref")
    return (
        select(*_head(), *_pieces("whole", dialect))
        .select_from(_with_body(_documents, "whole"))
        .where(or_(_documents.c.id == ref, _documents.c.slug == ref), visible())
    )


@lru_cache(maxsize=64)
def _count_statement(shape: Shape) -> Select[Any]:
    return select(func.count()).select_from(_bare_statement(shape).subquery())


def _bare_statement(shape: Shape) -> Select[Any]:
    origin, _ = _origin(shape)
    return select(_documents.c.id).select_from(origin).where(*_conditions(shape))


def _head() -> tuple[ColumnElement[Any], ...]:
    """Return the log's position and the boundaries around now, read together with the rows.

    So an answer says which position it is as new as, with no second query. `due_at` and
    `expired_at` are the last moments at which time alone changed what is visible, before the
    log heard of it; the `next_…` are those to come.
    """
    now = bindparam("now", type_=BigInteger)
    published, expires = _micros(_documents.c.published_at), _micros(_documents.c.expires_at)
    last = select(func.max(_log.c.serial))
    return (
        last.scalar_subquery().label("serial"),
        # One look into the index for each type: "not an article" would walk past them all.
        last.where(_log.c.type == "source").scalar_subquery().label("source_serial"),
        last.where(_log.c.type == "category").scalar_subquery().label("category_serial"),
        select(_micros(_log.c.at))
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


def _pieces(form: Form, dialect: str) -> list[ColumnElement[Any]]:
    wanted = ["id", "slug", "source_id", "category_ids", "head", "tail"]
    columns: list[ColumnElement[Any]] = [_documents.c[name] for name in wanted]
    if form == "whole":
        columns.append(_documents.c.translation_group)
    if form != "short":
        columns += [_documents.c.extra, _translations(dialect)]
    if form == "whole":
        columns.append(_bodies.c.body)
    return columns


def _translations(dialect: str) -> ColumnElement[Any]:
    """Return the visible stories of the same group as a text of JSON."""
    other = _documents.alias("other")
    now = bindparam("now", type_=BigInteger)
    rule = and_(
        or_(other.c.released, _micros(other.c.published_at) <= now),
        or_(other.c.expires_at.is_(None), _micros(other.c.expires_at) > now),
    )
    pairs = ("language", other.c.language, "id", other.c.id, "slug", other.c.slug)
    if dialect == "sqlite":
        listed: Any = func.json_group_array(func.json_object(*pairs))
    else:
        listed = cast(func.json_agg(func.json_build_object(*pairs)), Text)
    return (
        select(listed)
        .where(
            other.c.translation_group == _documents.c.translation_group,
            other.c.id != _documents.c.id,
            rule,
        )
        .correlate(_documents)
        .scalar_subquery()
        .label("translations")
    )


def _with_body(origin: FromClause, form: Form) -> FromClause:
    if form != "whole":
        return origin
    return origin.join(_bodies, _bodies.c.id == _documents.c.id)


def _origin(shape: Shape) -> tuple[FromClause, tuple[ColumnElement[Any], ColumnElement[Any]]]:
    """Return where rows come from, and the columns of the index that has them in order."""
    if _driver(shape) is None:
        return _documents, (_micros(_documents.c[shape.key]), _documents.c.id)
    joined = _terms.join(_documents, _documents.c.id == _terms.c.id)
    return joined, (_micros(_terms.c.published_at), _terms.c.id)


def _driver(shape: Shape) -> int | None:
    """Return which clause names one stretch of the terms' index, if one does."""
    if shape.key != "published_at":
        return None
    for field in _DRIVERS:
        for index, (name, included, excluded) in enumerate(shape.clauses):
            if name == field and included == 1 and excluded == 0:
                return index
    return None


def _conditions(shape: Shape) -> list[ColumnElement[bool]]:
    driver = _driver(shape)
    conditions = [visible()]
    for index, (name, included, excluded) in enumerate(shape.clauses):
        values: list[BindParameter[str]] = [
            bindparam(f"c{index}_{number}") for number in range(included + excluded)
        ]
        if index == driver:
            conditions += [_terms.c.field == text(f"'{name}'"), _terms.c.value == values[0]]
            continue
        if included:
            conditions.append(_holds(name, values[:included]))
        if excluded:
            conditions.append(~_holds(name, values[included:]))
    return conditions + _span_conditions(shape)


def _span_conditions(shape: Shape) -> list[ColumnElement[bool]]:
    # The driver's own column narrows its index; the document's would be looked up row by row.
    origin = _documents if _driver(shape) is None else _terms
    published, updated = _micros(origin.c.published_at), _micros(_documents.c.updated_at)
    candidates = (
        published >= bindparam("published_start", type_=BigInteger),
        published < bindparam("published_end", type_=BigInteger),
        updated >= bindparam("updated_start", type_=BigInteger),
        updated < bindparam("updated_end", type_=BigInteger),
    )
    return [one for one, asked in zip(candidates, shape.spans, strict=True) if asked]


def _holds(field: Field, values: list[Any]) -> ColumnElement[bool]:
    if field in _COLUMNS:
        column = _COLUMNS[field]
        return and_(column.is_not(None), column.in_(values))
    inner = _terms.alias()
    return exists().where(
        inner.c.id == _documents.c.id,
        inner.c.field == text(f"'{field}'"),
        inner.c.value.in_(values),
    )


def _micros(column: Any) -> ColumnElement[Any]:
    """Return an instant's column as the number it is kept as: nothing to convert a row."""
    return type_coerce(column, BigInteger)


_HEAD = select(*_head())
_REDIRECT = select(_redirects.c.id).where(
    _redirects.c.type == "article", _redirects.c.slug == bindparam("slug")
)


# --- values -------------------------------------------------------------------------------


def _clause_shapes(selection: Selection) -> tuple[tuple[Field, int, int], ...]:
    return tuple((one.field, len(one.included), len(one.excluded)) for one in selection.clauses)


def _span_shapes(selection: Selection) -> tuple[bool, bool, bool, bool]:
    bounds = _bounds(selection)
    return tuple(bound is not None for bound in bounds.values())  # type: ignore[return-value]


def _bounds(selection: Selection) -> dict[str, datetime | None]:
    return {
        "published_start": selection.published.start,
        "published_end": selection.published.end,
        "updated_start": selection.updated.start,
        "updated_end": selection.updated.end,
    }


def _params(selection: Selection, now: datetime) -> dict[str, Any]:
    params: dict[str, Any] = {"now": to_micros(now)}
    for index, clause in enumerate(selection.clauses):
        for number, value in enumerate((*clause.included, *clause.excluded)):
            params[f"c{index}_{number}"] = value
    bounds = _bounds(selection).items()
    params.update((name, to_micros(bound)) for name, bound in bounds if bound is not None)
    return params
