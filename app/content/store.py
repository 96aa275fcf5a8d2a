"""All SQL of the content side, except the newsroom's lists (see `lists_store`).

Functions that save take many rows: a verb saves one, the importer saves a batch.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from app.access.selection import fold
from app.content.article import Article, as_row
from app.content.models import (
    ArticleCategoryRow,
    ArticleLabelRow,
    ArticleRow,
    CategoryRow,
    PublicSlugRow,
    RevisionRow,
    SourceRow,
)
from app.content.taxonomy import Category, Source
from app.kit.database import ReadSession, Record, WriteSession

# The most values that one IN (…) is given: SQLite allows 32,766 variables a statement.
_CHUNK = 5_000

_articles = ArticleRow.__table__
_sources = SourceRow.__table__
_categories = CategoryRow.__table__


def article_of(row: Record) -> Article:
    """Build an article from its row."""
    return Article(**row._mapping)  # noqa: SLF001 - the documented way to a row's fields


def source_of(row: Record) -> Source:
    """Build a source from its row."""
    return Source(**row._mapping)  # noqa: SLF001


def category_of(row: Record) -> Category:
    """Build a category from its row."""
    return Category(**row._mapping)  # noqa: SLF001


# --- articles -----------------------------------------------------------------------------


def article_by_ref(session: ReadSession, ref: str, *, lock: bool = False) -> Article | None:
    """Return the article with an id or a slug; `lock` keeps others from changing it."""
    statement = select(_articles).where(or_(ArticleRow.id == ref, ArticleRow.slug == ref))
    row = session.first(statement.with_for_update() if lock else statement)
    return article_of(row) if row else None


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
    return list(_articles_where(session, key.in_, pairs).values())


def article_by_external_id(
    session: ReadSession, source_id: str | None, external_id: str
) -> Article | None:
    """Return a source's article (or a sourceless one) with an external id."""
    owner = ArticleRow.source_id
    same = owner.is_(None) if source_id is None else owner == source_id
    statement = select(_articles).where(same, ArticleRow.external_id == external_id)
    row = session.first(statement.with_for_update())
    return article_of(row) if row else None


def stream_articles(session: ReadSession) -> Iterator[Article]:
    """Yield every article in the order of ids."""
    for row in session.stream(select(_articles).order_by(ArticleRow.id)):
        yield article_of(row)


def insert_articles(session: WriteSession, articles: Sequence[Article]) -> None:
    """Add articles with their categories and labels."""
    session.execute(insert(_articles), [as_row(article) for article in articles])
    _insert_attributes(session, articles)


_update_article = (
    update(_articles)
    .where(_articles.c.id == bindparam("key"))
    .values({name: bindparam(name) for name in _articles.c.keys() if name != "id"})  # noqa: SIM118
)


def update_articles(session: WriteSession, articles: Sequence[Article]) -> None:
    """Replace the rows of articles, their categories and their labels."""
    rows = []
    for article in articles:
        row = as_row(article)
        row["key"] = row.pop("id")
        rows.append(row)
    session.execute(_update_article, rows)
    ids = [article.id for article in articles]
    for part in _chunks(ids):
        session.execute(delete(ArticleCategoryRow).where(ArticleCategoryRow.article_id.in_(part)))
        session.execute(delete(ArticleLabelRow).where(ArticleLabelRow.article_id.in_(part)))
    _insert_attributes(session, articles)


