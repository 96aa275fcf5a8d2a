"""Events about stories under embargo, for partners whose agreement includes them.

The public log has no rows about them, and the embargo log has no follower. So the deliveries are
created in the transaction of the change.
"""

from collections.abc import Sequence

from app.access.entitlement import Entitlement
from app.access.selection import selection_from_json
from app.delivery import store
from app.delivery.store import Change
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners.entitlements import load_entitlements
from app.syndication.push.delivery_creation import WebhookFilter, add_webhook_deliveries
from app.syndication.push.store import receivers


def enqueue_embargoed_events(unit: UnitOfWork, rows: Sequence[Change], own: str) -> None:
    """Create the deliveries about changes under embargo; `own` is this API's base URL."""
    webhooks = _load_webhooks(unit)
    if not webhooks:
        return
    end = store.load_last_serial(unit.session)
    for row in rows:
        placed = row._replace(serial=end)
        add_webhook_deliveries(unit.session, placed, webhooks, {}, unit.now, own)


def _load_webhooks(unit: UnitOfWork) -> list[WebhookFilter]:
    """Return the webhooks of partners that may read stories under embargo, for these alone."""
    known = [row for row in receivers.list_enabled_webhooks(unit.session) if row.partner_id]
    ids = sorted({row.partner_id for row in known if row.partner_id is not None})
    granted = load_entitlements(unit.session, ids, unit.now) if ids else {}
    webhooks = []
    for row in known:
        entitlement = granted[row.partner_id or ""].entitlement
        embargoed = Entitlement(tuple(grant for grant in entitlement.grants if grant.embargoed))
        if embargoed.grants:
            # The changes are new, so all webhooks follow them.
            selection = selection_from_json(row.selection)
            webhooks.append(WebhookFilter(row._replace(since=-1), selection, embargoed))
    return webhooks
