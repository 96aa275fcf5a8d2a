"""Correct the public copy of a story, with a public note."""

from typing import Any

from app.content.article import Article, correct
from app.content.command_inputs import CorrectInput
from app.content.commands.edit_article import build_patched_fields
from app.content.editing import ExpectedVersions, lock_article
from app.content.public_copy import load_public_copy, save_public_copy
from app.content.translations import check_translation
from app.kit.clock import format_instant
from app.kit.errors import FieldError, InvalidInput
from app.kit.sql.unit_of_work import UnitOfWork

# Other commands change when a story is public.
_REFUSED_FIELDS = ("status", "published_at", "expires_at", "embargo_until")


def correct_article(
    unit: UnitOfWork, ref: str, order: CorrectInput, expected: ExpectedVersions
) -> Article:
    """Correct the public copy; a working copy ahead of it gets the same changes and stays ahead."""
    article = lock_article(unit, ref, expected)
    _check_changes(order)
    correction = {"at": format_instant(unit.now), "note": order.note}
    public = load_public_copy(unit.session, article)
    copy = correct(public, build_patched_fields(unit, public, order.changes), correction, unit.now)
    check_translation(unit.session, copy, public)

    def fields() -> dict[str, Any]:
        return build_patched_fields(unit, article, order.changes) | {
            "corrections": copy.corrections
        }

    return save_public_copy(unit, article, copy, "corrected", note=order.note, fields=fields)


def _check_changes(order: CorrectInput) -> None:
    wrong = [name for name in _REFUSED_FIELDS if name in order.changes]
    if wrong:
        detail = "A correction changes what is public, not when; another verb does that."
        errors = [FieldError(f"#/changes/{name}", "not_allowed", detail) for name in wrong]
        raise InvalidInput(detail, errors=errors)
