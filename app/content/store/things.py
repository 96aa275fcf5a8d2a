"""What articles, sources and categories have in common: ids, slugs, numbers."""

from collections.abc import Set
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    bindparam,
    func,
    or_,
    select,
)

from app.content.models import (
    ArticleRow,
    CategoryRow,
    SourceRow,
)
from app.kit.session import ReadSession, chunks, filled
from app.kit.statement import Statement

TABLES: dict[str, Any] = {
    "article": ArticleRow,
    "source": SourceRow,
    "category": CategoryRow,
}


class Reference(NamedTuple):
    """A thing that can be named, and one column more of it."""

    id: str
    slug: str
    more: str | None


def references(session: ReadSession, type_: str, refs: Set[str]) -> list[Reference]:
    """Return what exists of things named by id or slug: `id`, `slug` and one column more.

    The third is a source's `url`, a category's `parent_id`, an article's `translation_of`.
    """
    found: list[Reference] = []
    for part in chunks(refs):
        named = filled(part)
        params = {f"ref{number}": ref for number, ref in enumerate(named)}
        found += session.all(_references(type_, len(named)), params)
    return found


@lru_cache
def _references(type_: str, count: int) -> Statement[Reference]:
    model = TABLES[type_]
    refs: list[BindParameter[str]] = [bindparam(f"ref{number}") for number in range(count)]
    third = {"source": "url", "category": "parent_id", "article": "translation_of"}[type_]
    columns = select(model.id, model.slug, getattr(model, third).label("more"))
    return Statement(columns.where(or_(model.id.in_(refs), model.slug.in_(refs))), Reference)


def count_of(session: ReadSession, type_: str) -> int:
    """Count sources, categories or articles."""
    count: int = session.scalar(select(func.count()).select_from(TABLES[type_]))
    return count


def all_slugs(session: ReadSession, type_: str) -> list[str]:
    """Return the slugs of all sources or categories, to guess what somebody meant."""
    return [row.slug for row in session.all(select(TABLES[type_].slug))]
