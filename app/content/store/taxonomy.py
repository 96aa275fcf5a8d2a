"""Sources and categories: rows in and out."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    Select,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from app.content.models import (
    ArticleCategoryRow,
    ArticleRow,
    CategoryRow,
    SourceRow,
)
from app.content.store.things import TABLES
from app.content.taxonomy import Category, Source, fields_of
from app.kit.schema import table_of
from app.kit.session import ReadSession, Record, WriteSession, chunks

_sources = table_of(SourceRow)
_categories = table_of(CategoryRow)


def source_of(row: Record) -> Source:
    """Build a source from its row."""
    return Source(**row._asdict())


def category_of(row: Record) -> Category:
    """Build a category from its row."""
    return Category(**row._asdict())


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
    # Without the key: others may name this row meanwhile, such as a category moved under it.
    return session.first(statement.with_for_update(key_share=True) if lock else statement)


def page_of_taxonomy(
    session: ReadSession, type_: str, after: str | None, before: str | None, limit: int
) -> Sequence[Record]:
    """Return sources or categories in the order of slugs, after or (backwards) before one."""
    model = TABLES[type_]
    statement = select(model.__table__).limit(limit)
    if before is not None:
        return session.all(statement.where(model.slug < before).order_by(model.slug.desc()))
    if after is not None:
        statement = statement.where(model.slug > after)
    return session.all(statement.order_by(model.slug))


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
    _save(session, _sources, fields_of(source), new=new)


def save_category(session: WriteSession, category: Category, *, new: bool) -> None:
    """Add or replace a category."""
    _save(session, _categories, fields_of(category), new=new)


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
    counts = tuple(row)
    return counts[0], counts[1]


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


def categories_below(session: ReadSession, ids: Collection[str]) -> dict[str, int]:
    """Return the version of each category somewhere below these, by id, themselves left out."""
    found: dict[str, int] = {}
    for part in chunks(ids):
        found.update((row.id, row.version) for row in session.all(_below(part)))
    return {id_: version for id_, version in found.items() if id_ not in ids}


def _below(ids: Sequence[str]) -> Select[Any]:
    columns = select(CategoryRow.id, CategoryRow.version)
    tree = columns.where(CategoryRow.parent_id.in_(ids)).cte("tree", recursive=True)
    # UNION, not UNION ALL: a cycle, should one ever be there, must not run for ever.
    tree = tree.union(columns.where(CategoryRow.parent_id == tree.c.id))
    return select(tree.c.id, tree.c.version)


def levels_below(session: ReadSession, category_id: str) -> int:
    """Return how many levels a category and all below it take up."""
    level, levels, seen = {category_id}, 0, {category_id}
    while level:
        levels += 1
        below: set[str] = set()
        for part in chunks(level):
            statement = select(CategoryRow.id).where(CategoryRow.parent_id.in_(part))
            below.update(row.id for row in session.all(statement))
        level, seen = below - seen, seen | below
    return levels
