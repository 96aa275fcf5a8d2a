"""Kill a story: withdraw it for good, with a notice to its readers."""

from app.access.idempotency import replace_bodies
from app.content.article import Article, killed
from app.content.editing import Expected, article_to_change
from app.content.orders import KillInput
from app.content.queries import show_article
from app.content.saving import Change, save
from app.kit import json
from app.kit.sql.unit_of_work import UnitOfWork


def kill_article(unit: UnitOfWork, ref: str, order: KillInput, expected: Expected) -> Article:
    """Kill a story in any state; only an administrator sees its text afterwards."""
    article = article_to_change(unit, ref, expected)
    after = save(
        unit,
        Change(article, killed(article, order.notice, unit.now), "killed", note=order.notice),
    )
    # Stored idempotent answers must not repeat the text.
    replace_bodies(
        unit, after.id, json.dumps(show_article(unit.session, after, unit.now, whole=False))
    )
    return after
