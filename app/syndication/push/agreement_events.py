"""Webhook events about agreements with partners."""

from collections.abc import Iterator

from app.kit.sql.unit_of_work import UnitOfWork
from app.partners.terms import PartnerRow
from app.syndication.push.delivery_creation import build_delivery
from app.syndication.push.events import AGREEMENT_ENDING, EVERY_EVENT, build_agreement_body
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.store.deliveries import DeliveryRow


def enqueue_agreement_events(unit: UnitOfWork, partner: PartnerRow, own: str) -> None:
    """Create the deliveries about an agreement that ends soon; `own` is this API's base URL."""
    deliveries.add(unit.session, list(_build_deliveries(unit, partner, own)))


def _build_deliveries(unit: UnitOfWork, partner: PartnerRow, own: str) -> Iterator[DeliveryRow]:
    body = build_agreement_body(partner, unit.now, own)
    for webhook in receivers.list_enabled_webhooks(unit.session):
        # A partner hears of its own agreement only.
        is_own = webhook.partner_id in {None, partner.id}
        if is_own and {EVERY_EVENT, AGREEMENT_ENDING}.intersection(webhook.events):
            yield build_delivery(
                "webhook",
                webhook,
                AGREEMENT_ENDING,
                partner.id,
                body,
                serial=0,
                now=unit.now,
            )
