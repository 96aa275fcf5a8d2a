"""Change the URL, the events or the filter of a webhook."""

from typing import Any

from app.access.selection import Selection, selection_to_json
from app.kit.networks import AllowedNetworks
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.editing import Expected, audit_change, load_for_change
from app.syndication.push.inputs import AnyWebhookInput, PartnerWebhookInput
from app.syndication.push.reachability import require_reachable
from app.syndication.push.store import receivers
from app.syndication.push.store.receivers import WebhookRow

EDITABLE = ("url", "events", "filter")


def editable_values(row: WebhookRow, *more: str) -> dict[str, Any]:
    """Return the editable values of a webhook, as the base of a patch."""
    return {name: getattr(row, name) for name in (*EDITABLE, *more)}


def edit_webhook(
    unit: UnitOfWork,
    id_: str,
    given: AnyWebhookInput,
    selection: Selection,
    reach: AllowedNetworks,
    expected: Expected,
) -> None:
    """Overwrite a webhook; pending deliveries go to the new URL."""
    before = load_for_change(unit, id_, expected)
    require_reachable(given.url, reach, partner_id=before.partner_id)
    receivers.change(
        unit.session,
        "webhook",
        id_,
        url=given.url,
        events=sorted(set(given.events)),
        filter=given.filter.model_dump(exclude_none=True),
        selection=selection_to_json(selection),
        document=given.document if isinstance(given, PartnerWebhookInput) else before.document,
        version=before.version + 1,
        modified_at=unit.now,
    )
    audit_change(unit, "edited", before)
