"""SQL for sources and categories."""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import (
    Select,
    delete,
    func,
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
from app.content.taxonomy import Category, Source, to_fields
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query, Statement

_sources = table_of(SourceRow)
_categories = table_of(CategoryRow)


def find_source(session: ReadSession, ref: str, *, lock: bool = False) -> Source | None:
    """Return the source with an id or a slug."""
    return session.first(Query(_select_by_ref(SourceRow, ref, lock=lock), Source))


def find_category(session: ReadSession, ref: str, *, lock: bool = False) -> Category | None:
    """Return the category with an id or a slug."""
    return session.first(Query(_select_by_ref(CategoryRow, ref, lock=lock), Category))


def _select_by_ref(model: Any, ref: str, *, lock: bool) -> Select[Any]:
    statement = select(model.__table__).where(or_(model.id == ref, model.slug == ref))
    # `key_share` allows other transactions to refer to this row, such as a category moved below it.
    return statement.with_for_update(key_share=True) if lock else statement


def load_source_page(
    session: ReadSession, after: str | None, before: str | None, limit: int
) -> list[Source]:
    """Return sources in the order of slugs, after a slug or (backwards) before one."""
    return session.all(Query(_select_page(SourceRow, after, before, limit), Source))


def load_category_page(
    session: ReadSession, after: str | None, before: str | None, limit: int
) -> list[Category]:
    """Return categories in the order of slugs, after a slug or (backwards) before one."""
    return session.all(Query(_select_page(CategoryRow, after, before, limit), Category))


def _select_page(model: Any, after: str | None, before: str | None, limit: int) -> Select[Any]:
    statement = select(model.__table__).limit(limit)
    if before is not None:
        return statement.where(model.slug < before).order_by(model.slug.desc())
    if after is not None:
        statement = statement.where(model.slug > after)
    return statement.order_by(model.slug)


def stream_sources(session: ReadSession) -> Iterator[Source]:
    """Yield every source in the order of slugs."""
    yield from session.stream(Query(select(_sources).order_by(SourceRow.slug), Source))


def stream_categories(session: ReadSession) -> Iterator[Category]:
    """Yield every category in the order of slugs."""
    yield from session.stream(Query(select(_categories).order_by(CategoryRow.slug), Category))


def save_source(session: WriteSession, source: Source, *, new: bool) -> None:
    """Insert or update a source."""
    _save(session, SourceRow, source, new=new)


def save_category(session: WriteSession, category: Category, *, new: bool) -> None:
    """Insert or update a category."""
    _save(session, CategoryRow, category, new=new)


def _save(session: WriteSession, model: Any, thing: Source | Category, *, new: bool) -> None:
    if new:
        session.insert(model, [thing])
    else:
        session.execute(update(model).where(model.id == thing.id).values(to_fields(thing)))


def delete_source(session: WriteSession, source_id: str) -> None:
    """Delete a source that no story uses."""
    session.execute(delete(SourceRow).where(SourceRow.id == source_id))


def delete_category(session: WriteSession, category_id: str) -> None:
    """Delete a category that no story or category uses."""
    session.execute(delete(CategoryRow).where(CategoryRow.id == category_id))


def count_uses_of_source(session: ReadSession, source_id: str) -> int:
    """Count the articles (deleted ones included) of a source."""
    count: int = session.scalar(
        select(func.count()).select_from(ArticleRow).where(ArticleRow.source_id == source_id)
    )
    return count


def count_uses_of_category(session: ReadSession, category_id: str) -> tuple[int, int]:
    """Count the articles (deleted ones included) and the child categories of a category."""
    filed = select(func.count()).where(ArticleCategoryRow.category_id == category_id)
    below = select(func.count()).where(CategoryRow.parent_id == category_id)
    counts: Query[tuple[int, int]] = Query(select(filed.scalar_subquery(), below.scalar_subquery()))
    return session.all(counts)[0]


def load_ancestors(session: ReadSession, category_id: str) -> list[str]:
    """Return the ids of a category and its ancestors, nearest first."""
    tree = (
        select(CategoryRow.id, CategoryRow.parent_id)
        .where(CategoryRow.id == category_id)
        .cte("tree", recursive=True)
    )
    # UNION, not UNION ALL, so that a cycle in the data ends the recursion.
    tree = tree.union(
        select(CategoryRow.id, CategoryRow.parent_id).where(CategoryRow.id == tree.c.parent_id)
    )
    return session.scalars(select(tree.c.id))


def load_categories_below(session: ReadSession, ids: Collection[str]) -> dict[str, int]:
    """Return the versions of all descendants of these categories, by id."""
    found = session.find(_BELOW, ids)
    return {id_: version for id_, version in found if id_ not in ids}


_columns = select(CategoryRow.id, CategoryRow.version)
_children = _columns.where(is_listed(CategoryRow.parent_id)).cte("tree", recursive=True)
# UNION, not UNION ALL, so that a cycle in the data ends the recursion.
_tree = _children.union(_columns.where(CategoryRow.parent_id == _children.c.id))
_BELOW: Statement[tuple[str, int]] = Statement(select(_tree.c.id, _tree.c.version))
_CHILDREN: Statement[tuple[str]] = Statement(
    select(CategoryRow.id).where(is_listed(CategoryRow.parent_id))
)


def count_levels(session: ReadSession, category_id: str) -> int:
    """Return the number of levels of a category and its descendants."""
    level, levels, seen = {category_id}, 0, {category_id}
    while level:
        levels += 1
        below = {id_ for (id_,) in session.find(_CHILDREN, level)}
        level, seen = below - seen, seen | below
    return levels
