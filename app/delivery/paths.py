"""Categories whose path is another because one above them moved, or has another slug."""

from collections.abc import Sequence

from app.content import store as content_store
from app.content.events import CategorySaved
from app.content.locks import CATEGORY_TREE
from app.kit.sql.unit_of_work import UnitOfWork


def elsewhere(unit: UnitOfWork, saved: Sequence[CategorySaved]) -> dict[str, int]:
    """Return the versions of categories below those that were saved whose path changed, by id.

    Those that were saved themselves are told of anyway, and left out.
    """
    changed = {one.category.id for one in saved if one.moved or one.renamed}
    if changed:
        # A category is told of with the path that it has after this, or is seen here.
        unit.session.lock(CATEGORY_TREE)
        below = content_store.categories_below(unit.session, changed)
        own = {one.category.id for one in saved}
        return {id_: version for id_, version in below.items() if id_ not in own}
    if any(one.new and one.category.parent_id is not None for one in saved):
        unit.session.lock(CATEGORY_TREE, shared=True)
    return {}
