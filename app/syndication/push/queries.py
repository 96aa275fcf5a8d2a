"""The read side of push: webhooks and deliveries for administrators."""

from datetime import datetime
from typing import Any

from app.kit.quoting import quote_text
from app.kit.sql.session import ReadSession
from app.kit.view_page import ViewPage, build_view_page
from app.syndication.push.errors import WebhookNotFound
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.store.receivers import WebhookRow
from app.syndication.push.views import delivery_view, webhook_view


def load_webhook(session: ReadSession, id_: str, partner_id: str | None = None) -> WebhookRow:
    """Return a webhook; raise if there is none, or if it is not one of a given partner."""
    row = None if "\0" in id_ else receivers.find_webhook(session, id_)
    if row is None or (partner_id is not None and row.partner_id != partner_id):
        raise WebhookNotFound(f"There is no webhook with the id {quote_text(id_)}.")
    return row


def show_webhook(session: ReadSession, id_: str, now: datetime) -> dict[str, Any]:
    """Return a webhook as administrators see it."""
    return webhook_view(load_webhook(session, id_), now)


def list_webhooks(
    session: ReadSession,
    limit: int,
    position: str | None,
    now: datetime,
    *,
    backwards: bool,
    partner_id: str | None = None,
) -> ViewPage:
    """Return a page of webhooks, oldest first; all, or those of a partner."""
    rows = receivers.load_webhook_page(
        session, position, limit + 1, backwards=backwards, partner_id=partner_id
    )
    return build_view_page(
        rows,
        limit,
        lambda kept: [webhook_view(row, now) for row in kept],
        lambda row: (row.id,),
        placed=position is not None,
        backwards=backwards,
    )


def list_deliveries(
    session: ReadSession,
    id_: str,
    state: str | None,
    limit: int,
    position: int | None,
    *,
    backwards: bool,
) -> ViewPage:
    """Return a page of deliveries to a webhook, the newest first."""
    load_webhook(session, id_)
    rows = deliveries.load_page(session, id_, state, position, limit + 1, backwards=backwards)
    return build_view_page(
        rows,
        limit,
        lambda kept: [delivery_view(row) for row in kept],
        lambda row: (row.number,),
        placed=position is not None,
        backwards=backwards,
    )


def show_delivery(session: ReadSession, webhook_id: str, id_: str) -> dict[str, Any]:
    """Return one delivery to a webhook."""
    load_webhook(session, webhook_id)
    row = None if "\0" in id_ else deliveries.find_delivery(session, webhook_id, id_)
    if row is None:
        raise WebhookNotFound(f"There is no delivery {quote_text(id_)} to this webhook.")
    return delivery_view(row)
