"""SQL for articles with their categories and labels.

Functions that write take many rows: a command writes one, the importer a batch.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, repeat
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Text, bindparam, func, literal_column, or_, select, update
from sqlalchemy.orm import aliased

from app.access.selection import fold
from app.content.article import Article, to_row
from app.content.models import (
    ArticleCategoryRow,
    ArticleLabelRow,
    ArticleRow,
)
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Nothing, Query, Statement


class GroupMember(NamedTuple):
    """The columns of an article that matter for its translation group."""

    id: str
    slug: str
    language: str
    translation_of: str | None
    stage: str
    deleted_at: datetime | None


class _ArticleCategory(NamedTuple):
    """A category of an article."""

    category_id: str
    article_id: str


class _Label(NamedTuple):
    """A tag, author or label of an article, folded."""

    field: str
    value: str
    article_id: str


_articles = table_of(ArticleRow)
_WITH_REF = select(_articles).where(
    or_(ArticleRow.id == bindparam("ref"), ArticleRow.slug == bindparam("ref"))
)
_BY_REF = Statement(_WITH_REF, Article)
_BY_REF_LOCKED = Statement(_WITH_REF.with_for_update(), Article)
# Rows are locked in the same order everywhere, to prevent deadlocks.
_LOCKED = select(_articles).order_by(ArticleRow.id).with_for_update()
_BY_IDS = Statement(_LOCKED.where(is_listed(ArticleRow.id)), Article)
_BY_SLUGS = Statement(_LOCKED.where(is_listed(ArticleRow.slug)), Article)
# Both halves of the pair are conditions, too, because only they have an index.
_pair = ArticleRow.source_id.concat(literal_column("' '", Text)).concat(ArticleRow.external_id)
_BY_EXTERNAL_IDS = Statement(
    _LOCKED.where(
        is_listed(ArticleRow.source_id, "sources"),
        is_listed(ArticleRow.external_id),
        is_listed(_pair, "pairs"),
    ),
    Article,
)
_GROUP_MEMBERS = Statement(
    select(*(_articles.c[name] for name in GroupMember._fields)).where(
        or_(is_listed(ArticleRow.id), is_listed(ArticleRow.translation_of))
    ),
    GroupMember,
)
_EXTERNAL = (
    select(_articles).where(ArticleRow.external_id == bindparam("external_id")).with_for_update()
)
_OF_A_SOURCE = Statement(_EXTERNAL.where(ArticleRow.source_id == bindparam("source_id")), Article)
_OF_NO_SOURCE = Statement(_EXTERNAL.where(ArticleRow.source_id.is_(None)), Article)


def find_article(session: ReadSession, ref: str, *, lock: bool = False) -> Article | None:
    """Return the article with an id or a slug; `lock` locks the row."""
    return session.first(_BY_REF_LOCKED if lock else _BY_REF, {"ref": ref})


def lock_articles_by_ids(session: ReadSession, ids: Collection[str]) -> dict[str, Article]:
    """Return articles by id, locked."""
    return {found.id: found for found in session.find(_BY_IDS, ids)}


def lock_articles_by_slugs(session: ReadSession, slugs: Collection[str]) -> list[Article]:
    """Return articles by slug, locked."""
    return session.find(_BY_SLUGS, slugs)


def lock_articles_by_external_ids(
    session: ReadSession, pairs: Collection[tuple[str, str]]
) -> list[Article]:
    """Return articles by source id and external id, locked."""
    sources, names = {source for source, _ in pairs}, [name for _, name in pairs]
    joined = [" ".join(pair) for pair in pairs]
    return session.find(_BY_EXTERNAL_IDS, names, sources=sources, pairs=joined)


def lock_article_by_external_id(
    session: ReadSession, source_id: str | None, external_id: str
) -> Article | None:
    """Return the article of a source (or without a source) with an external id."""
    statement = _OF_NO_SOURCE if source_id is None else _OF_A_SOURCE
    params = {"external_id": external_id}
    return session.first(statement, params | ({"source_id": source_id} if source_id else {}))


def stream_articles(session: ReadSession, *, originals: bool) -> Iterator[Article]:
    """Yield every article that is (not) a translation of another, in the order of ids."""
    original = ArticleRow.translation_of.is_(None)
    statement = select(_articles).where(original if originals else ~original)
    yield from session.stream(Query(statement.order_by(ArticleRow.id), Article))


def find_stand_ins(session: ReadSession) -> dict[str, str]:
    """Return, for each killed original, the first of its translations that was not killed."""
    original = aliased(ArticleRow)
    statement = (
        select(ArticleRow.translation_of, func.min(ArticleRow.id).label("first"))
        .join(original, original.id == ArticleRow.translation_of)
        .where(original.stage == "killed", ArticleRow.stage != "killed")
        .group_by(ArticleRow.translation_of)
    )
    found: Query[tuple[str, str]] = Query(statement)
    return dict(session.all(found))


def lock_scheduled_in_zones(
    session: ReadSession, now: datetime, after: str, limit: int
) -> list[Article]:
    """Return articles after an id that are scheduled in local time, locked, by id."""
    # `coalesce` hides the id from its index, so that the index of time zones is used.
    id_ = func.coalesce(ArticleRow.id, literal_column("''"))
    statement = select(_articles).where(
        ArticleRow.time_zone.is_not(None),
        ArticleRow.public_from > now,
        ArticleRow.released.is_(False),
        ArticleRow.deleted_at.is_(None),
        id_ > after,
    )
    statement = statement.order_by(id_).limit(limit).with_for_update()
    return session.all(Query(statement, Article))


def lock_articles_after(session: ReadSession, after: str, limit: int) -> list[Article]:
    """Return articles after an id, in the order of ids, locked."""
    statement = select(_articles).where(ArticleRow.id > after).order_by(ArticleRow.id)
    return session.all(Query(statement.limit(limit).with_for_update(), Article))


def insert_articles(session: WriteSession, articles: Sequence[Article]) -> None:
    """Insert articles with their categories and labels."""
    session.insert(ArticleRow, articles)
    _insert_attributes(session, articles)


def _build_update(names: Iterable[str]) -> Statement[Nothing]:
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    return Statement(update(_articles).where(_articles.c.id == bindparam("key")).values(values))


# Iterating the columns yields columns; `keys` yields their names.
_COLUMNS = frozenset(_articles.c.keys()) - {"id"}
# Columns that change in commands that write no text. Writing a text again would cost its
# compression and its indexes, even if it is unchanged.
_STATE_COLUMNS = frozenset(
    {
        *("stage", "version", "published_version", "first_published_at", "published_at"),
        *("offered_from", "public_from", "public_until", "released", "answer", "notice"),
        *("redirect_to", "updated_at", "modified_at", "deleted_at"),
        *("scheduled_at_local", "time_zone"),
    }
)
# The first statement that has all changed columns is used.
_UPDATES = tuple(
    (names, _build_update(sorted(names)))
    for names in (_STATE_COLUMNS, _COLUMNS - {"body"}, _COLUMNS)
)


def _choose_update(before: Article, after: Article) -> Statement[Nothing]:
    old, new = to_row(before), to_row(after)
    differing = {name for name, value in new.items() if value != old[name]}
    return next(statement for names, statement in _UPDATES if differing <= names)


def update_articles(session: WriteSession, changes: Sequence[tuple[Article, Article]]) -> None:
    """Update the rows of articles, and their categories and labels if these changed."""
    if not changes:
        return
    rows = [
        (_choose_update(before, after), to_row(after) | {"key": after.id})
        for before, after in changes
    ]
    # In order, because an article may change twice.
    for statement, some in groupby(rows, itemgetter(0)):
        session.execute(statement, [row for _, row in some])
    filed = [
        after for before, after in changes if _list_attributes(before) != _list_attributes(after)
    ]
    ids = [article.id for article in filed]
    session.delete(ArticleCategoryRow.article_id, ids)
    session.delete(ArticleLabelRow.article_id, ids)
    _insert_attributes(session, filed)


def _list_attributes(article: Article) -> tuple[set[str], set[tuple[str, str]]]:
    return set(article.categories), set(build_labels(article))


def _insert_attributes(session: WriteSession, articles: Sequence[Article]) -> None:
    filed: list[_ArticleCategory] = []
    labels: set[_Label] = set()
    for article in articles:
        filed += map(_ArticleCategory, article.categories, repeat(article.id))
        for field, value in build_labels(article):
            labels.add(_Label(field, value, article.id))
    session.insert(ArticleCategoryRow, filed)
    session.insert(ArticleLabelRow, list(labels))


def build_labels(article: Article) -> Iterator[tuple[str, str]]:
    """Yield the tags, authors and labels of an article, folded for comparisons."""
    for tag in article.tags:
        yield "tag", fold(tag)
    for author in article.authors:
        yield "author", fold(author["name"])
    for label in article.labels:
        yield "label", fold(label)


def find_deleted_before(session: ReadSession, moment: datetime, limit: int) -> list[str]:
    """Return the ids of articles that were deleted before a time, in the order of deletion."""
    deleted = ArticleRow.deleted_at
    statement = select(ArticleRow.id).where(deleted.is_not(None), deleted < moment)
    return session.scalars(statement.order_by(deleted).limit(limit))


def delete_article(session: WriteSession, article_id: str) -> None:
    """Delete an article with its snapshots, previews, categories and labels."""
    session.delete(ArticleRow.id, [article_id])


def load_group_members(session: ReadSession, ids: Collection[str]) -> list[GroupMember]:
    """Return articles and their translations."""
    return session.find(_GROUP_MEMBERS, ids)
