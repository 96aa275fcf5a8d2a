"""What follows for push from the events of a unit of work, in the same transaction.

The log causes all other deliveries, later.
"""

from app.content.events import ArticleRemoved
from app.delivery.changes import EmbargoedChanges
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners.events import AgreementEnding, PartnerDeleted
from app.syndication.push.agreement_events import enqueue_agreement_events
from app.syndication.push.commands.delete_webhook import delete_webhook
from app.syndication.push.embargoed_events import enqueue_embargoed_events
from app.syndication.push.store import deliveries, receivers


def follow_unit(unit: UnitOfWork, own: str) -> None:
    """Follow a unit of work; `own` is this API's base URL."""
    for event in unit.events:
        match event:
            case ArticleRemoved(erased=True):
                # The log causes another delivery later, which says that the story is gone.
                deliveries.erase_for_subject(unit.session, event.article_id)
            case AgreementEnding(partner):
                enqueue_agreement_events(unit, partner, own)
            case PartnerDeleted(partner_id):
                for id_ in receivers.list_webhooks_of_partner(unit.session, partner_id):
                    delete_webhook(unit, id_, None)
            case EmbargoedChanges(rows):
                enqueue_embargoed_events(unit, rows, own)
