"""Change where a webhook is, or what it wants to be told."""

from typing import Any

from app.access.selection import Selection
from app.kit.networks import AllowedNetworks
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.editing import Expected, audit_change, load_for_change
from app.syndication.push.inputs import WebhookInput
from app.syndication.push.reachability import require_reachable
from app.syndication.push.selections import to_json
from app.syndication.push.store import receivers
from app.syndication.push.store.receivers import WebhookRow

EDITABLE = ("url", "events", "filter")


def editable_values(row: WebhookRow) -> dict[str, Any]:
    """Return what is written of a webhook, for a patch to be applied to."""
    return {name: getattr(row, name) for name in EDITABLE}


def edit_webhook(
    unit: UnitOfWork,
    id_: str,
    given: WebhookInput,
    selection: Selection,
    reach: AllowedNetworks,
    expected: Expected,
) -> None:
    """Write an input over a webhook; what waits already goes to the new address."""
    before = load_for_change(unit, id_, expected)
    require_reachable(given.url, reach, "#/url")
    receivers.change(
        unit.session,
        "webhook",
        id_,
        url=given.url,
        events=sorted(set(given.events)),
        filter=given.filter.model_dump(exclude_none=True),
        selection=to_json(selection),
        version=before.version + 1,
        modified_at=unit.now,
    )
    audit_change(unit, "edited", before)
