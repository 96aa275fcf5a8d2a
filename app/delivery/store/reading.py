"""All SQL that public reading runs, but for what is visible and by which index it is found."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

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
    union_all,
)
from sqlalchemy.sql.expression import CompoundSelect

from app.delivery.models import Document, DocumentBody, Redirect
from app.delivery.query import Form, Shape, StoryQuery
from app.delivery.store.bounds import bounds, spans
from app.delivery.store.log_head import HeadRow, as_number, split_head, with_log_head
from app.delivery.store.preferring import stands_alone
from app.delivery.store.stretches import Stretch, stretch_count, stretches
from app.delivery.store.visibility import embargo_until, visible
from app.kit.bounded_cache import BoundedCache
from app.kit.ids import is_id
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Statement

_Rows = Select[Any] | CompoundSelect[Any]


class ShortRow(NamedTuple):
    """A story in the pieces of its short form, with its place in the order of its list."""

    id: str
    source_id: str | None
    category_ids: str
    head: bytes
    tail: bytes
    embargo_until: datetime | None
    place: int


class FullRow(NamedTuple):
    """A story with all but its body; `translations` are a text of JSON."""

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
    """A story whole."""

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

# Rows beyond this many are counted only for those who may have everything counted.
_COUNTED_EXACTLY = 10_000


class Counted(NamedTuple):
    """A number of stories, and what it is: all of them, at least so many, or an estimate."""

    number: int
    is_: Literal["exact", "at_least", "estimated"] = "exact"

    def capped(self) -> "Counted":
        """Return it as those are told who may not have everything counted."""
        within = self.number <= _COUNTED_EXACTLY
        return self if within else Counted(_COUNTED_EXACTLY, "at_least")


def story_page_statement(
    query: StoryQuery, now: datetime, dialect: str, *, headed: bool = False
) -> tuple[Statement[Any], dict[str, Any]]:
    """Return what reads a page of stories, and one more if there is more, and its parameters.

    Its rows are those of the form that is asked for. Where they are `headed`, they are for
    `split_head`: they bring along what `log_head` returns, as of the same moment.
    """
    key: _Key = ("page", query.shape, dialect, headed)
    statement = _kept.get(key)
    if statement is None:
        row = None if headed else ROWS[query.form]
        clause = _page_statement(query.shape, dialect)
        if headed:
            clause = with_log_head(clause, dialect)
        statement = _kept[key] = Statement(clause, row)
    return statement, {**query.values, "now": now}


def story_page(session: ReadSession, query: StoryQuery, now: datetime) -> list[StoryRow]:
    """Return the rows of a page, and one more if there is more; named ones in no order."""
    return session.all(*story_page_statement(query, now, session.dialect))


def headed_story_page(
    session: ReadSession, query: StoryQuery, now: datetime
) -> tuple[HeadRow, list[StoryRow]]:
    """Return the same, with what `log_head` returns."""
    rows = session.all(*story_page_statement(query, now, session.dialect, headed=True))
    return split_head(rows, ROWS[query.form])


def story_statement(
    ref: str, now: datetime, dialect: str, *, embargoed: bool, headed: bool = False
) -> tuple[Statement[Any], dict[str, Any]]:
    """Return what reads one visible story whole, by id or slug (no slug has the form of an id)."""
    by = "id" if is_id(ref) else "slug"
    statement = _story_statement(dialect, by, embargoed=embargoed, headed=headed)
    return statement, {"ref": ref, "now": now}


def story(session: ReadSession, ref: str, now: datetime, *, embargoed: bool) -> WholeRow | None:
    """Return one visible story whole."""
    return session.first(*story_statement(ref, now, session.dialect, embargoed=embargoed))


def headed_story(
    session: ReadSession, ref: str, now: datetime, *, embargoed: bool
) -> tuple[HeadRow, WholeRow | None]:
    """Return the same, with what `log_head` returns."""
    asked = story_statement(ref, now, session.dialect, embargoed=embargoed, headed=True)
    head, rows = split_head(session.all(*asked), WholeRow)
    return head, rows[0] if rows else None


def count_stories(session: ReadSession, query: StoryQuery, now: datetime) -> Counted:
    """Count the visible stories that are asked for.

    Up to 10,000 the count is exact. More are counted only where the query `counts_all`; an
    estimate is then what PostgreSQL's planner guesses.
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
    """Return the public stories of a group, but for one of them, as a text of JSON."""
    statement = _translations_statement(session.dialect)
    params = {"group": group, "but_for": but_for, "now": now}
    found: str | None = session.scalar(statement, params)
    return found


