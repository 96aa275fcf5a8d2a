"""Word to followers that a story's translations are others now.

A document shows the visible translations of its story, joined when it is read. So when one of
them comes, goes, or changes its slug, language or group, the documents of the others change too,
and each of them gets a row of the log.
"""

from collections.abc import Collection, Iterable

from app.access.selection import SelectionFields
from app.delivery import store
from app.delivery.rows import seen_otherwise
from app.kit.sql.unit_of_work import UnitOfWork


def shown(slug: str, attributes: SelectionFields) -> tuple[str, str, str]:
    """Return what the others of a group show of a story: slug, language and group."""
    (group,) = attributes["group"]
    # A document that has lost its terms has none.
    language = attributes["language"][-1] if attributes["language"] else ""
    return slug, language, group


def groups_in(rows: Iterable[store.Change]) -> set[str]:
    """Return the groups of the stories that rows of the log tell of."""
    both = (attributes for row in rows for attributes in (row.before, row.after))
    return {group for attributes in both if attributes for group in attributes.get("group", ())}


def sibling_rows(
    unit: UnitOfWork, groups: Collection[str], but_for: Collection[str]
) -> list[store.Change]:
    """Return a row for each public story of these groups; the others have rows of their own.

    The log is locked first, so that of two stories which come out at once the later one sees the
    earlier. Those that time has let out, and the log has not, are told when they are due.
    """
    if not groups:
        return []
    store.lock_log(unit.session)
    ids = [one for one in store.released_of_groups(unit.session, groups) if one not in but_for]
    known = store.attributes(unit.session, ids)
    return [seen_otherwise(unit, id_, known[id_]) for id_ in ids]
