"""Erase what was sent, or is still to be sent, about an erased story."""

from app.content.events import ArticleRemoved
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.store import deliveries


def erase_deliveries(unit: UnitOfWork) -> None:
    """Delete the bodies of deliveries about erased stories, and the answers of receivers.

    The log causes another delivery later, which says that the story is gone.
    """
    for event in unit.events:
        if isinstance(event, ArticleRemoved) and event.erased:
            deliveries.erase_for_subject(unit.session, event.article_id)
