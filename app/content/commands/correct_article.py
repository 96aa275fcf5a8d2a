"""Correct the public copy of a story, with a public note."""

from typing import Any

from app.content.article import Article, corrected
from app.content.commands.edit_article import patched_fields
from app.content.editing import Expected, article_to_change
from app.content.orders import CorrectInput
from app.content.public_copy import public_copy, save_public
from app.content.translations import check_translation
from app.kit.clock import format_instant
from app.kit.errors import FieldError, InvalidInput
from app.kit.sql.unit_of_work import UnitOfWork

# Other commands change when a story is public.
_NOT_HERE = ("status", "published_at", "expires_at", "embargo_until")


def correct_article(unit: UnitOfWork, ref: str, order: CorrectInput, expected: Expected) -> Article:
    """Correct the public copy; a working copy ahead of it gets the same changes and stays ahead."""
    article = article_to_change(unit, ref, expected)
    _check_changes(order)
    correction = {"at": format_instant(unit.now), "note": order.note}
    public = public_copy(unit.session, article)
    copy = corrected(public, patched_fields(unit, public, order.changes), correction, unit.now)
    check_translation(unit.session, copy, public)

    def fields() -> dict[str, Any]:
        return patched_fields(unit, article, order.changes) | {"corrections": copy.corrections}

    return save_public(unit, article, copy, "corrected", note=order.note, fields=fields)


def _check_changes(order: CorrectInput) -> None:
    wrong = [name for name in _NOT_HERE if name in order.changes]
    if wrong:
        detail = "A correction changes what is public, not when; another verb does that."
        errors = [FieldError(f"#/changes/{name}", "not_allowed", detail) for name in wrong]
        raise InvalidInput(detail, errors=errors)
