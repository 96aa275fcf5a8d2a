"""Articles: rows in and out, with their categories and labels.

Functions that save take many rows: a verb saves one, the importer saves a batch.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Executable,
    Update,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import aliased

from app.access.selection import fold
from app.content.article import Article, as_row
from app.content.models import (
    ArticleCategoryRow,
    ArticleLabelRow,
    ArticleRow,
)
from app.content.store.things import ask_named_by
from app.kit.schema import table_of
from app.kit.session import ReadSession, Record, WriteSession, chunks, filled

_articles = table_of(ArticleRow)
_BY_REF = select(_articles).where(
    or_(ArticleRow.id == bindparam("ref"), ArticleRow.slug == bindparam("ref"))
)
_BY_REF_LOCKED = _BY_REF.with_for_update()
_TIED = select(
    ArticleRow.id,
    ArticleRow.slug,
    ArticleRow.language,
    ArticleRow.translation_of,
    ArticleRow.stage,
    ArticleRow.deleted_at,
)
_EXTERNAL = (
    select(_articles).where(ArticleRow.external_id == bindparam("external_id")).with_for_update()
)
_OF_A_SOURCE = _EXTERNAL.where(ArticleRow.source_id == bindparam("source_id"))
_OF_NO_SOURCE = _EXTERNAL.where(ArticleRow.source_id.is_(None))


def article_of(row: Record) -> Article:
    """Build an article from its row."""
    return Article(**row._asdict())


def article_by_ref(session: ReadSession, ref: str, *, lock: bool = False) -> Article | None:
    """Return the article with an id or a slug; `lock` keeps others from changing it."""
    asked = session.asked(_BY_REF_LOCKED if lock else _BY_REF, {"ref": ref})
    if lock and session.dialect == "postgresql":
        # A statement more costs little where each way costs much.
        ask_named_by(session, ref)
    rows = asked()
    return article_of(rows[0]) if rows else None


def articles_by_ids(session: ReadSession, ids: Collection[str]) -> dict[str, Article]:
    """Return articles by id, locked against other writers."""
    return _articles_where(session, ArticleRow.id.in_, ids)


def articles_by_slugs(session: ReadSession, slugs: Collection[str]) -> list[Article]:
    """Return articles by slug, locked against other writers."""
    return list(_articles_where(session, ArticleRow.slug.in_, slugs).values())


def articles_by_external_ids(
    session: ReadSession, pairs: Collection[tuple[str, str]]
) -> list[Article]:
    """Return articles by source id and external id, locked against other writers."""
    key = tuple_(ArticleRow.source_id, ArticleRow.external_id)

    def are_named(part: list[tuple[str, str]]) -> ColumnElement[bool]:
        # SQLite has no index for pairs of values, and takes that of the second of them.
        return and_(ArticleRow.external_id.in_([name for _, name in part]), key.in_(part))

    return list(_articles_where(session, are_named, pairs).values())


def article_by_external_id(
    session: ReadSession, source_id: str | None, external_id: str
) -> Article | None:
    """Return a source's article (or a sourceless one) with an external id."""
    statement = _OF_NO_SOURCE if source_id is None else _OF_A_SOURCE
    params = {"external_id": external_id}
    rows = session.prepared(statement, params | ({"source_id": source_id} if source_id else {}))
    return article_of(rows[0]) if rows else None


def stream_articles(session: ReadSession, *, originals: bool) -> Iterator[Article]:
    """Yield every article that is (not) a translation of another, in the order of ids."""
    original = ArticleRow.translation_of.is_(None)
    statement = select(_articles).where(original if originals else ~original)
    for row in session.stream(statement.order_by(ArticleRow.id)):
        yield article_of(row)


def stand_ins(session: ReadSession) -> dict[str, str]:
    """Return, for each killed original, the first of its translations that was not killed."""
    original = aliased(ArticleRow)
    statement = (
        select(ArticleRow.translation_of, func.min(ArticleRow.id).label("first"))
        .join(original, original.id == ArticleRow.translation_of)
        .where(original.stage == "killed", ArticleRow.stage != "killed")
        .group_by(ArticleRow.translation_of)
    )
    return {row.translation_of: row.first for row in session.all(statement)}


def scheduled_in_zones(
    session: ReadSession, now: datetime, after: str, limit: int
) -> list[Article]:
    """Return articles after an id that are scheduled in local time, locked, by id."""
    # Said so that no index has it: the one of what has a zone is to be taken.
    id_ = func.coalesce(ArticleRow.id, literal_column("''"))
    statement = select(_articles).where(
        ArticleRow.time_zone.is_not(None),
        ArticleRow.public_from > now,
        ArticleRow.released.is_(False),
        ArticleRow.deleted_at.is_(None),
        id_ > after,
    )
    statement = statement.order_by(id_).limit(limit).with_for_update()
    return [article_of(row) for row in session.all(statement)]