def ids_of_slugs(session: ReadSession, slugs: Collection[str]) -> dict[str, str]:
    """Return the ids of stories by the slugs that they have, or had when they were public."""
    return dict(session.find(_IDS_OF_SLUGS, slugs))


def redirect_target(session: ReadSession, slug: str) -> str | None:
    """Return the id of the story that a former slug leads to."""
    target: str | None = session.scalar(_REDIRECT, {"slug": slug})
    return target


# --- statements ---------------------------------------------------------------------------


_Kind = Literal["page", "count", "few"]
_Key = tuple[_Kind, Shape, str, bool]
# Bytes of the statements that are kept, and what a part of one takes, by itself and for each
# filter: there are many shapes, and those of many parts are large.
_MOST_KEPT, _OF_A_PART, _OF_A_CLAUSE = 8 * 2**20, 60_000, 15_000


def _weigh(key: _Key, _statement: Statement[Any]) -> int:
    return stretch_count(key[1]) * (_OF_A_PART + _OF_A_CLAUSE * len(key[1].clauses))


_kept: BoundedCache[_Key, Statement[Any]] = BoundedCache(_MOST_KEPT, _weigh)


def _count_statement(kind: Literal["count", "few"], shape: Shape, dialect: str) -> Statement[Any]:
    """Return what counts the stories of a shape: all, or `few` up to a limit."""
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
    rows = [_part(one, shape, dialect) for one in found]
    place = (literal_column("place"), literal_column("id"))
    return _ordered(union_all(*rows), place, shape)


def _part(stretch: Stretch, shape: Shape, dialect: str) -> Select[Any]:
    """Return one of several stretches that are merged.

    SQLite reads them side by side, each as far as the page needs; PostgreSQL does so if it is
    told that each is in order and how far it goes.
    """
    rows = _rows(stretch, shape, dialect)
    if dialect == "sqlite":
        return rows
    return select(_ordered(rows, (stretch.place, stretch.id), shape).subquery())


def _ordered(rows: Any, place: tuple[Any, Any], shape: Shape) -> _Rows:
    ordering = [column.desc() if shape.descending else column.asc() for column in place]
    ordered: _Rows = rows.order_by(*ordering).limit(bindparam("limit"))
    return ordered


def _rows(stretch: Stretch, shape: Shape, dialect: str) -> Select[Any]:
    statement = select(
        stretch.id.label("id"),
        *_pieces(shape.form, dialect, embargoed=shape.embargoed),
        as_number(stretch.place).label("place"),
    ).select_from(_with_body(stretch.origin, shape.form))
    return statement.where(
        *stretch.conditions,
        *bounds(stretch, shape, dialect),
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
    return (
        Statement(with_log_head(clause, dialect), None) if headed else Statement(clause, WholeRow)
    )


def _bare_statement(shape: Shape) -> _Rows:
    rows = [
        select(_documents.c.id)
        .select_from(one.origin)
        .where(
            *one.conditions,
            *spans(one, shape),
            visible(embargoed=shape.embargoed),
            *stands_alone(shape),
        )
        for one in stretches(shape)
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
    """Return the visible stories of the same group as a text of JSON."""
    own = _documents.c
    listed = _listed_group(dialect, own.translation_group, own.id, embargoed=embargoed)
    return listed.correlate(_documents).scalar_subquery().label("translations")


@lru_cache(maxsize=2)
def _translations_statement(dialect: str) -> Statement[tuple[str]]:
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
