"""Where a story is now that is not where it was, or what its readers are told instead."""

from datetime import datetime

from app.delivery import store
from app.delivery.freshness import Head
from app.delivery.results import Found, Gone
from app.delivery.store import reading
from app.delivery.store.reading import WholeRow
from app.kit.sql.session import ReadSession

# From one withdrawn story to the next: more than anybody means, and an end if they go round.
_MOST_STEPS = 10


def find_elsewhere(session: ReadSession, ref: str, head: Head, *, embargoed: bool) -> Found:
    """Return where a story is now that is not at a ref, or what its readers are told."""
    id_ = reading.redirect_target(session, ref)
    moved = reading.story(session, id_, head.now, embargoed=embargoed) if id_ else None
    stone = None
    if moved is None:
        stone = store.standing(session, id_ or ref, embargoed=embargoed)
        moved = _led_to(session, stone, head.now, embargoed=embargoed)
    gone = None
    if stone is not None and stone.answer in {"gone", "killed"}:
        gone = Gone("gone" if stone.answer == "gone" else "killed", stone.notice)
    return Found(None, head, moved_to=moved.slug if moved else None, gone=gone)


def _led_to(
    session: ReadSession, stone: store.Stone | None, now: datetime, *, embargoed: bool
) -> WholeRow | None:
    """Return the visible story to which one leads that was withdrawn, along others like it."""
    for _ in range(_MOST_STEPS):
        if stone is None or stone.answer != "redirect":
            return None
        ref = stone.redirect_to or ""
        found = reading.story(session, ref, now, embargoed=embargoed)
        if found is not None:
            return found
        stone = store.standing(session, ref, embargoed=embargoed)
    return None
