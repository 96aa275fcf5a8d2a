"""Deletes on the delivery side for stories that were purged or erased.

The log rows stay: followers need them to learn of the removal, and continue from their marks. The
rows of an erased story lose its notice, tags and authors.
"""

from collections.abc import Collection, Mapping

from app.content.events import ArticleRemoved
from app.delivery import store
from app.kit.unit import Unit


def forget_places(unit: Unit, ids: Collection[str]) -> None:
    """Delete the tombstones of removed stories, and the former slugs that lead to them."""
    store.replace_tombstones(unit.session, ids, [])
    store.drop_redirects_to(unit.session, "article", ids)


def forget_facts(unit: Unit, removed: Mapping[str, ArticleRemoved]) -> None:
    """Delete the personal data of erased stories from both logs."""
    erased = [id_ for id_, event in removed.items() if event.erased]
    store.erase_facts(unit.session, erased)