def articles_after(session: ReadSession, after: str, limit: int) -> list[Article]:
    """Return articles after an id, in the order of ids, locked against other writers."""
    statement = select(_articles).where(ArticleRow.id > after).order_by(ArticleRow.id)
    return [article_of(row) for row in session.all(statement.limit(limit).with_for_update())]


def insert_articles(session: WriteSession, articles: Sequence[Article]) -> None:
    """Add articles with their categories and labels."""
    session.insert(ArticleRow, [as_row(article) for article in articles])
    _insert_attributes(session, articles)


def _setting(names: Iterable[str]) -> Update:
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    return update(_articles).where(_articles.c.id == bindparam("key")).values(values)


# Columns are no dictionary: to walk them yields columns, and `keys` their names.
_COLUMNS = frozenset(_articles.c.keys()) - {"id"}
# What verbs change that write no text. A text that is written is made small anew, and its indexes
# take it in anew, though it is the same.
_STANDING = frozenset(
    {
        *("stage", "version", "published_version", "first_published_at", "published_at"),
        *("offered_from", "public_from", "public_until", "released", "answer", "notice"),
        *("redirect_to", "updated_at", "modified_at", "deleted_at"),
        *("scheduled_at_local", "time_zone"),
    }
)
# The first that has all that differs is taken.
_UPDATES = tuple(
    (names, _setting(sorted(names))) for names in (_STANDING, _COLUMNS - {"body"}, _COLUMNS)
)


def _update_of(before: Article, after: Article) -> Update:
    old, new = as_row(before), as_row(after)
    differing = {name for name, value in new.items() if value != old[name]}
    return next(statement for names, statement in _UPDATES if differing <= names)


def update_articles(session: WriteSession, changes: Sequence[tuple[Article, Article]]) -> None:
    """Replace the rows of articles; their categories and labels where these are others now."""
    rows = [
        (_update_of(before, after), as_row(after) | {"key": after.id}) for before, after in changes
    ]
    # In their order: one article may change twice.
    for statement, some in groupby(rows, itemgetter(0)):
        session.execute_for_each(statement, [row for _, row in some])
    filed = [after for before, after in changes if _filed_under(before) != _filed_under(after)]
    ids = [article.id for article in filed]
    session.delete(ArticleCategoryRow.article_id, ids)
    session.delete(ArticleLabelRow.article_id, ids)
    _insert_attributes(session, filed)


def _filed_under(article: Article) -> tuple[set[str], set[tuple[str, str]]]:
    return set(article.categories), set(labels_of(article))


def _insert_attributes(session: WriteSession, articles: Sequence[Article]) -> None:
    session.insert(
        ArticleCategoryRow,
        [
            {"category_id": category, "article_id": article.id}
            for article in articles
            for category in article.categories
        ],
    )
    labels = {
        (field, value, article.id) for article in articles for field, value in labels_of(article)
    }
    session.insert(
        ArticleLabelRow,
        [{"field": field, "value": value, "article_id": id_} for field, value, id_ in labels],
    )


def labels_of(article: Article) -> Iterator[tuple[str, str]]:
    """Yield the tags and authors of an article in the form in which they are compared."""
    for tag in article.tags:
        yield "tag", fold(tag)
    for author in article.authors:
        yield "author", fold(author["name"])


def _articles_where(
    session: ReadSession,
    condition: Callable[[list[Any]], ColumnElement[bool]],
    values: Collection[Any],
) -> dict[str, Article]:
    found: dict[str, Article] = {}
    for part in chunks(list(values)):
        # In one order everywhere, so that two batches cannot wait for each other.
        statement = select(_articles).where(condition(part)).order_by(ArticleRow.id)
        for row in session.all(statement.with_for_update()):
            found[row.id] = article_of(row)
    return found


def tied_to(session: ReadSession, ids: Collection[str]) -> Sequence[Record]:
    """Return articles and their translations, as far as their groups are concerned."""
    named = filled(ids)
    params = {f"id{number}": id_ for number, id_ in enumerate(named)}
    return session.prepared(_tied(len(named)), params)


@lru_cache
def _tied(count: int) -> Executable:
    ids: list[BindParameter[str]] = [bindparam(f"id{number}") for number in range(count)]
    return _TIED.where(or_(ArticleRow.id.in_(ids), ArticleRow.translation_of.in_(ids)))
