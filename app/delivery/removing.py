"""What is left of stories on the delivery side, deleted with them.

Followers still need the log's rows to hear that a story is gone, and their marks to go on from
them. Of an erased story the rows lose what was said: the notice, and the tags and authors by which
it was selected. Who followed by one of those may have had the story, and is told so.
"""

from collections.abc import Collection, Mapping

from app.content.events import ArticleRemoved
from app.delivery import store
from app.kit.sql.unit_of_work import UnitOfWork


def forget_places(unit: UnitOfWork, ids: Collection[str]) -> None:
    """Delete what stands where removed stories were, and the slugs that led there."""
    store.replace_tombstones(unit.session, ids, [])
    store.drop_redirects_to(unit.session, "article", ids)


def forget_facts(unit: UnitOfWork, removed: Mapping[str, ArticleRemoved]) -> None:
    """Delete from both logs what those of removed stories said that are erased."""
    erased = [id_ for id_, event in removed.items() if event.erased]
    store.erase_facts(unit.session, erased)
