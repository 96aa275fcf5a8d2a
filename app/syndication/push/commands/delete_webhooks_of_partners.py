"""Delete the webhooks of deleted partners."""

from app.kit.sql.unit_of_work import UnitOfWork
from app.partners.events import PartnerDeleted
from app.syndication.push.commands.delete_webhook import delete_webhook
from app.syndication.push.store import receivers


def delete_webhooks_of_partners(unit: UnitOfWork) -> None:
    """Delete the webhooks of partners that this unit of work deleted, in its transaction."""
    for event in unit.events:
        if isinstance(event, PartnerDeleted):
            for id_ in receivers.list_webhooks_of_partner(unit.session, event.partner_id):
                delete_webhook(unit, id_, None)
