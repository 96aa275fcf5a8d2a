"""SQL for the lists of the newsroom: articles in every state, with the filters of public lists."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    type_coerce,
)

from app.access.selection import Clause, Selection, TimeRange
from app.content.article import FIELDS, Article, State
from app.content.models import ArticleCategoryRow, ArticleLabelRow, ArticleRow, CategoryRow
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Query, Statement

ManageSort = Literal["modified_at", "published_at", "updated_at"]
_articles = table_of(ArticleRow)
_RARE: frozenset[State] = frozenset({"draft", "unpublished", "killed"})


@dataclass(frozen=True, slots=True)
class ArticleList:
    """A query for a list of articles; deleted ones are included only if `states` says so.

    Without `whole`, filters on the text of killed stories do not match.
    """

    selection: Selection = Selection()
    states: tuple[State, ...] = ()
    external_id: str | None = None
    key: ManageSort = "modified_at"
    descending: bool = True
    position: tuple[int, str] | None = None
    limit: int = 20
    whole: bool = False


class PlacedArticle(NamedTuple):
    """An article with its place in the order of the list."""

    place: int
    article: Article


def load_article_page(
    session: ReadSession, wanted: ArticleList, now: datetime
) -> list[PlacedArticle]:
    """Return articles after a position."""
    key = _sort_column(wanted)
    order = tuple_(key, ArticleRow.id)
    columns = (_articles.c[name] for name in FIELDS)
    statement = select(key.label("place"), *columns).where(*_conditions(session, wanted, now))
    if wanted.position is not None:
        place = tuple_(literal(wanted.position[0], BigInteger), literal(wanted.position[1]))
        statement = statement.where(order < place if wanted.descending else order > place)
    ordering = [
        column.desc() if wanted.descending else column.asc() for column in (key, ArticleRow.id)
    ]
    found: Query[tuple[Any, ...]] = Query(statement.order_by(*ordering).limit(wanted.limit))
    return [
        PlacedArticle(place, Article(**dict(zip(FIELDS, values, strict=True))))
        for place, *values in session.all(found)
    ]


def count_articles(session: ReadSession, wanted: ArticleList, now: datetime) -> int:
    """Count the articles of a list."""
    inner: Select[Any] = select(ArticleRow.id).where(*_conditions(session, wanted, now))
    count: int = session.scalar(select(func.count()).select_from(inner.subquery()))
    return count


def find_categories_below(session: ReadSession, category_ids: Collection[str]) -> list[str]:
    """Return the ids of categories and of all their descendants."""
    return [id_ for (id_,) in session.find(_BELOW, category_ids)]


def _sort_column(wanted: ArticleList) -> ColumnElement[Any]:
    key = wanted.key
    # Numbers, as in cursors.
    instants = {
        name: type_coerce(getattr(ArticleRow, name), BigInteger)
        for name in ("modified_at", "published_at", "updated_at", "created_at")
    }
    # A draft without a publication time is placed by its creation.
    if key == "published_at":
        return func.coalesce(instants["published_at"], instants["created_at"])
    if key == "updated_at":
        return func.coalesce(instants["updated_at"], instants["modified_at"])
    if _names_articles(wanted):
        # The addition hides the column from its index: few articles match, and are sorted.
        return instants["modified_at"] + literal_column("0", BigInteger)
    return instants["modified_at"]


def _names_articles(wanted: ArticleList) -> bool:
    """Tell whether the query names articles by id, so that there are few."""
    named = any(clause.field == "id" and clause.included for clause in wanted.selection.clauses)
    return named or wanted.external_id is not None


def _conditions(
    session: ReadSession, wanted: ArticleList, now: datetime
) -> list[ColumnElement[bool]]:
    """Return conditions that may select an index, and all others as one opaque condition.

    The order by `modified_at` has an index, and stops after a page. A planner without statistics,
    such as SQLite's, would otherwise collect all that one of the conditions allows, and
    sort.
    """
    known, other = _selective_conditions(wanted), _other_conditions(session, wanted, now)
    return [*known, func.coalesce(and_(*other), false())]


def _selective_conditions(wanted: ArticleList) -> list[ColumnElement[bool]]:
    """Return the conditions that leave few articles: ids, an external id, or rare stages."""
    known: list[ColumnElement[bool]] = [
        is_listed(ArticleRow.id, values=clause.included)
        for clause in wanted.selection.clauses
        if clause.field == "id" and clause.included
    ]
    if wanted.external_id is not None:
        known.append(ArticleRow.external_id == wanted.external_id)
    if not known and wanted.states and _RARE.issuperset(wanted.states):
        known.append(is_listed(ArticleRow.stage, values=wanted.states))
    return known


def _other_conditions(
    session: ReadSession, wanted: ArticleList, now: datetime
) -> list[ColumnElement[bool]]:
    conditions = [_clause_condition(session, clause) for clause in wanted.selection.clauses]
    conditions += _range_conditions(ArticleRow.published_at, wanted.selection.published)
    conditions += _range_conditions(ArticleRow.updated_at, wanted.selection.updated)
    if not wanted.whole and _is_by_text(wanted):
        conditions.append(ArticleRow.stage != "killed")
    if wanted.states:
        conditions.append(or_(*(_in_state(state, now) for state in sorted(set(wanted.states)))))
    else:
        conditions.append(ArticleRow.deleted_at.is_(None))
    return conditions


def _is_by_text(wanted: ArticleList) -> bool:
    by_text = any(clause.field in {"tag", "author", "label"} for clause in wanted.selection.clauses)
    return by_text or wanted.external_id is not None


def _in_state(state: State, now: datetime) -> ColumnElement[bool]:
    if state == "deleted":
        return ArticleRow.deleted_at.is_not(None)
    alive = ArticleRow.deleted_at.is_(None)
    if state in {"draft", "unpublished", "killed"}:
        return and_(alive, ArticleRow.stage == state)
    public = and_(alive, ArticleRow.stage == "published")
    ahead = and_(ArticleRow.public_from > now, ArticleRow.released.is_(False))
    over = and_(ArticleRow.public_until.is_not(None), ArticleRow.public_until <= now)
    if state == "scheduled":
        return and_(public, ahead)
    return and_(public, ~ahead, over if state == "expired" else ~over)


def _clause_condition(session: ReadSession, clause: Clause) -> ColumnElement[bool]:
    conditions = []
    if clause.included:
        conditions.append(_has_value(session, clause, clause.included))
    if clause.excluded:
        conditions.append(~_has_value(session, clause, clause.excluded))
    return and_(*conditions)


def _has_value(
    session: ReadSession, clause: Clause, values: tuple[str, ...]
) -> ColumnElement[bool]:
    match clause.field:
        case "category":
            return _exists(
                ArticleCategoryRow.article_id == ArticleRow.id,
                is_listed(
                    ArticleCategoryRow.category_id, values=find_categories_below(session, values)
                ),
            )
        case "tag" | "author" | "label":
            return _exists(
                ArticleLabelRow.article_id == ArticleRow.id,
                ArticleLabelRow.field == clause.field,
                is_listed(ArticleLabelRow.value, values=values),
            )
        case "language":
            language = func.lower(ArticleRow.language)
            return or_(
                *(
                    or_(language == value, language.startswith(f"{value}-", autoescape=True))
                    for value in _pad(values)
                )
            )
        case "source":
            column = ArticleRow.source_id
            return and_(column.is_not(None), is_listed(column, values=values))
        case "kind":
            return is_listed(ArticleRow.kind, values=values)
        case "id":
            return is_listed(ArticleRow.id, values=values)


def _pad(values: tuple[str, ...]) -> tuple[str, ...]:
    """Pad to 1, 2, 4, … values with the last one, so that there are few different statements."""
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values))


def _exists(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a row exists, as a lookup for each article.

    The offset keeps PostgreSQL from collecting the rows of all articles first.
    """
    return select(literal_column("1")).where(*conditions).offset(literal_column("0")).exists()


def _range_conditions(column: Any, span: TimeRange) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if span.start is not None:
        conditions.append(column >= span.start)
    if span.end is not None:
        conditions.append(column < span.end)
    return conditions


_roots = select(CategoryRow.id).where(is_listed(CategoryRow.id)).cte(recursive=True)
_tree = _roots.union(select(CategoryRow.id).where(CategoryRow.parent_id == _roots.c.id))
_BELOW: Statement[tuple[str]] = Statement(select(_tree.c.id))
