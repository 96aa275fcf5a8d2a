"""SQL that articles, sources and categories share: lookups by id or slug, counts and slugs."""

from collections.abc import Mapping, Set
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, Text, func, literal_column, or_, select, union_all

from app.content.models import (
    ArticleRow,
    CategoryRow,
    SourceRow,
)
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Statement

TABLES: dict[str, Any] = {
    "article": ArticleRow,
    "source": SourceRow,
    "category": CategoryRow,
}


class Reference(NamedTuple):
    """The id and slug of an article, source or category, and another column."""

    type: str
    id: str
    slug: str
    more: str | None


def load_references(session: ReadSession, wanted: Mapping[str, Set[str]]) -> list[Reference]:
    """Look up references by id or slug, grouped by type.

    The last column is a source's `url`, a category's `parent_id`, an article's `translation_of`.
    """
    return session.all(_references_statement(tuple(wanted)), wanted) if wanted else []


@lru_cache
def _references_statement(types: tuple[str, ...]) -> Statement[Reference]:
    """Build one statement for all types; its parameters are named after them."""
    return Statement(union_all(*map(_select_references, types)), Reference)


def _select_references(type_: str) -> Select[Any]:
    model = TABLES[type_]
    third = {"source": "url", "category": "parent_id", "article": "translation_of"}[type_]
    return select(
        literal_column(f"'{type_}'", Text).label("type"),
        model.id,
        model.slug,
        getattr(model, third).label("more"),
    ).where(or_(is_listed(model.id, type_), is_listed(model.slug, type_)))


def count_rows(session: ReadSession, type_: str) -> int:
    """Count sources, categories or articles."""
    count: int = session.scalar(select(func.count()).select_from(TABLES[type_]))
    return count


def load_slugs(session: ReadSession, type_: str) -> list[str]:
    """Return the slugs of all sources or categories, to suggest similar ones."""
    return session.scalars(select(TABLES[type_].slug))
