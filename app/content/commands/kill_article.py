"""Kill a story: withdraw it for good, with a notice to its readers."""

from app.access.idempotency import replace_bodies
from app.content.article import Article, kill
from app.content.command_inputs import KillInput
from app.content.editing import ExpectedVersions, lock_article
from app.content.queries import view_article
from app.content.saving import ArticleTransition, save_change
from app.kit import json
from app.kit.sql.unit_of_work import UnitOfWork


def kill_article(
    unit: UnitOfWork, ref: str, order: KillInput, expected: ExpectedVersions
) -> Article:
    """Kill a story in any state; only an administrator sees its text afterwards."""
    article = lock_article(unit, ref, expected)
    after = save_change(
        unit,
        ArticleTransition(
            article, kill(article, order.notice, unit.now), "killed", note=order.notice
        ),
    )
    # Stored idempotent answers must not repeat the text.
    replace_bodies(
        unit, after.id, json.dumps(view_article(unit.session, after, unit.now, whole=False))
    )
    return after
