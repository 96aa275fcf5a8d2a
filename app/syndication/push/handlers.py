"""Delivery handlers: build the request of a delivery, and interpret the answer."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol
from urllib.parse import urlencode, urlsplit

from app.access.audit import add_audit_row
from app.access.caller import Caller
from app.kit import json
from app.kit.http_client import HttpOutcome, HttpResponse
from app.kit.sql.session import WriteSession
from app.kit.sql.unit_of_work import Actor, AuditedAction
from app.partners.sent_story import SentStory
from app.syndication.push.delivery_creation import build_delivery
from app.syndication.push.hub_limits import has_capacity
from app.syndication.push.partner_events import PartnerEvents
from app.syndication.push.signing import sign_hub_request, sign_webhook
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.store.deliveries import DeliveryRow
from app.syndication.push.store.receivers import Receiver, SubscriptionRow, WebhookRow
from app.syndication.push.stored_secrets import StoredSecrets
from app.syndication.push.token_topics import split_topic

# `gone`: never send anything there again; `refused`: do not send this delivery again.
Verdict = Literal["delivered", "failed", "refused", "gone"]
_GONE = 410
VERIFY, DENY = "verify", "denied"
_MOST_VERIFICATIONS = 3


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """A request to send; `memo` is what the handler needs when the request is finished.

    With `is_unverified` the receiver may not have asked for anything. `sent` are the stories that
    a partner receives with it, in a feed with a token.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    memo: str | None = None
    is_unverified: bool = False
    partner_id: str | None = None
    feed_token_id: str | None = None
    sent: tuple[SentStory, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedContent:
    """The current content of a feed, and the stories in it for the partner of its token."""

    status: int
    media_type: str
    body: bytes
    partner_id: str | None = None
    sent: tuple[SentStory, ...] = ()


# Reads a feed by its address, for readers without a key or for those of a token by its id.
ReadFeed = Callable[[str, str | None], FeedContent]


class NotDeliverableNow(Exception):
    """A delivery is not possible now, for a reason that is not the receiver's."""


class DeliveryHandler(Protocol):
    """Handles the deliveries to one kind of receiver."""

    most_concurrent: int

    def build_request(
        self, row: DeliveryRow, receiver: Receiver, now: datetime
    ) -> OutgoingRequest | None:
        """Return the request of a delivery, or None if there is nothing to send."""
        ...

    def judge(self, row: DeliveryRow, sent: OutgoingRequest, outcome: HttpOutcome) -> Verdict:
        """Return the verdict on an outcome."""
        ...

    def finish(
        self,
        session: WriteSession,
        row: DeliveryRow,
        sent: OutgoingRequest,
        verdict: Verdict,
        now: datetime,
    ) -> None:
        """Update the receiver after a request."""
        ...


def no_headers(_subject: str) -> Mapping[str, str]:
    """Return no headers."""
    return {}


class WebhookHandler:
    """Signed thin events, as defined by Standard Webhooks."""

    most_concurrent = 8

    def __init__(
        self,
        partners: PartnerEvents,
        secrets: StoredSecrets,
        headers_about: Callable[[str], Mapping[str, str]] = no_headers,
    ) -> None:
        """Render the events of partners, and add extra headers to the events about a subject."""
        self._partners = partners
        self._secrets = secrets
        self._headers_about = headers_about

    def build_request(
        self, row: DeliveryRow, receiver: Receiver, now: datetime
    ) -> OutgoingRequest | None:
        """Sign the event, with both secrets while the old one is valid.

        Raises `SecretUnreadable`.
        """
        assert isinstance(receiver, WebhookRow)
        body = row.body
        if receiver.partner_id is not None:
            body = self._partners.render(row, receiver, now)
        if body is None:
            return None
        keys, until = [receiver.secret], receiver.old_secret_until
        if receiver.old_secret is not None and until is not None and now < until:
            keys.append(receiver.old_secret)
        keys = [self._secrets.read(key, receiver.id) for key in keys]
        seconds = int(now.timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": row.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": sign_webhook(keys, row.id, seconds, body),
            **self._headers_about(row.subject),
        }
        return OutgoingRequest("POST", receiver.url, headers, body, receiver.partner_id)

    def judge(self, row: DeliveryRow, sent: OutgoingRequest, outcome: HttpOutcome) -> Verdict:
        """Treat 2xx as success, and 410 as a request to stop."""
        return _judge_status(outcome)

    def finish(
        self,
        session: WriteSession,
        row: DeliveryRow,
        sent: OutgoingRequest,
        verdict: Verdict,
        now: datetime,
    ) -> None:
        """Note what a partner received; another command disables a webhook that is gone."""
        if verdict == "delivered" and sent.memo is not None:
            self._partners.note_delivery(row, sent.memo, sent.body)


class FeedHandler:
    """Feeds for subscribers, and verification of intent (WebSub)."""

    most_concurrent = 1

    def __init__(self, hub: str, capacity: int, partners: PartnerEvents) -> None:
        """Send for a hub with a number of subscriptions; set `read` before feeds are sent."""
        self._hub = hub
        self._capacity = capacity
        self._partners = partners
        self.read: ReadFeed | None = None

    def build_request(
        self, row: DeliveryRow, receiver: Receiver, now: datetime
    ) -> OutgoingRequest | None:
        """Return a verification, or the feed as it is now, unless that was sent before."""
        assert isinstance(receiver, SubscriptionRow)
        if row.event == VERIFY:
            return build_verification(row, receiver, receiver.topic)
        if row.event == DENY:
            return _build_denial(receiver, "the hub is full")
        return self._build_feed(receiver, now)

    def _build_feed(self, receiver: SubscriptionRow, now: datetime) -> OutgoingRequest | None:
        """Return the feed as it is now, unless that was sent before."""
        if self.read is None:
            raise RuntimeError("This process cannot read feeds: set a feed reader first.")
        address, token_id = split_topic(receiver.topic)
        content = self.read(address, token_id)
        if content.status >= 500:
            raise NotDeliverableNow
        if content.status != 200:
            return _build_denial(receiver, "no such feed")
        digest = hashlib.sha256(content.body).hexdigest()
        if digest == receiver.sent:
            return None
        if content.partner_id is not None:
            self._partners.require_quota_for_feed(content.partner_id, content.sent, now)
        headers = {
            "content-type": content.media_type,
            "link": f'<{self._hub}>; rel="hub", <{address}>; rel="self"',
        }
        if receiver.secret is not None:
            headers["x-hub-signature"] = sign_hub_request(receiver.secret, content.body)
        return OutgoingRequest(
            "POST",
            receiver.callback,
            headers,
            content.body,
            digest,
            partner_id=content.partner_id,
            feed_token_id=token_id,
            sent=content.sent,
        )

    def judge(self, row: DeliveryRow, sent: OutgoingRequest, outcome: HttpOutcome) -> Verdict:
        """Check the challenge of a verification, or the status of a feed delivery."""
        if sent.memo == DENY:
            return "gone"
        if row.event != VERIFY:
            return _judge_status(outcome)
        verification = json.loads(row.body or b"{}")
        if isinstance(outcome, HttpResponse) and outcome.status < 500:
            is_confirmed = (
                200 <= outcome.status < 300 and outcome.body == verification["challenge"].encode()
            )
            return "delivered" if is_confirmed else "refused"
        return "failed" if row.attempts + 1 < _MOST_VERIFICATIONS else "refused"

    def finish(
        self,
        session: WriteSession,
        row: DeliveryRow,
        sent: OutgoingRequest,
        verdict: Verdict,
        now: datetime,
    ) -> None:
        """Start, renew or end a subscription; remember what was sent."""
        if verdict == "gone":
            subscription = receivers.load_by_ids(session, "feed", [row.receiver]).get(row.receiver)
            if isinstance(subscription, SubscriptionRow) and subscription.active:
                _audit_subscription(session, "unsubscribed", subscription, {}, now)
            end_subscription(session, row.receiver)
        elif row.event == VERIFY:
            self._finish_verification(session, row, verdict, now)
        elif verdict == "delivered":
            receivers.change(session, "feed", row.receiver, sent=sent.memo)
            if sent.partner_id is not None:
                reader = Caller(partner_id=sent.partner_id, feed_token_id=sent.feed_token_id)
                self._partners.note_feed(reader, len(sent.body), sent.sent)

    def _finish_verification(
        self, session: WriteSession, row: DeliveryRow, verdict: Verdict, now: datetime
    ) -> None:
        subscription = receivers.load_by_ids(session, "feed", [row.receiver]).get(row.receiver)
        # A failed verification is repeated: no answer means neither yes nor no.
        if not isinstance(subscription, SubscriptionRow) or verdict == "failed":
            return
        verification: dict[str, Any] = json.loads(row.body or b"{}")
        if verdict == "refused":
            # An active subscription stays until its callback confirms the end.
            if not subscription.active:
                end_subscription(session, subscription.id)
        elif verification["mode"] == "unsubscribe":
            _audit_subscription(session, "unsubscribed", subscription, verification, now)
            end_subscription(session, subscription.id)
        elif not subscription.active and not has_capacity(session, self._capacity, now):
            denial = build_delivery(
                "feed", subscription, DENY, subscription.id, None, serial=0, now=now
            )
            deliveries.add(session, [denial])
        else:
            _audit_subscription(session, "subscribed", subscription, verification, now)
            receivers.change(
                session,
                "feed",
                subscription.id,
                active=True,
                secret=verification["secret"],
                lease_until=now + timedelta(seconds=verification["lease"]),
            )


def end_subscription(session: WriteSession, id_: str) -> None:
    """Delete a subscription with its pending deliveries.

    Verifications are kept for a while, because they count against the limit of their host.
    """
    receivers.remove(session, "feed", id_)
    deliveries.delete_for_receiver(session, id_, but_for=VERIFY)


def _audit_subscription(
    session: WriteSession,
    verb: Literal["subscribed", "unsubscribed"],
    subscription: SubscriptionRow,
    verification: Mapping[str, Any],
    now: datetime,
) -> None:
    """Write an audit entry about what a callback confirmed, with the client's address if known."""
    actor = Actor(None, "hub", verification.get("address"), verification.get("request_id"))
    values = {"topic": subscription.topic, "callback": subscription.callback}
    states = (None, values) if verb == "subscribed" else (values, None)
    add_audit_row(
        session, actor, now, AuditedAction(verb, "subscription", subscription.id, *states)
    )


def build_verification(row: DeliveryRow, receiver: SubscriptionRow, topic: str) -> OutgoingRequest:
    """Return the request that asks a callback whether it means a subscription to a topic."""
    verification: dict[str, Any] = json.loads(row.body or b"{}")
    query = {
        "hub.mode": verification["mode"],
        "hub.topic": topic,
        "hub.challenge": verification["challenge"],
    }
    if verification["mode"] == "subscribe":
        query["hub.lease_seconds"] = str(verification["lease"])
    return OutgoingRequest("GET", _add_query(receiver.callback, query), {}, is_unverified=True)


def _build_denial(receiver: SubscriptionRow, reason: str) -> OutgoingRequest:
    """Return the request that says that a subscription is over (WebSub, section 5.2)."""
    topic = split_topic(receiver.topic).address
    query = {"hub.mode": DENY, "hub.topic": topic, "hub.reason": reason}
    return OutgoingRequest("GET", _add_query(receiver.callback, query), {}, memo=DENY)


def _add_query(address: str, more: Mapping[str, str]) -> str:
    """Add parameters to a URL and keep its own (WebSub, section 5.3)."""
    parts = urlsplit(address)
    query = "&".join(part for part in (parts.query, urlencode(more)) if part)
    return parts._replace(query=query, fragment="").geturl()


def _judge_status(outcome: HttpOutcome) -> Verdict:
    if not isinstance(outcome, HttpResponse):
        return "failed"
    if outcome.status == _GONE:
        return "gone"
    return "delivered" if 200 <= outcome.status < 300 else "failed"
