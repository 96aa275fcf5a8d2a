"""Ask to subscribe to a feed, or not to be subscribed any more: the callback has to agree."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from app.access.selection import Selection
from app.kit import json
from app.kit.ids import new_id
from app.kit.session import Record
from app.kit.unit import Unit
from app.syndication.push.couriers import VERIFY
from app.syndication.push.errors import HubFull
from app.syndication.push.following import begin, delivery_row
from app.syndication.push.selections import to_json
from app.syndication.push.store import deliveries, receivers


@dataclass(frozen=True, slots=True)
class HubRequest:
    """What somebody asks of the hub, for a callback that may be his or not."""

    mode: Literal["subscribe", "unsubscribe"]
    topic: str
    callback: str
    lease: int
    secret: str | None


def ask_hub(unit: Unit, asked: HubRequest, selection: Selection, most: int) -> None:
    """Let the callback be asked whether it agrees; until it does, nothing changes."""
    digest = hashlib.sha256(f"{asked.topic}\n{asked.callback}".encode()).hexdigest()
    known = receivers.subscription_of(unit.session, digest)
    if known is None:
        if asked.mode == "unsubscribe":
            return
        if receivers.count_subscriptions(unit.session) >= most:
            raise HubFull("This hub has as many subscriptions as it may have.")
        known = _added(unit, asked, selection, digest)
    elif deliveries.asked(unit.session, known.id, VERIFY):
        # One question at a time; what is asked meanwhile may be asked again.
        return
    question: dict[str, Any] = {
        "mode": asked.mode,
        "lease": asked.lease,
        "secret": asked.secret,
        "challenge": secrets.token_urlsafe(24),
    }
    row = delivery_row(
        "feed", known, VERIFY, known.id, json.dumps(question), serial=0, now=unit.now
    )
    deliveries.add(unit.session, [row])


def _added(unit: Unit, asked: HubRequest, selection: Selection, digest: str) -> Record:
    row = {
        "id": new_id(),
        "digest": digest,
        "topic": asked.topic,
        "callback": asked.callback,
        "selection": to_json(selection),
        "secret": None,
        "active": False,
        "lease_until": None,
        "failing_since": None,
        "failures": 0,
        "retry_at": None,
        "sent": None,
        "since": begin(unit.session, unit.now),
        "created_at": unit.now,
    }
    receivers.insert_subscription(unit.session, row)
    found = receivers.subscription_of(unit.session, digest)
    assert found is not None
    return found
