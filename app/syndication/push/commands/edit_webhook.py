"""Change where a webhook is, or what it wants to be told."""

from typing import Any

from app.access.selection import Selection
from app.kit.networks import AllowedNetworks
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.changing import Expected, note_change, to_change
from app.syndication.push.inputs import WebhookInput
from app.syndication.push.reaching import need_reachable
from app.syndication.push.selections import to_json
from app.syndication.push.store import receivers
from app.syndication.push.store.receivers import WebhookRow

WRITTEN = ("url", "events", "filter")


def written_of(row: WebhookRow) -> dict[str, Any]:
    """Return what is written of a webhook, for a patch to be applied to."""
    return {name: getattr(row, name) for name in WRITTEN}


def edit_webhook(
    unit: UnitOfWork,
    id_: str,
    written: WebhookInput,
    selection: Selection,
    reach: AllowedNetworks,
    expected: Expected,
) -> None:
    """Write an input over a webhook; what waits already goes to the new address."""
    before = to_change(unit, id_, expected)
    need_reachable(written.url, reach, "#/url")
    receivers.change(
        unit.session,
        "webhook",
        id_,
        url=written.url,
        events=sorted(set(written.events)),
        filter=written.filter.model_dump(exclude_none=True),
        selection=to_json(selection),
        version=before.version + 1,
        modified_at=unit.now,
    )
    note_change(unit, "edited", before)
