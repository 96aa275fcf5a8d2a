"""SQL for public lists and stories; visibility and index ranges are in their own modules."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.sql.expression import CompoundSelect

from app.access.entitlement import Entitlement
from app.delivery.access_shape import PUBLIC_ACCESS, AccessShape, bind_access
from app.delivery.models import Document, DocumentBody, Redirect
from app.delivery.store.index_ranges import (
    IndexRange,
    build_index_ranges,
    count_index_ranges,
    sort_by,
)
from app.delivery.store.log_state import LogStateRow, add_log_state, as_number, split_log_state
from app.delivery.store.merged_ranges import merge_grant_ranges
from app.delivery.store.preferred_translation import preference_conditions
from app.delivery.store.time_bounds import page_conditions, period_conditions
from app.delivery.store.visibility import embargo_until, grant_number, is_visible
from app.delivery.story_query import Form, QueryShape, StoryQuery
from app.kit.bounded_cache import BoundedCache
from app.kit.ids import is_id
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Statement

_Rows = Select[Any] | CompoundSelect[Any]


class ShortRow(NamedTuple):
    """A story as the pieces of its short form, with its place in the order of the list.

    `grant` is the number of the grant that it is sent under.
    """

    id: str
    version: int
    source_id: str | None
    category_ids: str
    head: bytes
    tail: bytes
    embargo_until: datetime | None
    grant: int
    place: int


class FullRow(NamedTuple):
    """A story without its body; `translations` is JSON."""

    id: str
    version: int
    source_id: str | None
    category_ids: str
    head: bytes
    tail: bytes
    extra: bytes
    translations: str | None
    embargo_until: datetime | None
    grant: int
    place: int


class WholeRow(NamedTuple):
    """A story with its body."""

    id: str
    version: int
    source_id: str | None
    category_ids: str
    head: bytes
    tail: bytes
    slug: str
    translation_group: str
    extra: bytes
    translations: str | None
    body: bytes
    embargo_until: datetime | None
    grant: int
    place: int


StoryRow = ShortRow | FullRow | WholeRow
ROWS: Mapping[Form, type[StoryRow]] = {"short": ShortRow, "full": FullRow, "whole": WholeRow}

_documents = table_of(Document)
_bodies = table_of(DocumentBody)
_redirects = table_of(Redirect)

# Above this number, an exact count needs a permission.
_MOST_COUNTED = 10_000


class StoryCount(NamedTuple):
    """A number of stories, and whether it is exact, a lower bound or an estimate."""

    number: int
    is_: Literal["exact", "at_least", "estimated"] = "exact"

    def cap(self) -> "StoryCount":
        """Return the count for clients that may not have exact counts of large lists."""
        within = self.number <= _MOST_COUNTED
        return self if within else StoryCount(_MOST_COUNTED, "at_least")


def build_page_statement(
    query: StoryQuery, now: datetime, dialect: str, *, with_state: bool = False
) -> tuple[Statement[Any], dict[str, Any]]:
    """Return the statement for a page of stories and a surplus row, with its parameters.

    Its rows have the form of the query. With `with_state`, each row also has the log state at the
    same moment; see `split_log_state`.
    """
    key: _Key = ("page", query.shape, dialect, with_state)
    statement = _statements.get(key)
    if statement is None:
        row = None if with_state else ROWS[query.form]
        # With the log state, SQLite would read all rows of overlapping ranges.
        overlaps = query.ranges is not None and not (with_state and dialect == "sqlite")
        clause = _select_page(query.shape, dialect, overlaps=overlaps)
        if with_state:
            clause = add_log_state(clause, dialect)
        merged_by = "grant" if overlaps else None
        statement = _statements[key] = Statement(clause, row, merged_by=merged_by)
    return statement, query.bind(now)


def load_page(session: ReadSession, query: StoryQuery, now: datetime) -> list[StoryRow]:
    """Return the rows of a page and a surplus row; rows of named ids have no order."""
    return session.all(*build_page_statement(query, now, session.dialect))


def load_page_with_state(
    session: ReadSession, query: StoryQuery, now: datetime
) -> tuple[LogStateRow, list[StoryRow]]:
    """Return the same, with the log state."""
    rows = session.all(*build_page_statement(query, now, session.dialect, with_state=True))
    return split_log_state(rows, ROWS[query.form])


def build_story_statement(
    ref: str,
    now: datetime,
    dialect: str,
    *,
    entitlement: Entitlement,
    with_state: bool = False,
) -> tuple[Statement[Any], dict[str, Any]]:
    """Return the statement for a visible story by id or slug (no slug looks like an id)."""
    by = "id" if is_id(ref) else "slug"
    access = AccessShape(entitlement.embargoed, not entitlement.is_unlimited)
    statement = _build_story_statement(dialect, by, access, with_state=with_state)
    params = {"ref": ref, "now": now}
    return statement, params if entitlement.is_unlimited else params | bind_access(entitlement)


def load_story(
    session: ReadSession, ref: str, now: datetime, *, entitlement: Entitlement
) -> WholeRow | None:
    """Return a whole visible story."""
    return session.first(*build_story_statement(ref, now, session.dialect, entitlement=entitlement))


def load_story_with_state(
    session: ReadSession, ref: str, now: datetime, *, entitlement: Entitlement
) -> tuple[LogStateRow, WholeRow | None]:
    """Return the same, with the log state."""
    asked = build_story_statement(
        ref, now, session.dialect, entitlement=entitlement, with_state=True
    )
    state, rows = split_log_state(session.all(*asked), WholeRow)
    return state, rows[0] if rows else None


def count_stories(session: ReadSession, query: StoryQuery, now: datetime) -> StoryCount:
    """Count the visible stories of a query.

    The count is exact up to 10,000. More are counted only if the query `counts_all`; an estimate
    is the row estimate of PostgreSQL's planner.
    """
    shape = replace(
        query.shape, key="published_at", descending=True, has_position=False, form="short"
    )
    params = query.bind(now, counts=True)
    guesses = query.count == "estimated" and session.dialect == "postgresql"
    if query.counts_all and not guesses:
        return StoryCount(session.scalar(_count_statement("count", shape, session.dialect), params))
    few: int = session.scalar(
        _count_statement("few", shape, session.dialect), {**params, "limit": _MOST_COUNTED + 1}
    )
    if few <= _MOST_COUNTED:
        return StoryCount(few)
    if guesses:
        estimate = session.estimate(Statement(_select_ids(shape)), params)
        return StoryCount(max(few, estimate), "estimated")
    return StoryCount(_MOST_COUNTED, "at_least")


def load_translations(session: ReadSession, group: str, excluded: str, now: datetime) -> str | None:
    """Return the public stories of a group except one, as JSON."""
    statement = _translations_statement(session.dialect)
    params = {"group": group, "but_for": excluded, "now": now}
    found: str | None = session.scalar(statement, params)
    return found


def find_ids_of_slugs(session: ReadSession, slugs: Collection[str]) -> dict[str, str]:
    """Return the ids of stories by their current or former public slugs."""
    return dict(session.find(_IDS_OF_SLUGS, slugs))


def find_redirect_target(session: ReadSession, slug: str) -> str | None:
    """Return the id of the story that a former slug leads to."""
    target: str | None = session.scalar(_REDIRECT, {"slug": slug})
    return target


# --- statements ---------------------------------------------------------------------------


_Kind = Literal["page", "count", "few"]
_Key = tuple[_Kind, QueryShape, str, bool]
# The size of the statement cache in bytes, and the size of a statement part, alone and for each
# filter: there are many shapes, and statements with many parts are large.
_CACHE_BYTES, _PART_BYTES, _FILTER_BYTES = 8 * 2**20, 60_000, 15_000


def _weigh(key: _Key, _statement: Statement[Any]) -> int:
    return count_index_ranges(key[1]) * (_PART_BYTES + _FILTER_BYTES * len(key[1].clauses))


_statements: BoundedCache[_Key, Statement[Any]] = BoundedCache(_CACHE_BYTES, _weigh)


def _count_statement(
    kind: Literal["count", "few"], shape: QueryShape, dialect: str
) -> Statement[Any]:
    """Return the statement that counts all stories of a shape, or a `few` up to a limit."""
    known = _statements.get((kind, shape, dialect, False))
    if known is None:
        rows = _select_ids(shape)
        if kind == "few":
            rows = rows.limit(bindparam("limit"))
        known = Statement(select(func.count()).select_from(rows.subquery()))
        _statements[kind, shape, dialect, False] = known
    return known


def _select_page(shape: QueryShape, dialect: str, *, overlaps: bool) -> _Rows:
    if overlaps and shape.grant_ranges is not None and shape.grant_ranges.size > 1:
        merged = merge_grant_ranges(shape, shape.grant_ranges, dialect)
        ordered = _select_rows(merged, shape, dialect)
        # SQLite has the rows in order, and reads as many as are fetched (see `Statement`).
        return ordered if dialect == "sqlite" else _select_places(ordered, merged, shape)
    found = build_index_ranges(shape)
    if shape.has_ids:
        return _select_rows(found[0], shape, dialect)
    if len(found) == 1:
        place = (found[0].place, found[0].id)
        return _add_order(_select_rows(found[0], shape, dialect), place, shape)
    rows = [_select_part(index_range, shape, dialect) for index_range in found]
    place = (literal_column("place"), literal_column("id"))
    return _add_order(union_all(*rows), place, shape)


def _select_places(rows: Select[Any], merged: IndexRange, shape: QueryShape) -> _Rows:
    """Return the rows at the first places of the list: a story may be in several ranges.

    PostgreSQL stops after these places since version 15; earlier versions read more rows.
    """
    size = 1 if shape.grant_ranges is None else shape.grant_ranges.size
    most = bindparam("limit", type_=Integer) * literal_column(str(size))
    part = _add_order(rows, (merged.place, merged.id), shape).limit(most).subquery()
    number = func.dense_rank().over(order_by=sort_by((part.c.place, part.c.id), shape))
    numbered = select(part, number.label("number")).subquery()
    columns = [column for column in numbered.c if column.key != "number"]
    return select(*columns).where(numbered.c.number <= bindparam("limit", type_=Integer))


def _select_part(index_range: IndexRange, shape: QueryShape, dialect: str) -> Select[Any]:
    """Return the rows of one of several index ranges that are merged.

    SQLite reads them in parallel, each as far as the page needs. PostgreSQL does the same only if
    each part has its own order and limit.
    """
    rows = _select_rows(index_range, shape, dialect)
    if dialect == "sqlite":
        return rows
    return select(_add_order(rows, (index_range.place, index_range.id), shape).subquery())


def _add_order(rows: Any, place: tuple[Any, Any], shape: QueryShape) -> _Rows:
    ordered: _Rows = rows.order_by(*sort_by(place, shape)).limit(bindparam("limit"))
    return ordered


def _select_rows(index_range: IndexRange, shape: QueryShape, dialect: str) -> Select[Any]:
    statement = select(
        index_range.id.label("id"),
        *_piece_columns(shape.form, dialect, shape.access, index_range.grant),
        as_number(index_range.place).label("place"),
    ).select_from(_join_body(index_range.origin, shape.form))
    return statement.where(
        *index_range.conditions,
        *page_conditions(index_range, shape, dialect),
        is_visible(access=index_range.access),
        *preference_conditions(shape),
    )


@lru_cache(maxsize=16)
def _build_story_statement(
    dialect: str, by: str, access: AccessShape, *, with_state: bool
) -> Statement[Any]:
    pieces = _piece_columns("whole", dialect, access)
    no_place = literal_column("0", BigInteger).label("place")
    clause = (
        select(_documents.c.id, *pieces, no_place)
        .select_from(_join_body(_documents, "whole"))
        .where(_documents.c[by] == bindparam("ref"), is_visible(access=access))
    )
    return (
        Statement(add_log_state(clause, dialect), None)
        if with_state
        else Statement(clause, WholeRow)
    )


def _select_ids(shape: QueryShape) -> _Rows:
    rows = [
        select(_documents.c.id)
        .select_from(index_range.origin)
        .where(
            *index_range.conditions,
            *period_conditions(index_range, shape),
            is_visible(access=index_range.access),
            *preference_conditions(shape),
        )
        for index_range in build_index_ranges(shape)
    ]
    return rows[0] if len(rows) == 1 else union_all(*rows)


def _piece_columns(
    form: Form, dialect: str, access: AccessShape, grant: ColumnElement[Any] | None = None
) -> list[ColumnElement[Any]]:
    wanted = ["version", "source_id", "category_ids", "head", "tail"]
    if form == "whole":
        wanted += ["slug", "translation_group"]
    columns: list[ColumnElement[Any]] = [_documents.c[name] for name in wanted]
    if form != "short":
        columns += [_documents.c.extra, _translations_column(dialect, access)]
    if form == "whole":
        columns.append(_bodies.c.body)
    embargo = embargo_until() if access.embargoed else null()
    grant = grant_number(access) if grant is None else grant
    return [*columns, embargo.label("embargo_until"), grant.label("grant")]


def _translations_column(dialect: str, access: AccessShape) -> ColumnElement[Any]:
    """Return the visible stories of the same group as JSON."""
    own = _documents.c
    listed = _select_group(dialect, own.translation_group, own.id, access)
    return listed.correlate(_documents).scalar_subquery().label("translations")


@lru_cache(maxsize=2)
def _translations_statement(dialect: str) -> Statement[tuple[str]]:
    return Statement(
        _select_group(dialect, bindparam("group"), bindparam("but_for"), PUBLIC_ACCESS)
    )


def _select_group(dialect: str, group: Any, but_for: Any, access: AccessShape) -> Select[Any]:
    """Select the visible stories of a group except one, as JSON."""
    other = _documents.alias("other")
    pairs = ("language", other.c.language, "id", other.c.id, "slug", other.c.slug)
    if dialect == "sqlite":
        listed: Any = func.json_group_array(func.json_object(*pairs))
    else:
        listed = cast(func.json_agg(func.json_build_object(*pairs)), Text)
    return select(listed).where(
        other.c.translation_group == group,
        other.c.id != but_for,
        is_visible(other, access),
    )


def _join_body(origin: FromClause, form: Form) -> FromClause:
    if form != "whole":
        return origin
    return origin.join(_bodies, _bodies.c.id == _documents.c.id)


_IDS_OF_SLUGS: Statement[tuple[str, str]] = Statement(
    select(_documents.c.slug, _documents.c.id)
    .where(is_listed(_documents.c.slug))
    .union_all(
        select(_redirects.c.slug, _redirects.c.id).where(
            _redirects.c.type == literal_column("'article'"), is_listed(_redirects.c.slug)
        )
    )
)
_REDIRECT: Statement[tuple[str]] = Statement(
    select(_redirects.c.id).where(
        _redirects.c.type == "article", _redirects.c.slug == bindparam("slug")
    )
)
