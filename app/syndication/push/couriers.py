"""What a delivery is as a request, and what an answer to it means."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol
from urllib.parse import urlencode, urlsplit

from app.access.audit import add_audit_row
from app.kit import json
from app.kit.http_client import HttpOutcome, HttpResponse
from app.kit.sql.session import WriteSession
from app.kit.sql.unit_of_work import Actor, AuditedAction
from app.syndication.push.following import delivery_row
from app.syndication.push.hub_limits import has_seat
from app.syndication.push.signing import hub_signature, signatures
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.store.deliveries import Message
from app.syndication.push.store.receivers import Receiver, SubscriptionRow, WebhookRow

# `gone` says that nothing more is to be sent there; `refused`, that this is not to be sent again.
Verdict = Literal["delivered", "failed", "refused", "gone"]
_GONE = 410
VERIFY, DENY = "verify", "denied"
_MOST_QUESTIONS = 3


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it is sent; `mark` is what the courier has to know of it afterwards.

    One that is `unproven` goes to a receiver that may have asked for nothing.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    mark: str | None = None
    unproven: bool = False


@dataclass(frozen=True, slots=True)
class FeedContent:
    """What a reader of a feed is answered now."""

    status: int
    media_type: str
    body: bytes


class NotNow(Exception):
    """A delivery cannot be made at this moment, for no fault of its receiver."""


class Courier(Protocol):
    """Knows how one kind of receiver is told."""

    at_once: int

    def outgoing(self, row: Message, receiver: Receiver, now: datetime) -> Outgoing | None:
        """Return the request of a delivery, or nothing where there is nothing to say."""
        ...

    def judge(self, row: Message, sent: Outgoing, outcome: HttpOutcome) -> Verdict:
        """Return what an outcome means."""
        ...

    def done(
        self, session: WriteSession, row: Message, sent: Outgoing, verdict: Verdict, now: datetime
    ) -> None:
        """Write down what follows from a delivery that is over, for better or worse."""
        ...


def no_headers(_subject: str) -> Mapping[str, str]:
    """Return no headers."""
    return {}


class WebhookCourier:
    """Signed thin events, by Standard Webhooks."""

    at_once = 8

    def __init__(self, headers_about: Callable[[str], Mapping[str, str]] = no_headers) -> None:
        """Add headers to events about a thing, by its id."""
        self._headers_about = headers_about

    def outgoing(self, row: Message, receiver: Receiver, now: datetime) -> Outgoing | None:
        """Sign the event, with both secrets while one takes the place of the other."""
        assert isinstance(receiver, WebhookRow)
        if row.body is None:
            return None
        keys, until = [receiver.secret], receiver.old_secret_until
        if receiver.old_secret is not None and until is not None and now < until:
            keys.append(receiver.old_secret)
        seconds, body = int(now.timestamp()), row.body
        headers = {
            "content-type": "application/json",
            "webhook-id": row.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signatures(keys, row.id, seconds, body),
            **self._headers_about(row.subject),
        }
        return Outgoing("POST", receiver.url, headers, body)

    def judge(self, row: Message, sent: Outgoing, outcome: HttpOutcome) -> Verdict:
        """Take 2xx for success, and 410 for a wish to be left alone."""
        return _judged(outcome)

    def done(
        self, session: WriteSession, row: Message, sent: Outgoing, verdict: Verdict, now: datetime
    ) -> None:
        """Do nothing: a webhook that is to be left alone is disabled by a command."""


class FeedCourier:
    """Feeds for their subscribers, and questions whether somebody means to be one (WebSub)."""

    at_once = 1

    def __init__(self, hub: str, seats: int) -> None:
        """Speak for a hub with so many seats; `read` has to be set before feeds can be sent."""
        self._hub = hub
        self._seats = seats
        self.read: Callable[[str], FeedContent] | None = None

    def outgoing(self, row: Message, receiver: Receiver, now: datetime) -> Outgoing | None:
        """Return a question, or the feed as it is now, unless that was sent before."""
        assert isinstance(receiver, SubscriptionRow)
        if row.event == VERIFY:
            return _question(row, receiver)
        if row.event == DENY:
            return _denial(receiver, "the hub is full")
        if self.read is None:
            raise RuntimeError("This process cannot read feeds; nobody told it how.")
        content = self.read(receiver.topic)
        if content.status >= 500:
            raise NotNow
        if content.status != 200:
            return _denial(receiver, "no such feed")
        digest = hashlib.sha256(content.body).hexdigest()
        if digest == receiver.sent:
            return None
        headers = {
            "content-type": content.media_type,
            "link": f'<{self._hub}>; rel="hub", <{receiver.topic}>; rel="self"',
        }
        if receiver.secret is not None:
            headers["x-hub-signature"] = hub_signature(receiver.secret, content.body)
        return Outgoing("POST", receiver.callback, headers, content.body, digest)

    def judge(self, row: Message, sent: Outgoing, outcome: HttpOutcome) -> Verdict:
        """Tell whether a question was answered with the challenge, or a feed was taken."""
        if sent.mark == DENY:
            return "gone"
        if row.event != VERIFY:
            return _judged(outcome)
        asked = json.loads(row.body or b"{}")
        if isinstance(outcome, HttpResponse) and outcome.status < 500:
            agreed = 200 <= outcome.status < 300 and outcome.body == asked["challenge"].encode()
            return "delivered" if agreed else "refused"
        return "failed" if row.attempts + 1 < _MOST_QUESTIONS else "refused"

    def done(
        self, session: WriteSession, row: Message, sent: Outgoing, verdict: Verdict, now: datetime
    ) -> None:
        """Begin, renew or end a subscription; note what was sent."""
        if verdict == "gone":
            known = receivers.by_ids(session, "feed", [row.receiver]).get(row.receiver)
            if isinstance(known, SubscriptionRow) and known.active:
                _note(session, "unsubscribed", known, {}, now)
            end_subscription(session, row.receiver)
        elif row.event == VERIFY:
            self._answered(session, row, verdict, now)
        elif verdict == "delivered":
            receivers.change(session, "feed", row.receiver, sent=sent.mark)

    def _answered(
        self, session: WriteSession, row: Message, verdict: Verdict, now: datetime
    ) -> None:
        known = receivers.by_ids(session, "feed", [row.receiver]).get(row.receiver)
        # A question that failed is asked again: no answer means nothing.
        if not isinstance(known, SubscriptionRow) or verdict == "failed":
            return
        asked: dict[str, Any] = json.loads(row.body or b"{}")
        if verdict == "refused":
            # Who is a subscriber already stays one until he says otherwise.
            if not known.active:
                end_subscription(session, known.id)
        elif asked["mode"] == "unsubscribe":
            _note(session, "unsubscribed", known, asked, now)
            end_subscription(session, known.id)
        elif not known.active and not has_seat(session, self._seats, now):
            denial = delivery_row("feed", known, DENY, known.id, None, serial=0, now=now)
            deliveries.add(session, [denial])
        else:
            _note(session, "subscribed", known, asked, now)
            receivers.change(
                session,
                "feed",
                known.id,
                active=True,
                secret=asked["secret"],
                lease_until=now + timedelta(seconds=asked["lease"]),
            )


def end_subscription(session: WriteSession, id_: str) -> None:
    """Take a subscription away with all that waits for it.

    What its host was asked is remembered for a while: it counts against the host's limit.
    """
    receivers.remove(session, "feed", id_)
    deliveries.forget_of(session, id_, but_for=VERIFY)


def _note(
    session: WriteSession,
    verb: Literal["subscribed", "unsubscribed"],
    known: SubscriptionRow,
    asked: Mapping[str, Any],
    now: datetime,
) -> None:
    """Note in the audit what a callback agreed to, and who asked for it where that is known."""
    actor = Actor(None, "hub", asked.get("address"), asked.get("request_id"))
    told = {"topic": known.topic, "callback": known.callback}
    states = (None, told) if verb == "subscribed" else (told, None)
    add_audit_row(session, actor, now, AuditedAction(verb, "subscription", known.id, *states))


def _question(row: Message, receiver: SubscriptionRow) -> Outgoing:
    asked: dict[str, Any] = json.loads(row.body or b"{}")
    query = {
        "hub.mode": asked["mode"],
        "hub.topic": receiver.topic,
        "hub.challenge": asked["challenge"],
    }
    if asked["mode"] == "subscribe":
        query["hub.lease_seconds"] = str(asked["lease"])
    return Outgoing("GET", _with_query(receiver.callback, query), {}, unproven=True)


def _denial(receiver: SubscriptionRow, reason: str) -> Outgoing:
    """Return the request that says that a subscription is over (WebSub, section 5.2)."""
    query = {"hub.mode": DENY, "hub.topic": receiver.topic, "hub.reason": reason}
    return Outgoing("GET", _with_query(receiver.callback, query), {}, mark=DENY)


def _with_query(address: str, more: Mapping[str, str]) -> str:
    """Add parameters to an address, leaving those that it has (WebSub, section 5.3)."""
    parts = urlsplit(address)
    query = "&".join(one for one in (parts.query, urlencode(more)) if one)
    return parts._replace(query=query, fragment="").geturl()


def _judged(outcome: HttpOutcome) -> Verdict:
    if not isinstance(outcome, HttpResponse):
        return "failed"
    if outcome.status == _GONE:
        return "gone"
    return "delivered" if 200 <= outcome.status < 300 else "failed"
