"""Rows of the log for stories that readers see otherwise, though nobody published them anew."""

from app.access.selection import SelectionFields
from app.delivery import store
from app.kit.sql.unit_of_work import UnitOfWork


def seen_otherwise(
    unit: UnitOfWork,
    id_: str,
    story: store.Attributes,
    *,
    now_is: SelectionFields | None = None,
    reason: str = "updated",
) -> store.Change:
    """Return the row for a story; `now_is` are those of its attributes that are others now."""
    after = story.values if now_is is None else story.values | now_is
    return store.Change(
        unit.now, "article", id_, "upsert", reason, story.version, before=story.values, after=after
    )
