"""Find categories whose path changed because an ancestor moved or has another slug."""

from collections.abc import Sequence

from app.content import store as content_store
from app.content.events import CategorySaved
from app.content.locks import CATEGORY_TREE
from app.kit.unit import Unit


def elsewhere(unit: Unit, saved: Sequence[CategorySaved]) -> dict[str, int]:
    """Return the versions of categories below the saved ones whose path changed, by id.

    The saved categories have log rows already, so they are left out.
    """
    changed = {event.category.id for event in saved if event.moved or event.renamed}
    if changed:
        # Serialises with other moves, so that each log row is written with the final path.
        unit.session.lock(CATEGORY_TREE)
        below = content_store.categories_below(unit.session, changed)
        own = {event.category.id for event in saved}
        return {id_: version for id_, version in below.items() if id_ not in own}
    if any(event.new and event.category.parent_id is not None for event in saved):
        unit.session.lock(CATEGORY_TREE, shared=True)
    return {}
