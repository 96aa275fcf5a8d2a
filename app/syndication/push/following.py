"""From the log to deliveries, in the transaction that moves the follower on.

So a delivery is made once, whatever is killed when, and keeps its id however often it is sent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.access.selection import Selection
from app.delivery import store as delivery_store
from app.delivery.store import Change
from app.kit.ids import new_id
from app.kit.sql.session import WriteSession
from app.syndication.push.events import EVERY, KILLED, body_of, event_of, touches
from app.syndication.push.selections import from_json
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.store.deliveries import Message
from app.syndication.push.store.receivers import Receiver, SubscriptionRow, WebhookRow

FOLLOWER = "push"


@dataclass(frozen=True, slots=True)
class _Told:
    """Somebody who is told, and the selection of stories that it wants."""

    row: WebhookRow
    selection: Selection

    def wants(self, event: str) -> bool:
        """Tell whether it asked for an event; who hears of stories hears of kills."""
        events = self.row.events
        return (
            EVERY in events
            or event in events
            or (event == KILLED and any("article." in one for one in events))
        )


def begin(session: WriteSession, now: datetime) -> int:
    """Let the log be followed from here on, if it is not yet; return where it ends."""
    delivery_store.start_follower(session, FOLLOWER, now)
    return delivery_store.load_last_serial(session)


def write_down(session: WriteSession, rows: Sequence[Change], now: datetime, own: str) -> None:
    """Make the deliveries that rows of the log call for."""
    told = [_Told(one, from_json(one.selection)) for one in receivers.told_webhooks(session)]
    slugs = _public_slugs(session, rows, now) if told else {}
    made: list[Message] = []
    for row in rows:
        if row.reason == "killed":
            # What waits is about a story that nobody may have any more.
            deliveries.add(session, made)
            made = []
        gone_to = _silenced(session, row)
        made += _webhook_deliveries(row, told, gone_to, slugs, now, own)
    deliveries.add(session, made)
    _tell_subscribers(session, rows, now)


def delivery_row(
    kind: str,
    receiver: Receiver,
    event: str,
    subject: str,
    body: bytes | None,
    *,
    serial: int,
    now: datetime,
) -> Message:
    """Return a delivery to be made at once, or when its receiver is asked again."""
    held = isinstance(receiver, WebhookRow) and receiver.state != "active"
    due_at = None if held else max(receiver.retry_at or now, now)
    id_ = f"msg_{new_id().replace('-', '')}"
    return Message(
        id_,
        kind,
        receiver.id,
        event,
        subject,
        serial,
        body,
        "pending",
        0,
        made_at=now,
        due_at=due_at,
    )


def _silenced(session: WriteSession, row: Change) -> set[str]:
    """Take back what was to be said of a story that was killed; return who had heard of it."""
    if row.reason != "killed":
        return set()
    deliveries.silence(session, row.id, KILLED)
    return deliveries.receivers_of(session, row.id)


def _webhook_deliveries(
    row: Change,
    told: Iterable[_Told],
    gone_to: set[str],
    slugs: Mapping[str, str],
    now: datetime,
    own: str,
) -> Iterator[Message]:
    bodies: dict[str, bytes] = {}
    for one in told:
        event = event_of(row, one.selection)
        if event is None and one.row.id in gone_to:
            event = KILLED
        if event is None or not one.wants(event) or row.serial <= one.row.since:
            continue
        body = bodies.get(event) or bodies.setdefault(event, body_of(event, row, slugs, own))
        yield delivery_row("webhook", one.row, event, row.id, body, serial=row.serial, now=now)


def _public_slugs(session: WriteSession, rows: Sequence[Change], now: datetime) -> dict[str, str]:
    """Return the slugs of those stories that are public now; others' are nobody's business."""
    ids = {row.id for row in rows if row.type == "article" and row.op == "upsert"}
    found = delivery_store.load_attributes(session, ids)
    return {id_: one.slug for id_, one in found.items() if one.is_public(now)}


def _tell_subscribers(session: WriteSession, rows: Sequence[Change], now: datetime) -> None:
    for one in receivers.live_subscriptions(session, now):
        selection = from_json(one.selection)
        serials = [row.serial for row in rows if row.serial > one.since and touches(row, selection)]
        if serials:
            tell_subscriber(session, one, serials[-1], now)


def tell_subscriber(
    session: WriteSession, one: SubscriptionRow, serial: int, now: datetime
) -> None:
    """Let a subscriber have its feed as it is then; what waits already will do."""
    waiting = deliveries.waiting_for(session, one.id)
    if waiting is not None:
        deliveries.renew(session, waiting.number, serial)
        return
    row = delivery_row("feed", one, "feed", one.id, None, serial=serial, now=now)
    deliveries.add(session, [row])
