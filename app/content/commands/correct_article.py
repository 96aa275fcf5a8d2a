"""Change what is public, and say in public what was wrong."""

from dataclasses import replace

from app.content import store
from app.content.article import Article, corrected, is_current
from app.content.commands.edit_article import patched_fields
from app.content.drafting import check_translation
from app.content.editing import Expected, article_to_change
from app.content.orders import CorrectInput
from app.content.saving import Change, from_snapshot, save
from app.kit.clock import format_instant
from app.kit.errors import FieldError, InvalidInput
from app.kit.unit import Unit

# When a story is public is for other verbs to say.
_NOT_HERE = ("status", "published_at", "expires_at", "embargo_until")


def correct_article(unit: Unit, ref: str, order: CorrectInput, expected: Expected) -> Article:
    """Correct the public copy; a working copy that has run ahead gets the same, and stays ahead."""
    article = article_to_change(unit, ref, expected)
    _check_changes(order)
    correction = {"at": format_instant(unit.now), "note": order.note}
    public = _public_copy(unit, article)
    fields = patched_fields(unit, public, order.changes)
    copy = corrected(public, fields, correction, unit.now)
    check_translation(unit.session, copy)
    save(unit, Change(article, copy, "corrected", note=order.note))
    if is_current(article):
        return copy
    ahead = replace(
        article,
        **patched_fields(unit, article, order.changes),
        corrections=copy.corrections,
        version=copy.version + 1,
        published_version=copy.version,
        updated_at=copy.updated_at,
        modified_at=unit.now,
    )
    return save(unit, Change(copy, ahead, "corrected", note=order.note))


def _public_copy(unit: Unit, article: Article) -> Article:
    """Return the public copy as it would stand in the version that the article has."""
    if is_current(article) or article.published_version is None:
        return article
    key = (article.id, article.published_version)
    snapshot = store.snapshots(unit.session, [key])[article.id]
    return replace(from_snapshot(snapshot), version=article.version)


def _check_changes(order: CorrectInput) -> None:
    wrong = [name for name in _NOT_HERE if name in order.changes]
    if wrong:
        detail = "A correction changes what is public, not when; another verb does that."
        errors = [FieldError(f"#/changes/{name}", "not_allowed", detail) for name in wrong]
        raise InvalidInput(detail, errors=errors)
