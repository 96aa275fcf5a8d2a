"""Turn rows of the log into deliveries, in the transaction that moves the log position.

So each delivery is created exactly once, even after a crash, and keeps its id however often it is
sent.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.access.entitlement import NOTHING, Entitlement
from app.access.selection import Selection, selection_from_json
from app.delivery import store as delivery_store
from app.delivery.store import Change
from app.kit.ids import new_id
from app.kit.sql.session import WriteSession
from app.syndication.push.events import (
    EVERY_EVENT,
    KILLED,
    PUBLISHED,
    REMOVALS,
    affects,
    build_body,
    find_event,
)
from app.syndication.push.partner_events import PartnerEvents, find_partner_event
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.store.deliveries import DeliveryRow
from app.syndication.push.store.receivers import Receiver, SubscriptionRow, WebhookRow
from app.syndication.push.token_topics import split_topic

FOLLOWER = "push"


@dataclass(frozen=True, slots=True)
class WebhookFilter:
    """A webhook with its selection of stories; for one of a partner, with what it is granted."""

    row: WebhookRow
    selection: Selection
    granted: Entitlement | None

    @property
    def may_hear(self) -> bool:
        """Tell whether anything is sent to it; a partner hears nothing without an agreement."""
        return self.granted is None or bool(self.granted.grants)

    def find_event(self, row: Change, now: datetime) -> tuple[str | None, datetime]:
        """Return the event of a row, if there is one, and when it is due."""
        if self.granted is None:
            return find_event(row, self.selection), now
        return find_partner_event(row, self.selection, self.granted) or (None, now)

    def wants(self, event: str) -> bool:
        """Tell whether it asked for an event; every webhook for story events gets kills."""
        events = self.row.events
        return (
            EVERY_EVENT in events
            or event in events
            or (event == KILLED and any("article." in event for event in events))
        )


@dataclass(frozen=True, slots=True)
class FeedReaders:
    """What the readers of pushed feeds may read: without a key, and with tokens by id."""

    load_anonymous: Callable[[], Entitlement]
    load_tokens: Callable[[Collection[str], datetime], Mapping[str, Entitlement]]

    def resolve(
        self, subscriptions: Sequence[SubscriptionRow], now: datetime
    ) -> dict[str, Entitlement]:
        """Return the entitlement of each subscription by id; a token that ended has no stories."""
        return {
            id_: NOTHING if found is None else found
            for id_, found in self._load(subscriptions, now).items()
        }

    def find_ended(self, subscriptions: Sequence[SubscriptionRow], now: datetime) -> list[str]:
        """Return the ids of the subscriptions whose token has ended."""
        return [id_ for id_, found in self._load(subscriptions, now).items() if found is None]

    def _load(
        self, subscriptions: Sequence[SubscriptionRow], now: datetime
    ) -> dict[str, Entitlement | None]:
        """Return the entitlement of each subscription by id; None if its token has ended."""
        tokens = {row.id: split_topic(row.topic).token for row in subscriptions}
        ids = sorted(set(filter(None, tokens.values())))
        known = self.load_tokens(ids, now) if ids else {}
        return {
            id_: self.load_anonymous() if token is None else known.get(token)
            for id_, token in tokens.items()
        }


def start_following(session: WriteSession, now: datetime) -> int:
    """Register as a follower of the log, and return where the log ends."""
    delivery_store.start_follower(session, FOLLOWER, now)
    return delivery_store.load_last_serial(session)


def create_deliveries(
    session: WriteSession,
    rows: Sequence[Change],
    now: datetime,
    own: str,
    partners: PartnerEvents,
    readers: FeedReaders,
) -> None:
    """Create the deliveries for rows of the log."""
    known = receivers.list_enabled_webhooks(session)
    granted = partners.load_entitlements(known, now)
    webhooks = [
        WebhookFilter(row, selection_from_json(row.selection), granted.get(row.partner_id or ""))
        for row in known
    ]
    slugs = _load_public_slugs(session, rows, now) if webhooks else {}
    new_deliveries: list[DeliveryRow] = []
    for row in rows:
        if row.reason == "killed" or granted:
            # Pending deliveries are about a story that nobody may have any more, or are looked up.
            deliveries.add(session, new_deliveries)
            new_deliveries = []
        informed = _drop_killed(session, row)
        new_deliveries += _build_webhook_deliveries(
            session, row, webhooks, informed, slugs, now, own
        )
    deliveries.add(session, new_deliveries)
    _enqueue_feeds(session, rows, now, readers)


def add_webhook_deliveries(
    session: WriteSession,
    row: Change,
    webhooks: Sequence[WebhookFilter],
    slugs: Mapping[str, str],
    now: datetime,
    own: str,
) -> None:
    """Create the deliveries to webhooks for one row; `slugs` are those of public stories by id."""
    informed = _drop_killed(session, row)
    found = _build_webhook_deliveries(session, row, webhooks, informed, slugs, now, own)
    deliveries.add(session, list(found))


def build_delivery(
    kind: str,
    receiver: Receiver,
    event: str,
    subject: str,
    body: bytes | None,
    *,
    serial: int,
    now: datetime,
) -> DeliveryRow:
    """Return a delivery that is due now, or when its receiver's backoff ends."""
    is_stopped = isinstance(receiver, WebhookRow) and receiver.state != "active"
    due_at = None if is_stopped else max(receiver.retry_at or now, now)
    id_ = f"msg_{new_id().replace('-', '')}"
    return DeliveryRow(
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


def _drop_killed(session: WriteSession, row: Change) -> set[str]:
    """Drop the deliveries about a killed story; return the receivers that had heard of it."""
    if row.reason != "killed":
        return set()
    deliveries.drop_for_subject(session, row.id, KILLED)
    return deliveries.find_receivers(session, row.id)


def _build_webhook_deliveries(
    session: WriteSession,
    row: Change,
    webhooks: Iterable[WebhookFilter],
    informed: set[str],
    slugs: Mapping[str, str],
    now: datetime,
    own: str,
) -> Iterator[DeliveryRow]:
    bodies: dict[str, bytes] = {}
    for webhook in webhooks:
        event, due_at = webhook.find_event(row, now)
        if event is None and webhook.row.id in informed and webhook.may_hear:
            event = KILLED
        if event is None or not webhook.wants(event) or row.serial <= webhook.row.since:
            continue
        body = bodies.get(event) or bodies.setdefault(event, build_body(event, row, slugs, own))
        delivery = build_delivery(
            "webhook", webhook.row, event, row.id, body, serial=row.serial, now=now
        )
        if delivery.due_at is not None:
            delivery = delivery._replace(due_at=max(delivery.due_at, due_at))
        if webhook.granted is None or not _reschedule(session, delivery):
            yield delivery


def _reschedule(session: WriteSession, delivery: DeliveryRow) -> bool:
    """Let a delivery that is not due yet show a later row; return False if there is none.

    The story is new for the partner, and is shown in its present state when that is sent.
    """
    if delivery.event in REMOVALS:
        return False
    waiting = deliveries.find_pending_start(session, delivery.receiver, delivery.subject, PUBLISHED)
    if waiting is None:
        return False
    deliveries.reschedule(session, waiting.number, delivery.serial, delivery.due_at)
    return True


def _load_public_slugs(
    session: WriteSession, rows: Sequence[Change], now: datetime
) -> dict[str, str]:
    """Return the slugs of stories that are public now; other slugs are not disclosed."""
    ids = {row.id for row in rows if row.type == "article" and row.op == "upsert"}
    found = delivery_store.load_attributes(session, ids)
    return {id_: story.slug for id_, story in found.items() if story.is_public(now)}


def _enqueue_feeds(
    session: WriteSession, rows: Sequence[Change], now: datetime, readers: FeedReaders
) -> None:
    subscriptions = receivers.list_live_subscriptions(session, now)
    entitlements = readers.resolve(subscriptions, now)
    for subscription in subscriptions:
        selection = selection_from_json(subscription.selection)
        reader = entitlements[subscription.id]
        serials = [
            row.serial
            for row in rows
            if row.serial > subscription.since and affects(row, selection, reader)
        ]
        if serials:
            enqueue_feed(session, subscription, serials[-1], now)


def enqueue_all_feeds(session: WriteSession, now: datetime) -> None:
    """Enqueue the feed of each subscriber; what a subscriber has already is not sent again."""
    for subscription in receivers.list_live_subscriptions(session, now):
        enqueue_feed(session, subscription, subscription.since, now)


def enqueue_feed(
    session: WriteSession, subscription: SubscriptionRow, serial: int, now: datetime
) -> None:
    """Enqueue the feed for a subscriber; a pending delivery is enough."""
    waiting = deliveries.find_pending_feed(session, subscription.id)
    if waiting is not None:
        deliveries.renew(session, waiting.number, serial)
        return
    row = build_delivery(
        "feed", subscription, "feed", subscription.id, None, serial=serial, now=now
    )
    deliveries.add(session, [row])
