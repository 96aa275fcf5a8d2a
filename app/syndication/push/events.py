"""Map rows of the log to events for receivers.

A row has the selection fields of a story before and after the change while it is public. A story
that was never public has no row, and a receiver that could not have a story gets no event about it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.access.entitlement import Entitlement
from app.access.selection import Selection
from app.delivery.store import Change, FormerAttributes
from app.kit import json
from app.kit.clock import format_instant
from app.partners.terms import PartnerRow
from app.syndication.granted_history import could_grant

REASONS = "published updated corrected unpublished killed expired deleted left restored".split()
PUBLISHED, KILLED = "article.published", "article.killed"
# Events about a story that is not there any more.
REMOVALS = frozenset(
    f"article.{reason}" for reason in ("unpublished", "killed", "expired", "deleted", "left")
)
TEST = "webhook.test"
AGREEMENT_ENDING = "agreement.ending"
# Selects all events of a webhook, and events that are added later.
EVERY_EVENT = "*"
EVENTS = (
    *(f"article.{reason}" for reason in REASONS),
    "source.updated",
    "category.updated",
    AGREEMENT_ENDING,
)


def find_event(row: Change, selection: Selection) -> str | None:
    """Return the event of a row for a selection of stories, or None."""
    if row.type != "article":
        return f"{row.type}.updated"
    was_selected, is_selected = (
        facts is not None and selection.matches(facts) for facts in (row.before, row.after)
    )
    if is_selected and row.after and not selection.needs_erased_labels(row.after):
        return f"article.{row.reason}"
    if was_selected:
        return f"article.{row.reason if row.op == 'remove' else 'left'}"
    return None


def affects(row: Change, selection: Selection, reader: Entitlement) -> bool:
    """Tell whether a row may have changed a feed of a selection for a reader.

    What is delayed changes the feed later.
    """
    if row.type != "article" or reader.is_unlimited:
        return find_event(row, selection) is not None
    states = [
        FormerAttributes(row.id, row.at, facts)
        for facts in (row.before, row.after)
        if facts is not None and selection.matches(facts)
    ]
    return any(could_grant(grant, state, row.at) for state in states for grant in reader.grants)


def build_body(event: str, row: Change, slugs: Mapping[str, str], own: str) -> bytes:
    """Return the thin event: what happened, to what, and where to read it.

    `slugs` are the slugs of stories that are public now; `own` is this API's base URL.
    """
    place = {"article": "articles", "source": "sources", "category": "categories"}[row.type]
    data: dict[str, Any] = {
        "id": row.id,
        "slug": slugs.get(row.id) if row.op == "upsert" else None,
        "version": row.version,
        "url": f"{own}/v1/{place}/{row.id}",
        "serial": row.serial,
        "notice": row.notice,
        "deleted": True if row.type != "article" and row.op == "remove" else None,
    }
    return _build_thin_event(
        event, row.at, {name: value for name, value in data.items() if value is not None}
    )


def build_test_body(webhook: str, now: datetime) -> bytes:
    """Return the body of a test event."""
    return _build_thin_event(TEST, now, {"webhook": webhook})


def build_agreement_body(partner: PartnerRow, now: datetime, own: str) -> bytes:
    """Return the body of an event about the agreement of a partner, which has an end."""
    assert partner.ends_at is not None
    data = {
        "id": partner.id,
        "slug": partner.slug,
        "ends_at": format_instant(partner.ends_at),
        "url": f"{own}/v1/manage/partners/{partner.id}",
    }
    return _build_thin_event(AGREEMENT_ENDING, now, data)


def _build_thin_event(event: str, at: datetime, data: Mapping[str, Any]) -> bytes:
    return json.dumps({"type": event, "timestamp": format_instant(at), "data": data})
