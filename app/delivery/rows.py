"""Rows of the log for stories that readers see otherwise, though nobody published them anew."""

from typing import Any

from app.delivery import store
from app.kit.unit import Unit


def seen_otherwise(
    unit: Unit,
    id_: str,
    story: store.Attributes,
    *,
    now_is: dict[str, Any] | None = None,
    reason: str = "updated",
) -> dict[str, Any]:
    """Return the row for a story; `now_is` are those of its attributes that are others now."""
    return {
        "at": unit.now,
        "type": "article",
        "id": id_,
        "op": "upsert",
        "reason": reason,
        "version": story.version,
        "before": story.values,
        "after": story.values if now_is is None else story.values | now_is,
    }
