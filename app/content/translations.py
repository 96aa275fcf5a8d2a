"""Translation groups: a story in several languages.

One story is the original; the others refer to it in `translation_of`, and its id is the id of the
group. A group has at most one story in each language. A translation cannot be an original.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from app.content import store
from app.content.article import Article
from app.content.locks import TRANSLATIONS
from app.kit.errors import ConstraintViolated, InvalidInput
from app.kit.quoting import quote_text
from app.kit.sql.session import WriteSession

_POINTER = "#/translation_of"


def find_group(article: Any) -> str:
    """Return the translation group of an article or of its row: the id of the original."""
    group: str = article.translation_of or article.id
    return group


def check_translation(
    session: WriteSession,
    article: Article,
    before: Article | None = None,
    *,
    known: Mapping[str, Article] | None = None,
) -> None:
    """Refuse an article that its group cannot include; `before` is its state in the group now.

    `known` are articles by id that are about to be written in the same transaction.
    """
    if before is not None and _group_and_language(before) == _group_and_language(article):
        return
    session.lock(TRANSLATIONS)
    asked = {article.id, find_group(article)}
    rows = list(_merge_known(store.load_group_members(session, asked), known or {}))
    if article.translation_of is not None:
        _check_original(article, rows)
    _check_language(article, rows)


def _group_and_language(article: Article) -> tuple[str | None, str]:
    return article.translation_of, article.language


def _merge_known(rows: Collection[Any], known: Mapping[str, Article]) -> Iterator[Any]:
    """Yield stored rows, replaced by articles that are about to be written."""
    yield from (row for row in rows if row.id not in known)
    yield from known.values()


def _check_original(article: Article, rows: list[Any]) -> None:
    if article.translation_of == article.id:
        detail = "A story cannot be a translation of itself."
        raise InvalidInput.at(_POINTER, "cycle", detail)
    if any(row.translation_of == article.id for row in rows):
        detail = "Other stories are translations of this one; tie them to the other story first."
        raise InvalidInput.at(_POINTER, "cycle", detail)
    if any(row.id == article.translation_of and row.translation_of is not None for row in rows):
        # The original was linked to another story since it was looked up; the command is retried.
        raise ConstraintViolated("The original became a translation itself at the same time.")


def _check_language(article: Article, rows: list[Any]) -> None:
    for row in rows:
        others = row.id != article.id and find_group(row) == find_group(article)
        if others and _is_alive(row) and row.language.lower() == article.language.lower():
            detail = (
                f"{quote_text(row.slug)} is this story in {quote_text(row.language)} already; a "
                "story stands once in each language. Change the language, or untie one of the two."
            )
            raise InvalidInput.at("#/language", "language_taken", detail)


def _is_alive(row: Any) -> bool:
    return row.deleted_at is None and row.stage != "killed"
