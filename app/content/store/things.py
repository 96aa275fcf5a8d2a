"""What articles, sources and categories have in common: ids, slugs, numbers."""

from collections.abc import Set
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select

from app.content.models import (
    ArticleRow,
    CategoryRow,
    SourceRow,
)
from app.kit.listed import is_listed
from app.kit.session import ReadSession
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
    return session.find(_references(type_), refs)


@lru_cache
def _references(type_: str) -> Statement[Reference]:
    model = TABLES[type_]
    third = {"source": "url", "category": "parent_id", "article": "translation_of"}[type_]
    columns = select(model.id, model.slug, getattr(model, third).label("more"))
    return Statement(columns.where(or_(is_listed(model.id), is_listed(model.slug))), Reference)


def count_of(session: ReadSession, type_: str) -> int:
    """Count sources, categories or articles."""
    count: int = session.scalar(select(func.count()).select_from(TABLES[type_]))
    return count


def all_slugs(session: ReadSession, type_: str) -> list[str]:
    """Return the slugs of all sources or categories, to guess what somebody meant."""
    return session.scalars(select(TABLES[type_].slug))
