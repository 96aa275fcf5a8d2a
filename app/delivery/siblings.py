"""Log rows for stories whose translations changed.

A document shows the visible translations of its story, joined at read time. If a translation
comes, goes, or changes its slug, language or group, the documents of the others change too, so
each of them gets a log row.
"""

from collections.abc import Collection, Iterable

from app.access.selection import Facts
from app.delivery import store
from app.delivery.rows import seen_otherwise
from app.kit.unit import Unit


def shown(slug: str, attributes: Facts) -> tuple[str, str, str]:
    """Return what translations show of a story: its slug, language and group."""
    (group,) = attributes["group"]
    # A damaged document without terms has no language.
    language = attributes["language"][-1] if attributes["language"] else ""
    return slug, language, group


def groups_in(rows: Iterable[store.Change]) -> set[str]:
    """Return the translation groups of the stories in log rows."""
    both = (attributes for row in rows for attributes in (row.before, row.after))
    return {group for attributes in both if attributes for group in attributes.get("group", ())}


def sibling_rows(
    unit: Unit, groups: Collection[str], but_for: Collection[str]
) -> list[store.Change]:
    """Build a row for each public story of these groups except some that have their own rows.

    The log is locked first, so that of two stories which come out at the same time the later one
    sees the earlier. Stories that are due but not released yet get their rows when they are.
    """
    if not groups:
        return []
    store.lock_log(unit.session)
    ids = [id_ for id_ in store.released_of_groups(unit.session, groups) if id_ not in but_for]
    known = store.attributes(unit.session, ids)
    return [seen_otherwise(unit, id_, known[id_]) for id_ in ids]
