"""SQL for public lists and stories; visibility and index ranges are in their own modules."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Literal, NamedTuple, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.expression import CompoundSelect

from app.delivery.models import Document, DocumentBody, Redirect
from app.delivery.query import Form, Shape, StoryQuery
from app.delivery.store.bounds import bounds, spans
from app.delivery.store.log_head import HeadRow, as_number, head_columns
from app.delivery.store.preferring import stands_alone
from app.delivery.store.stretches import Stretch, stretch_count, stretches
from app.delivery.store.visibility import embargo_until, visible
from app.kit import json
from app.kit.bounded import BoundedCache
from app.kit.ids import is_id
from app.kit.listed import is_listed
from app.kit.schema import table_of
from app.kit.session import ReadSession
from app.kit.statement import Statement

RowT = TypeVar("RowT", bound=tuple[Any, ...])
_Rows = Select[Any] | CompoundSelect[Any]


class ShortRow(NamedTuple):
    """A story as the pieces of its short form, with its place in the order of the list."""

    id: str
    source_id: str | None
    category_ids: str
    head: bytes
    tail: bytes
    embargo_until: datetime | None
    place: int


class FullRow(NamedTuple):
    """A story without its body; `translations` is JSON."""

    id: str
    source_id: str | None
    category_ids: str
    head: bytes
    tail: bytes
    extra: bytes
    translations: str | None
    embargo_until: datetime | None
    place: int


class WholeRow(NamedTuple):
    """A story with its body."""

    id: str
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
    place: int


StoryRow = ShortRow | FullRow | WholeRow
ROWS: Mapping[Form, type[StoryRow]] = {"short": ShortRow, "full": FullRow, "whole": WholeRow}

_documents = table_of(Document)
_bodies = table_of(DocumentBody)
_redirects = table_of(Redirect)

# Above this number, an exact count needs a permission.
_COUNTED_EXACTLY = 10_000


class Counted(NamedTuple):
    """A number of stories, and whether it is exact, a lower bound or an estimate."""

    number: int
    is_: Literal["exact", "at_least", "estimated"] = "exact"

    def capped(self) -> "Counted":
        """Return the count for clients that may not have exact counts of large lists."""
        within = self.number <= _COUNTED_EXACTLY
        return self if within else Counted(_COUNTED_EXACTLY, "at_least")


def story_page_statement(
    query: StoryQuery, now: datetime, dialect: str, *, headed: bool = False
) -> tuple[Statement[Any], dict[str, Any]]:
    """Return the statement for a page of stories and a surplus row, with its parameters.

    Its rows have the form of the query. With `headed`, each row also has the log state at the
    same moment; see `split_head`.
    """
    key: _Key = ("page", query.shape, dialect, headed)
    statement = _kept.get(key)
    if statement is None:
        row = None if headed else ROWS[query.form]
        clause = _page_statement(query.shape, dialect)
        if headed:
            clause = _headed(clause, dialect)
        statement = _kept[key] = Statement(clause, row)
    return statement, {**query.values, "now": now}


def story_page(session: ReadSession, query: StoryQuery, now: datetime) -> list[StoryRow]:
    """Return the rows of a page and a surplus row; rows of named ids have no order."""
    return session.all(*story_page_statement(query, now, session.dialect))


def headed_story_page(
    session: ReadSession, query: StoryQuery, now: datetime
) -> tuple[HeadRow, list[StoryRow]]:
    """Return the same, with the log state."""
    rows = session.all(*story_page_statement(query, now, session.dialect, headed=True))
    return split_head(rows, ROWS[query.form])


def split_head(rows: Sequence[tuple[Any, ...]], row: type[RowT]) -> tuple[HeadRow, list[RowT]]:
    """Split rows into the log state and the stories, of which there may be none."""
    head, make = HeadRow(*json.loads(rows[0][0])), partial(tuple.__new__, row)
    # Without stories, there is one row with the log state alone.
    return head, [] if rows[0][1] is None else [make(row[1:]) for row in rows]


def story_statement(
    ref: str, now: datetime, dialect: str, *, embargoed: bool, headed: bool = False
) -> tuple[Statement[Any], dict[str, Any]]:
    """Return the statement for a visible story by id or slug (no slug looks like an id)."""
    by = "id" if is_id(ref) else "slug"
    statement = _story_statement(dialect, by, embargoed=embargoed, headed=headed)
    return statement, {"ref": ref, "now": now}


def story(session: ReadSession, ref: str, now: datetime, *, embargoed: bool) -> WholeRow | None:
    """Return a whole visible story."""
    return session.first(*story_statement(ref, now, session.dialect, embargoed=embargoed))


def headed_story(
    session: ReadSession, ref: str, now: datetime, *, embargoed: bool
) -> tuple[HeadRow, WholeRow | None]:
    """Return the same, with the log state."""
    asked = story_statement(ref, now, session.dialect, embargoed=embargoed, headed=True)
    head, rows = split_head(session.all(*asked), WholeRow)
    return head, rows[0] if rows else None


def count_stories(session: ReadSession, query: StoryQuery, now: datetime) -> Counted:
    """Count the visible stories of a query.

    The count is exact up to 10,000. More are counted only if the query `counts_all`; an estimate
    is the row estimate of PostgreSQL's planner.
    """
    shape = replace(query.shape, key="published_at", descending=True, placed=False, form="short")
    params = {**query.values, "now": now}
    guesses = query.count == "estimated" and session.dialect == "postgresql"
    if query.counts_all and not guesses:
        return Counted(session.scalar(_count_statement("count", shape, session.dialect), params))
    few: int = session.scalar(
        _count_statement("few", shape, session.dialect), {**params, "limit": _COUNTED_EXACTLY + 1}
    )
    if few <= _COUNTED_EXACTLY:
        return Counted(few)
    if guesses:
        estimate = session.estimate(Statement(_bare_statement(shape)), params)
        return Counted(max(few, estimate), "estimated")
    return Counted(_COUNTED_EXACTLY, "at_least")


def translations(session: ReadSession, group: str, but_for: str, now: datetime) -> str | None:
    """Return the public stories of a group except one, as JSON."""
    statement = _translations_statement(session.dialect)
    params = {"group": group, "but_for": but_for, "now": now}
    found: str | None = session.scalar(statement, params)
    return found


def ids_of_slugs(session: ReadSession, slugs: Collection[str]) -> dict[str, str]:
    """Return the ids of stories by their current or former public slugs."""
    return dict(session.find(_IDS_OF_SLUGS, slugs))


def redirect_target(session: ReadSession, slug: str) -> str | None:
    """Return the id of the story that a former slug leads to."""
    target: str | None = session.scalar(_REDIRECT, {"slug": slug})
    return target


# --- statements ---------------------------------------------------------------------------


_Kind = Literal["page", "count", "few"]
_Key = tuple[_Kind, Shape, str, bool]
# The size of the statement cache in bytes, and the size of a statement part, alone and for each
# filter: there are many shapes, and statements with many parts are large.
_MOST_KEPT, _OF_A_PART, _OF_A_CLAUSE = 8 * 2**20, 60_000, 15_000


def _weigh(key: _Key, _statement: Statement[Any]) -> int:
    return stretch_count(key[1]) * (_OF_A_PART + _OF_A_CLAUSE * len(key[1].clauses))


_kept: BoundedCache[_Key, Statement[Any]] = BoundedCache(_MOST_KEPT, _weigh)


def _count_statement(kind: Literal["count", "few"], shape: Shape, dialect: str) -> Statement[Any]:
    """Return the statement that counts all stories of a shape, or a `few` up to a limit."""
    known = _kept.get((kind, shape, dialect, False))
    if known is None:
        rows = _bare_statement(shape)
        if kind == "few":
            rows = rows.limit(bindparam("limit"))
        known = Statement(select(func.count()).select_from(rows.subquery()))
        _kept[kind, shape, dialect, False] = known
    return known


def _page_statement(shape: Shape, dialect: str) -> _Rows:
    found = stretches(shape)
    if shape.picks:
        return _rows(found[0], shape, dialect)
    if len(found) == 1:
        place = (found[0].place, found[0].id)
        return _ordered(_rows(found[0], shape, dialect), place, shape)
    rows = [_part(index_range, shape, dialect) for index_range in found]
    place = (literal_column("place"), literal_column("id"))
    return _ordered(union_all(*rows), place, shape)


def _part(index_range: Stretch, shape: Shape, dialect: str) -> Select[Any]:
    """Return the rows of one of several index ranges that are merged.

    SQLite reads them in parallel, each as far as the page needs. PostgreSQL does the same only if
    each part has its own order and limit.
    """
    rows = _rows(index_range, shape, dialect)
    if dialect == "sqlite":
        return rows
    return select(_ordered(rows, (index_range.place, index_range.id), shape).subquery())


def _ordered(rows: Any, place: tuple[Any, Any], shape: Shape) -> _Rows:
    ordering = [column.desc() if shape.descending else column.asc() for column in place]
    ordered: _Rows = rows.order_by(*ordering).limit(bindparam("limit"))
    return ordered


def _rows(index_range: Stretch, shape: Shape, dialect: str) -> Select[Any]:
    statement = select(
        index_range.id.label("id"),
        *_pieces(shape.form, dialect, embargoed=shape.embargoed),
        as_number(index_range.place).label("place"),
    ).select_from(_with_body(index_range.origin, shape.form))
    return statement.where(
        *index_range.conditions,
        *bounds(index_range, shape, dialect),
        visible(embargoed=shape.embargoed),
        *stands_alone(shape),
    )


@lru_cache(maxsize=16)
def _story_statement(dialect: str, by: str, *, embargoed: bool, headed: bool) -> Statement[Any]:
    pieces = _pieces("whole", dialect, embargoed=embargoed)
    no_place = literal_column("0", BigInteger).label("place")
    clause = (
        select(_documents.c.id, *pieces, no_place)
        .select_from(_with_body(_documents, "whole"))
        .where(_documents.c[by] == bindparam("ref"), visible(embargoed=embargoed))
    )
    return Statement(_headed(clause, dialect), None) if headed else Statement(clause, WholeRow)


def _headed(rows: _Rows, dialect: str) -> Select[Any]:
    """Return these rows, each with the log state; without rows, one row with the state alone.

    The rows may come in any order. The log state is one JSON text, because so many more columns
    in each row would cost more than the story.
    """
    to_json = func.json_array if dialect == "sqlite" else func.json_build_array
    log = select(cast(to_json(*head_columns()), Text).label("log_head")).subquery("log")
    page = rows.subquery("page")
    return select(log.c.log_head, *page.c).select_from(log.outerjoin(page, true()))


def _bare_statement(shape: Shape) -> _Rows:
    rows = [
        select(_documents.c.id)
        .select_from(index_range.origin)
        .where(
            *index_range.conditions,
            *spans(index_range, shape),
            visible(embargoed=shape.embargoed),
            *stands_alone(shape),
        )
        for index_range in stretches(shape)
    ]
    return rows[0] if len(rows) == 1 else union_all(*rows)


def _pieces(form: Form, dialect: str, *, embargoed: bool) -> list[ColumnElement[Any]]:
    wanted = ["source_id", "category_ids", "head", "tail"]
    if form == "whole":
        wanted += ["slug", "translation_group"]
    columns: list[ColumnElement[Any]] = [_documents.c[name] for name in wanted]
    if form != "short":
        columns += [_documents.c.extra, _translations(dialect, embargoed=embargoed)]
    if form == "whole":
        columns.append(_bodies.c.body)
    return [*columns, embargo_until() if embargoed else null().label("embargo_until")]


def _translations(dialect: str, *, embargoed: bool) -> ColumnElement[Any]:
    """Return the visible stories of the same group as JSON."""
    own = _documents.c
    listed = _listed_group(dialect, own.translation_group, own.id, embargoed=embargoed)
    return listed.correlate(_documents).scalar_subquery().label("translations")


@lru_cache(maxsize=2)
def _translations_statement(dialect: str) -> Statement[tuple[str]]:
    return Statement(
        _listed_group(dialect, bindparam("group"), bindparam("but_for"), embargoed=False)
    )


def _listed_group(dialect: str, group: Any, but_for: Any, *, embargoed: bool) -> Select[Any]:
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
        visible(other, embargoed=embargoed),
    )


def _with_body(origin: FromClause, form: Form) -> FromClause:
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
