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
    ArticleCategoryRow,
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
    early: Asked | None = session.found.pop(_EARLY.format(type_), None)
    for row in early() if early is not None else ():
        known[row.id] = known[row.slug] = row
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


def ask_named_by(session: ReadSession, ref: str) -> None:
    """Ask for the source and the categories of an article that is asked for on the same way.

    Whoever changes it shows them afterwards. They are as they are once it is locked.
    """
    for type_, statement in _NAMED_BY.items():
        session.found[_EARLY.format(type_)] = session.asked(statement, {"ref": ref})


@lru_cache
def _references(type_: str, count: int) -> Select[Any]:
    model = TABLES[type_]
    refs: list[BindParameter[str]] = [bindparam(f"ref{number}") for number in range(count)]
    return _shown(type_).where(or_(model.id.in_(refs), model.slug.in_(refs)))


def _shown(type_: str) -> Select[Any]:
    model = TABLES[type_]
    third = {"source": "url", "category": "parent_id", "article": "translation_of"}[type_]
    return select(model.id, model.slug, getattr(model, third).label("more"))


# Under what name things that were asked for early are kept in a session.
_EARLY = "{} asked early"
_NAMING = or_(ArticleRow.id == bindparam("ref"), ArticleRow.slug == bindparam("ref"))
_NAMED_BY = {
    "source": _shown("source").where(SourceRow.id.in_(select(ArticleRow.source_id).where(_NAMING))),
    "category": _shown("category").where(
        CategoryRow.id.in_(
            select(ArticleCategoryRow.category_id)
            .join(ArticleRow, ArticleRow.id == ArticleCategoryRow.article_id)
            .where(_NAMING)
        )
    ),
}


def count_of(session: ReadSession, type_: str) -> int:
    """Count sources, categories or articles."""
    count: int = session.scalar(select(func.count()).select_from(TABLES[type_]))
    return count


def all_slugs(session: ReadSession, type_: str) -> list[str]:
    """Return the slugs of all sources or categories, to guess what somebody meant."""
    return [row.slug for row in session.all(select(TABLES[type_].slug))]
