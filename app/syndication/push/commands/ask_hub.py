"""Ask to subscribe to a feed, or not to be subscribed any more: the callback has to agree."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from app.access.selection import Selection
from app.kit import json
from app.kit.ids import new_id
from app.kit.sql.session import ReadSession
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.couriers import VERIFY
from app.syndication.push.following import begin, delivery_row
from app.syndication.push.hub_limits import HubLimits, check_limits, host_key
from app.syndication.push.selections import to_json
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.store.receivers import SubscriptionRow

# Held from counting what the hub has to adding to it, so that no two requests take one place.
_LOCK = "hub"


@dataclass(frozen=True, slots=True)
class HubRequest:
    """What somebody asks of the hub, for a callback that may be his or not."""

    mode: Literal["subscribe", "unsubscribe"]
    topic: str
    callback: str
    lease: int
    secret: str | None

    @property
    def digest(self) -> str:
        """Return what tells the subscription from others."""
        return hashlib.sha256(f"{self.topic}\n{self.callback}".encode()).hexdigest()


def is_question_needed(
    session: ReadSession, asked: HubRequest, limits: HubLimits, now: datetime
) -> bool:
    """Tell whether the callback has to be asked; nothing is done for a request that changes none.

    Raises `HubFull` or `RateLimited` where it may not be asked now.
    """
    known = receivers.subscription_of(session, asked.digest)
    if known is None and asked.mode == "unsubscribe":
        return False
    if known is not None and deliveries.asked(session, known.id, VERIFY):
        # One question at a time; what is asked meanwhile may be asked again.
        return False
    check_limits(session, asked.callback, known, limits, now)
    return True


def ask_hub(unit: UnitOfWork, asked: HubRequest, selection: Selection, limits: HubLimits) -> None:
    """Let the callback be asked whether it agrees; until it does, nothing changes."""
    unit.session.lock(_LOCK)
    if not is_question_needed(unit.session, asked, limits, unit.now):
        return
    known = receivers.subscription_of(unit.session, asked.digest)
    if known is None:
        known = _added(unit, asked, selection)
    question: dict[str, Any] = {
        "mode": asked.mode,
        "lease": asked.lease,
        "secret": asked.secret,
        "challenge": secrets.token_urlsafe(24),
        # For the audit, where the callback agrees.
        "address": unit.actor.address,
        "request_id": unit.actor.request_id,
    }
    host, body = host_key(asked.callback), json.dumps(question)
    row = delivery_row("feed", known, VERIFY, host, body, serial=0, now=unit.now)
    deliveries.add(unit.session, [row])


def _added(unit: UnitOfWork, asked: HubRequest, selection: Selection) -> SubscriptionRow:
    row = SubscriptionRow(
        id=new_id(),
        digest=asked.digest,
        topic=asked.topic,
        callback=asked.callback,
        selection=to_json(selection),
        secret=None,
        active=False,
        lease_until=None,
        failing_since=None,
        failures=0,
        retry_at=None,
        sent=None,
        since=begin(unit.session, unit.now),
        created_at=unit.now,
    )
    receivers.insert_subscription(unit.session, row)
    return row
