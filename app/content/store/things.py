"""What articles, sources and categories have in common: ids, slugs, numbers."""

from collections.abc import Callable, Set
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Select,
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
from app.kit.session import Asked, ReadSession, Record, chunks, filled

TABLES: dict[str, Any] = {
    "article": ArticleRow,
    "source": SourceRow,
    "category": CategoryRow,
}


def references(session: ReadSession, type_: str, refs: Set[str]) -> Callable[[], list[Record]]:
    """Ask what exists of things named by id or slug: `id`, `slug` and one column more.

    The third is a source's `url`, a category's `parent_id`, an article's `translation_of`.
    """
    # Articles come and change within a transaction; what they name hardly does.
    lasting = type_ != "article"
    known: dict[str, Record] = session.found.setdefault(type_, {}) if lasting else {}
    asked: list[Asked] = []
    for part in chunks(refs - known.keys()):
        named = filled(part)
        params = {f"ref{number}": ref for number, ref in enumerate(named)}
        asked.append(session.asked(_references(type_, len(named)), params))

    def found() -> list[Record]:
        for row in (row for rows in asked for row in rows()):
            known[row.id] = known[row.slug] = row
        return [known[ref] for ref in refs if ref in known]

    return found


@lru_cache
def _references(type_: str, count: int) -> Select[Any]:
    model = TABLES[type_]
    third = {"source": "url", "category": "parent_id", "article": "translation_of"}[type_]
    refs: list[BindParameter[str]] = [bindparam(f"ref{number}") for number in range(count)]
    statement = select(model.id, model.slug, getattr(model, third).label("more"))
    return statement.where(or_(model.id.in_(refs), model.slug.in_(refs)))


def count_of(session: ReadSession, type_: str) -> int:
    """Count sources, categories or articles."""
    count: int = session.scalar(select(func.count()).select_from(TABLES[type_]))
    return count


def all_slugs(session: ReadSession, type_: str) -> list[str]:
    """Return the slugs of all sources or categories, to guess what somebody meant."""
    return [row.slug for row in session.all(select(TABLES[type_].slug))]
