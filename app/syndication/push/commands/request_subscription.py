"""Request to subscribe to a feed or to unsubscribe; the callback must confirm it."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.access.selection import Selection, selection_to_json
from app.kit import json
from app.kit.ids import new_id
from app.kit.sql.session import ReadSession
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.delivery_creation import build_delivery, start_following
from app.syndication.push.handlers import VERIFY
from app.syndication.push.hub_limits import HubLimits, check_limits, host_key
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.store.deliveries import DeliveryRow
from app.syndication.push.store.receivers import SubscriptionRow

# Held from the capacity check to the insert, so that two requests cannot use the same capacity.
_LOCK = "hub"


@dataclass(frozen=True, slots=True)
class HubRequest:
    """A request to the hub, for a callback that may not belong to the client.

    The topic of a feed with a token has the id of the token; `secret_topic` has the token itself.
    """

    mode: Literal["subscribe", "unsubscribe"]
    topic: str
    callback: str
    lease: int
    secret: str | None
    secret_topic: str | None = field(default=None, repr=False)

    @property
    def digest(self) -> str:
        """Return the key of the subscription: a digest of topic and callback."""
        return hashlib.sha256(f"{self.topic}\n{self.callback}".encode()).hexdigest()


def needs_verification(
    session: ReadSession, request: HubRequest, limits: HubLimits, now: datetime
) -> bool:
    """Tell whether the callback must be asked; it need not if nothing would change.

    Raises `HubFull` or `RateLimited` if it may not be asked now.
    """
    subscription = receivers.find_subscription(session, request.digest)
    if subscription is None and request.mode == "unsubscribe":
        return False
    if subscription is not None and deliveries.has_pending_event(session, subscription.id, VERIFY):
        # One verification at a time; the client may repeat its request later.
        return False
    check_limits(session, request.callback, subscription, limits, now)
    return True


def request_subscription(
    unit: UnitOfWork, request: HubRequest, selection: Selection, limits: HubLimits
) -> DeliveryRow | None:
    """Enqueue the verification of a callback, and return it; nothing changes until it confirms.

    A topic with a token is not stored, so its verification is not pending: the caller sends it.
    """
    unit.session.lock(_LOCK)
    if not needs_verification(unit.session, request, limits, unit.now):
        return None
    subscription = receivers.find_subscription(unit.session, request.digest)
    if subscription is None:
        subscription = _add_subscription(unit, request, selection)
    verification: dict[str, Any] = {
        "mode": request.mode,
        "lease": request.lease,
        "secret": request.secret,
        "challenge": secrets.token_urlsafe(24),
        # For the audit, if the callback confirms.
        "address": unit.actor.address,
        "request_id": unit.actor.request_id,
    }
    host, body = host_key(request.callback), json.dumps(verification)
    row = build_delivery("feed", subscription, VERIFY, host, body, serial=0, now=unit.now)
    if request.secret_topic is not None:
        # It counts against the limit of the host.
        row = row._replace(state="delivered", due_at=None)
    deliveries.add(unit.session, [row])
    return row


def _add_subscription(
    unit: UnitOfWork, request: HubRequest, selection: Selection
) -> SubscriptionRow:
    row = SubscriptionRow(
        id=new_id(),
        digest=request.digest,
        topic=request.topic,
        callback=request.callback,
        selection=selection_to_json(selection),
        secret=None,
        active=False,
        lease_until=None,
        failing_since=None,
        failures=0,
        retry_at=None,
        sent=None,
        since=start_following(unit.session, unit.now),
        created_at=unit.now,
    )
    receivers.insert_subscription(unit.session, row)
    return row
