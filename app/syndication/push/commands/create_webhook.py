"""Create a webhook."""

from app.access.selection import Selection, selection_to_json
from app.kit.ids import new_id
from app.kit.networks import AllowedNetworks
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.delivery_creation import start_following
from app.syndication.push.inputs import AnyWebhookInput, has_document
from app.syndication.push.reachability import require_reachable
from app.syndication.push.signing import make_secret
from app.syndication.push.store import receivers
from app.syndication.push.store.receivers import WebhookRow
from app.syndication.push.stored_secrets import StoredSecrets
from app.syndication.push.views import build_audit_values


def create_webhook(
    unit: UnitOfWork,
    given: AnyWebhookInput,
    selection: Selection,
    reach: AllowedNetworks,
    secrets: StoredSecrets,
    partner_id: str | None = None,
) -> WebhookRow:
    """Store a webhook, which receives events from now on; return it with its secret."""
    require_reachable(given.url, reach, partner_id=partner_id)
    row = WebhookRow(
        id=new_id(),
        url=given.url,
        events=sorted(set(given.events)),
        filter=given.filter.model_dump(exclude_none=True),
        selection=selection_to_json(selection),
        secret=make_secret(),
        old_secret=None,
        old_secret_until=None,
        state="active",
        reason=None,
        failing_since=None,
        failures=0,
        retry_at=None,
        since=start_following(unit.session, unit.now),
        version=1,
        created_at=unit.now,
        modified_at=unit.now,
        partner_id=partner_id,
        document=has_document(given),
    )
    stored = row._replace(secret=secrets.write(row.secret, row.id))
    receivers.insert_webhook(unit.session, stored)
    unit.audit("created", "webhook", row.id, None, build_audit_values(row))
    return row
