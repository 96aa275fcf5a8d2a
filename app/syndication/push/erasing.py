"""What was to be sent, and was sent, of a story that is erased."""

from app.content.events import ArticleRemoved
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.store import deliveries


def forget_erased(unit: UnitOfWork) -> None:
    """Delete the bodies of deliveries about erased stories, with what receivers answered.

    That a story is gone is another delivery, which the log calls for afterwards.
    """
    for event in unit.events:
        if isinstance(event, ArticleRemoved) and event.erased:
            deliveries.erase(unit.session, event.article_id)
