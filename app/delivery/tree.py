"""Categories and those above them."""

from collections.abc import Callable, Iterable

from app.delivery import store
from app.kit.session import ReadSession

# Returns categories with all above them.
Widen = Callable[[list[str]], list[str]]


def with_ancestors(session: ReadSession, groups: Iterable[list[str]]) -> Widen:
    """Look up the ancestors of groups of categories; return what widens a group by them."""
    parents = store.category_parents(session, {one for group in groups for one in group})

    def widened(categories: list[str]) -> list[str]:
        wide: dict[str, None] = {}
        for category in categories:
            current: str | None = category
            while current is not None and current not in wide:
                wide[current] = None
                current = parents.get(current)
        return list(wide)

    return widened
