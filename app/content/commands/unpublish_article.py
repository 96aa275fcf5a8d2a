"""Take a story's public copy away; the working copy stays."""

from app.content.article import Article, unpublished
from app.content.editing import Expected, article_to_change
from app.content.saving import Change, save
from app.kit.unit import Unit


def unpublish_article(unit: Unit, ref: str, expected: Expected) -> Article:
    """Unpublish quietly: readers find nothing there."""
    article = article_to_change(unit, ref, expected)
    return save(unit, Change(article, unpublished(article, unit.now), "unpublished"))
