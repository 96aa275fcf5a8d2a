"""What administrators read about webhooks and deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from app.kit.quoting import quoted
from app.kit.session import ReadSession
from app.syndication.push.errors import WebhookNotFound
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.store.receivers import WebhookRow
from app.syndication.push.views import delivery_view, webhook_view

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class ViewPage:
    """A page of views, with the positions at its ends where there is more."""

    items: list[dict[str, Any]]
    before: tuple[Any] | None
    after: tuple[Any] | None


def found(session: ReadSession, id_: str) -> WebhookRow:
    """Return a webhook, or say that there is none."""
    row = None if "\0" in id_ else receivers.webhook(session, id_)
    if row is None:
        raise WebhookNotFound(f"There is no webhook with the id {quoted(id_)}.")
    return row


def webhook(session: ReadSession, id_: str, now: datetime) -> dict[str, Any]:
    """Return a webhook."""
    return webhook_view(found(session, id_), now)


def webhooks(
    session: ReadSession, limit: int, position: str | None, now: datetime, *, backwards: bool
) -> ViewPage:
    """Return a page of webhooks, oldest first."""
    rows = receivers.webhook_page(session, position, limit + 1, backwards=backwards)
    kept, ends = _ends(rows, limit, placed=position is not None, backwards=backwards)
    before, after = ((row.id,) if row is not None else None for row in ends)
    return ViewPage([webhook_view(row, now) for row in kept], before, after)


def log(
    session: ReadSession,
    id_: str,
    state: str | None,
    limit: int,
    position: int | None,
    *,
    backwards: bool,
) -> ViewPage:
    """Return a page of deliveries to a webhook, the newest first."""
    found(session, id_)
    rows = deliveries.page(session, id_, state, position, limit + 1, backwards=backwards)
    kept, ends = _ends(rows, limit, placed=position is not None, backwards=backwards)
    before, after = ((row.number,) if row is not None else None for row in ends)
    return ViewPage([delivery_view(row) for row in kept], before, after)


def delivery(session: ReadSession, webhook_id: str, id_: str) -> dict[str, Any]:
    """Return one delivery to a webhook."""
    found(session, webhook_id)
    row = None if "\0" in id_ else deliveries.delivery(session, webhook_id, id_)
    if row is None:
        raise WebhookNotFound(f"There is no delivery {quoted(id_)} to this webhook.")
    return delivery_view(row)


def _ends(
    rows: Sequence[Item], limit: int, *, placed: bool, backwards: bool
) -> tuple[list[Item], tuple[Item | None, Item | None]]:
    """Return the rows of a page in order, and those at its ends where there is more."""
    more, kept = len(rows) > limit, list(rows[:limit])
    kept = kept[::-1] if backwards else kept
    has_before, has_after = (more, placed) if backwards else (placed, more)
    return kept, (
        kept[0] if kept and has_before else None,
        kept[-1] if kept and has_after else None,
    )
