"""Categories and those above them."""

from collections.abc import Collection

from app.delivery import store
from app.kit.session import ReadSession


def with_ancestors(session: ReadSession, groups: Collection[list[str]]) -> list[list[str]]:
    """Return groups of categories, each with all that stand above its own."""
    parents = store.category_parents(session, set[str]().union(*groups))
    found = []
    for categories in groups:
        wide: dict[str, None] = {}
        for category in categories:
            current: str | None = category
            while current is not None and current not in wide:
                wide[current] = None
                current = parents.get(current)
        found.append(list(wide))
    return found
