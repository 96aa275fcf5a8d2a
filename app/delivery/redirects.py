"""Find what replaces a story that is not at its address: a redirect, or a withdrawal notice."""

from datetime import datetime

from app.access.entitlement import Entitlement
from app.delivery import store
from app.delivery.invalidation import LogState
from app.delivery.results import LookupResult, WithdrawalNotice
from app.delivery.store import story_queries
from app.delivery.store.story_queries import WholeRow
from app.kit.sql.session import ReadSession

# The most redirects from story to story that are followed; this also ends loops.
_MOST_STEPS = 10


def find_replacement(
    session: ReadSession, ref: str, state: LogState, *, entitlement: Entitlement
) -> LookupResult:
    """Return the current slug of a story that is not at `ref`, or the notice of its withdrawal."""
    id_ = story_queries.find_redirect_target(session, ref)
    moved = (
        story_queries.load_story(session, id_, state.now, entitlement=entitlement) if id_ else None
    )
    tombstone = None
    if moved is None:
        tombstone = store.find_tombstone(session, id_ or ref, entitlement=entitlement)
        moved = _follow_redirects(session, tombstone, state.now, entitlement=entitlement)
    gone = None
    if tombstone is not None and tombstone.answer in {"gone", "killed"}:
        gone = WithdrawalNotice(
            tombstone.id, "gone" if tombstone.answer == "gone" else "killed", tombstone.notice
        )
    return LookupResult(None, state, moved_to=moved.slug if moved else None, notice=gone)


def _follow_redirects(
    session: ReadSession,
    tombstone: store.TombstoneRow | None,
    now: datetime,
    *,
    entitlement: Entitlement,
) -> WholeRow | None:
    """Return the visible story that a withdrawn story redirects to, over several redirects."""
    for _ in range(_MOST_STEPS):
        if tombstone is None or tombstone.answer != "redirect":
            return None
        ref = tombstone.redirect_to or ""
        found = story_queries.load_story(session, ref, now, entitlement=entitlement)
        if found is not None:
            return found
        tombstone = store.find_tombstone(session, ref, entitlement=entitlement)
    return None