def _insert_attributes(session: WriteSession, articles: Sequence[Article]) -> None:
    session.execute(
        insert(ArticleCategoryRow),
        [
            {"category_id": category, "article_id": article.id}
            for article in articles
            for category in article.categories
        ],
    )
    labels = {
        (field, value, article.id) for article in articles for field, value in labels_of(article)
    }
    session.execute(
        insert(ArticleLabelRow),
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
    for part in _chunks(list(values)):
        # In one order everywhere, so that two batches cannot wait for each other.
        statement = select(_articles).where(condition(part)).order_by(ArticleRow.id)
        for row in session.all(statement.with_for_update()):
            found[row.id] = article_of(row)
    return found


# --- revisions ----------------------------------------------------------------------------


def insert_revisions(session: WriteSession, rows: Sequence[dict[str, Any]]) -> None:
    """Add snapshots."""
    session.execute(insert(RevisionRow), rows)


def revision(session: ReadSession, article_id: str, version: int) -> Record | None:
    """Return one snapshot of an article."""
    return session.first(
        select(RevisionRow.__table__).where(
            RevisionRow.article_id == article_id, RevisionRow.version == version
        )
    )


def revisions(
    session: ReadSession, article_id: str, below: int | None, above: int | None, limit: int
) -> Sequence[Record]:
    """Return snapshots of an article: newest first, or upwards from a version."""
    statement = select(RevisionRow.__table__).where(RevisionRow.article_id == article_id)
    if above is not None:
        statement = statement.where(RevisionRow.version > above).order_by(RevisionRow.version)
    else:
        statement = statement.order_by(RevisionRow.version.desc())
        if below is not None:
            statement = statement.where(RevisionRow.version < below)
    return session.all(statement.limit(limit))


def snapshots(session: ReadSession, keys: Collection[tuple[str, int]]) -> dict[str, Any]:
    """Return snapshots by article id, for pairs of article id and version."""
    found: dict[str, Any] = {}
    key = tuple_(RevisionRow.article_id, RevisionRow.version)
    for part in _chunks(list(keys)):
        statement = select(RevisionRow.article_id, RevisionRow.snapshot).where(key.in_(part))
        found.update((row.article_id, row.snapshot) for row in session.all(statement))
    return found


def revision_gaps(session: ReadSession) -> list[str]:
    """Return the ids of articles whose snapshots are not exactly one for each version."""
    statement = (
        select(ArticleRow.id)
        .outerjoin(RevisionRow, RevisionRow.article_id == ArticleRow.id)
        .group_by(ArticleRow.id, ArticleRow.version)
        .having(func.max(RevisionRow.version).is_distinct_from(ArticleRow.version))
    )
    return [row.id for row in session.all(statement)]


# --- slugs --------------------------------------------------------------------------------

_SLUG_TABLES: dict[str, Any] = {
    "article": ArticleRow,
    "source": SourceRow,
    "category": CategoryRow,
}


def taken_slugs(
    session: ReadSession, type_: str, slugs: Collection[str], *, but_for: str | None = None
) -> set[str]:
    """Return which slugs belong, or once belonged, to another thing of a type."""
    model = _SLUG_TABLES[type_]
    taken: set[str] = set()
    for part in _chunks(list(slugs)):
        now = select(model.slug).where(model.slug.in_(part))
        once = select(PublicSlugRow.slug).where(
            PublicSlugRow.type == type_, PublicSlugRow.slug.in_(part)
        )
        if but_for is not None:
            now = now.where(model.id != but_for)
            once = once.where(PublicSlugRow.id != but_for)
        taken.update(row.slug for row in session.all(now.union_all(once)))
    return taken


def keep_public_slugs(
    session: WriteSession, type_: str, slugs: Iterable[tuple[str, str]], now: datetime
) -> None:
    """Remember slugs (each with its thing's id) as public, so that nothing else takes them."""
    session.insert_missing(
        PublicSlugRow,
        [{"type": type_, "slug": slug, "id": id_, "since": now} for slug, id_ in slugs],
    )


def public_slugs(session: ReadSession, type_: str, ids: Collection[str]) -> dict[str, list[str]]:
    """Return the slugs under which things are or were public, oldest first, by id."""
    found: dict[str, list[str]] = {}
    for part in _chunks(list(ids)):
        statement = (
            select(PublicSlugRow.id, PublicSlugRow.slug)
            .where(PublicSlugRow.type == type_, PublicSlugRow.id.in_(part))
            .order_by(PublicSlugRow.since, PublicSlugRow.slug)
        )
        for row in session.all(statement):
            found.setdefault(row.id, []).append(row.slug)
    return found


# --- sources and categories ---------------------------------------------------------------


def source_by_ref(session: ReadSession, ref: str, *, lock: bool = False) -> Source | None:
    """Return the source with an id or a slug."""
    row = _one(session, select(_sources), SourceRow, ref, lock=lock)
    return source_of(row) if row else None


def category_by_ref(session: ReadSession, ref: str, *, lock: bool = False) -> Category | None:
    """Return the category with an id or a slug."""
    row = _one(session, select(_categories), CategoryRow, ref, lock=lock)
    return category_of(row) if row else None


def _one(
    session: ReadSession, statement: Select[Any], model: Any, ref: str, *, lock: bool
) -> Record | None:
    statement = statement.where(or_(model.id == ref, model.slug == ref))
    return session.first(statement.with_for_update() if lock else statement)


def references(session: ReadSession, type_: str, refs: Collection[str]) -> list[Record]:
    """Return what exists of things named by id or slug: `id`, `slug` and one column more.

    The third is a source's `url`, a category's `parent_id`, an article's `translation_of`.
    """
    model = _SLUG_TABLES[type_]
    third = {"source": "url", "category": "parent_id", "article": "translation_of"}[type_]
    found: list[Record] = []
    for part in _chunks(list(refs)):
        statement = select(model.id, model.slug, getattr(model, third).label("more"))
        found.extend(session.all(statement.where(or_(model.id.in_(part), model.slug.in_(part)))))
    return found


def has_translations(session: ReadSession, article_id: str) -> bool:
    """Tell whether other articles call themselves translations of one."""
    statement = select(ArticleRow.id).where(ArticleRow.translation_of == article_id).limit(1)
    return session.first(statement) is not None


def page_of_taxonomy(
    session: ReadSession, type_: str, after: str | None, before: str | None, limit: int
) -> Sequence[Record]:
    """Return sources or categories in the order of slugs, after or (backwards) before one."""
    model = _SLUG_TABLES[type_]
    statement = select(model.__table__).limit(limit)
    if before is not None:
        return session.all(statement.where(model.slug < before).order_by(model.slug.desc()))
    if after is not None:
        statement = statement.where(model.slug > after)
    return session.all(statement.order_by(model.slug))


def count_of_taxonomy(session: ReadSession, type_: str) -> int:
    """Count sources or categories."""
    count: int = session.scalar(select(func.count()).select_from(_SLUG_TABLES[type_]))
    return count


def stream_sources(session: ReadSession) -> Iterator[Source]:
    """Yield every source in the order of slugs."""
    for row in session.stream(select(_sources).order_by(SourceRow.slug)):
        yield source_of(row)


def stream_categories(session: ReadSession) -> Iterator[Category]:
    """Yield every category in the order of slugs."""
    for row in session.stream(select(_categories).order_by(CategoryRow.slug)):
        yield category_of(row)


def save_source(session: WriteSession, source: Source, *, new: bool) -> None:
    """Add or replace a source."""
    _save(session, _sources, _fields(source), new=new)


def save_category(session: WriteSession, category: Category, *, new: bool) -> None:
    """Add or replace a category."""
    _save(session, _categories, _fields(category), new=new)


def _fields(value: Source | Category) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _save(session: WriteSession, table: Any, row: dict[str, Any], *, new: bool) -> None:
    if new:
        session.execute(insert(table), row)
    else:
        session.execute(update(table).where(table.c.id == row["id"]).values(row))


def delete_source(session: WriteSession, source_id: str) -> None:
    """Delete a source that no story names."""
    session.execute(delete(SourceRow).where(SourceRow.id == source_id))


def delete_category(session: WriteSession, category_id: str) -> None:
    """Delete a category that neither story nor category names."""
    session.execute(delete(CategoryRow).where(CategoryRow.id == category_id))


def uses_of_source(session: ReadSession, source_id: str) -> int:
    """Count the articles (deleted ones included) of a source."""
    count: int = session.scalar(
        select(func.count()).select_from(ArticleRow).where(ArticleRow.source_id == source_id)
    )
    return count


def uses_of_category(session: ReadSession, category_id: str) -> tuple[int, int]:
    """Count the articles (deleted ones included) and the categories under a category."""
    row = session.first(
        select(
            select(func.count())
            .select_from(ArticleCategoryRow)
            .where(ArticleCategoryRow.category_id == category_id)
            .scalar_subquery(),
            select(func.count())
            .select_from(CategoryRow)
            .where(CategoryRow.parent_id == category_id)
            .scalar_subquery(),
        )
    )
    assert row is not None
    return row[0], row[1]


def ancestors(session: ReadSession, category_id: str) -> list[str]:
    """Return the ids of a category and all above it, nearest first."""
    tree = (
        select(CategoryRow.id, CategoryRow.parent_id)
        .where(CategoryRow.id == category_id)
        .cte("tree", recursive=True)
    )
    # UNION, not UNION ALL: a cycle, should one ever be there, must not run for ever.
    tree = tree.union(
        select(CategoryRow.id, CategoryRow.parent_id).where(CategoryRow.id == tree.c.parent_id)
    )
    return [row.id for row in session.all(select(tree.c.id))]


def _chunks(values: list[Any]) -> Iterable[list[Any]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
