"""Bring a deleted article back as a working copy."""

from app.content.article import Article, restored
from app.content.editing import Expected, article_to_change
from app.content.saving import Change, save
from app.kit.unit import Unit


def restore_article(unit: Unit, ref: str, expected: Expected) -> Article:
    """Undo a deletion. The story is not public again before it is published."""
    article = article_to_change(unit, ref, expected)
    return save(unit, Change(article, restored(article, unit.now), "restored"))
