"""Log rows for stories that look different to readers without a new publication."""

from app.access.selection import Facts
from app.delivery import store
from app.kit.unit import Unit


def seen_otherwise(
    unit: Unit,
    id_: str,
    story: store.Attributes,
    *,
    now_is: Facts | None = None,
    reason: str = "updated",
) -> store.Change:
    """Build the row for a story; `now_is` has those of its attributes that changed."""
    after = story.values if now_is is None else story.values | now_is
    return store.Change(
        unit.now, "article", id_, "upsert", reason, story.version, before=story.values, after=after
    )
