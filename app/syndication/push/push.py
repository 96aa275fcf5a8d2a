"""Push: follow the log, send due deliveries, report the status."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.delivery.log_follower import LogFollower
from app.delivery.store import Change
from app.delivery.store.grant_boundaries import load_boundaries
from app.kit.clock import Clock
from app.kit.http_client import AddressCheck, HttpClient, wait_for_outcome
from app.kit.networks import Address, AllowedNetworks, client_network
from app.kit.sql.change_watch import Version, Watch
from app.kit.sql.database import Database
from app.kit.sql.session import WriteSession
from app.kit.token_buckets import TokenBuckets
from app.syndication.push.delivery_creation import (
    FOLLOWER,
    FeedReaders,
    create_deliveries,
    enqueue_all_feeds,
)
from app.syndication.push.handlers import (
    VERIFY,
    DeliveryHandler,
    FeedHandler,
    ReadFeed,
    WebhookHandler,
    build_verification,
    end_subscription,
    no_headers,
)
from app.syndication.push.hub_limits import (
    ADDRESS_BURST,
    ADDRESS_PER_SECOND,
    CONFIRM_WITHIN,
    WINDOW,
    HubLimits,
)
from app.syndication.push.partner_events import PartnerEvents
from app.syndication.push.sender import Sender, StopWebhook
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.store.deliveries import DeliveryRow
from app.syndication.push.store.receivers import SubscriptionRow
from app.syndication.push.stored_secrets import (
    StoredSecrets,
    find_unreadable_secrets,
    renew_secrets,
)

HUB = "/hub"
# Seconds between checks for writes, between checks for due deliveries and new receivers, and
# between steps along the log while there are no receivers.
POLL_SECONDS, _CHECK_SECONDS, _IDLE_STEP_SECONDS = 0.02, 0.5, 5.0
# Rows of the log in one transaction: each may create many deliveries.
_BATCH = 100


@dataclass(frozen=True, slots=True)
class PushOptions:
    """Options of the operator: this API's base URL, allowed networks, limits, retention, keys."""

    own: str | None
    reach: AllowedNetworks
    hub_subscriptions: int
    pause_after: timedelta
    kept: timedelta
    secrets: StoredSecrets
    is_rate_limited: bool = True
    headers_about: Callable[[str], Mapping[str, str]] = no_headers

    @property
    def hub(self) -> str | None:
        """Return the URL of the hub, if there is one."""
        return f"{self.own}{HUB}" if self.own is not None and self.hub_subscriptions else None

    @property
    def hub_limits(self) -> HubLimits:
        """Return the limits of the hub."""
        return HubLimits(self.hub_subscriptions, self.is_rate_limited)


@dataclass(frozen=True, slots=True)
class PushStatus:
    """Status of push: rows to follow, deliveries to make, webhooks that are stopped."""

    lag: int
    pending: int
    paused: int


class Push:
    """Sends events to webhooks and feeds to subscribers; only one process does so."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        watch: Watch,
        client: HttpClient,
        options: PushOptions,
        stop: StopWebhook,
        partners: PartnerEvents,
        readers: FeedReaders,
    ) -> None:
        """Begin at the follower's position in the log."""
        self.options = options
        self._database = database
        self._clock = clock
        self._watch = watch
        self._follower = LogFollower(database, clock, FOLLOWER, batch=_BATCH)
        self._feeds = FeedHandler(options.hub or "", options.hub_subscriptions, partners)
        handlers: dict[str, DeliveryHandler] = {
            "webhook": WebhookHandler(partners, options.secrets, options.headers_about),
            "feed": self._feeds,
        }
        allows = _limit_verifications(clock) if options.is_rate_limited else None
        self.sender = Sender(database, clock, client, handlers, stop, options.pause_after, allows)
        self._client, self._allows_unverified = client, allows
        self._partners = partners
        self._readers = readers
        # The last instant at which time changed what anybody may read.
        self._boundary: datetime | None = None
        self._version: Version | None = None
        self._looked_at = self._asked_at = float("-inf")
        self._followed = False

    def set_feed_reader(self, read: ReadFeed) -> None:
        """Set the function that reads a feed; until then no feed is sent."""
        self._feeds.read = read

    def verify(self, row: DeliveryRow, topic: str) -> None:
        """Ask a callback about a topic with a token, and wait for the answer.

        The token is nowhere but in the memory of this process. So this is done once.
        """
        with self._database.read() as session:
            subscription = receivers.load_by_ids(session, "feed", [row.receiver]).get(row.receiver)
        if not isinstance(subscription, SubscriptionRow):
            return
        asked = build_verification(row, subscription, topic)
        sending = self._client.start(
            asked.method, asked.url, asked.headers, b"", self._allows_unverified
        )
        verdict = self._feeds.judge(row, asked, wait_for_outcome(sending))
        with self._database.write() as session:
            self._feeds.finish(session, row, asked, verdict, self._clock.now())

    def run_step(self) -> None:
        """Do all work that can be done now, without waiting for answers."""
        self._follower.follow_in_transaction(self._create_deliveries)
        self._follow_time()
        # New events first; settling old deliveries then frees slots for more.
        self.sender.start()
        if self.sender.settle():
            self.sender.start()

    def run_step_if_needed(self) -> None:
        """Do a step if something was written, an answer came, or enough time passed."""
        version, now = self._watch.version(), time.monotonic()
        if now - self._asked_at >= _CHECK_SECONDS:
            self._asked_at, self._followed = now, self._has_receivers()
        is_due = now - self._looked_at >= (_CHECK_SECONDS if self._followed else _IDLE_STEP_SECONDS)
        # Also after an answer, because `wait` does not advance the clock.
        if is_due or self.has_answer or (version != self._version and self._followed):
            self._version, self._looked_at = version, now
            self.run_step()

    def _has_receivers(self) -> bool:
        """Tell whether there are receivers; without them changes are followed in larger steps."""
        with self._database.read() as session:
            return receivers.has_receivers(session)

    @property
    def has_answer(self) -> bool:
        """Tell whether an answer arrived that is not settled yet."""
        return self.sender.wait(0)

    def status(self) -> PushStatus:
        """Return the status of push."""
        with self._database.read() as session:
            pending = deliveries.count_pending(session)
            paused = receivers.count_stopped_webhooks(session)
        return PushStatus(self._follower.count_waiting(), pending, paused)

    def tidy(self) -> None:
        """Delete old deliveries, and subscriptions that are over; renew stored secrets."""
        renew_secrets(self._database, self.options.secrets)
        now = self._clock.now()
        with self._database.write() as session:
            deliveries.delete_older(session, now - self.options.kept)
            for id_ in receivers.find_ended_subscriptions(session, now, now - CONFIRM_WITHIN):
                end_subscription(session, id_)
            live = receivers.list_live_subscriptions(session, now)
            for id_ in self._readers.find_ended(live, now):
                end_subscription(session, id_)
            deliveries.delete_verifications(session, VERIFY, now - WINDOW)

    def flaws(self) -> list[str]:
        """Return what is wrong: secrets that cannot be read."""
        return list(find_unreadable_secrets(self._database, self.options.secrets))

    def close(self) -> None:
        """Cancel requests in flight, and send nothing more."""
        self.sender.close()

    def _create_deliveries(self, session: WriteSession, rows: Sequence[Change]) -> None:
        now, own = self._clock.now(), self.options.own or ""
        create_deliveries(session, rows, now, own, self._partners, self._readers)

    def _follow_time(self) -> None:
        """Enqueue all feeds when a story is not delayed any more for a reader of one of them."""
        now = self._clock.now()
        with self._database.read() as session:
            live = receivers.list_live_subscriptions(session, now)
        readers = self._readers.resolve(live, now).values()
        grants = (grant for reader in readers for grant in reader.grants)
        delays = tuple({grant.delay for grant in grants if grant.delay})
        if not delays:
            return
        with self._database.read() as session:
            boundary, _ = load_boundaries(session, delays, now)
        if boundary != self._boundary:
            with self._database.write() as session:
                enqueue_all_feeds(session, now)
            self._boundary = boundary


def _limit_verifications(clock: Clock) -> AddressCheck:
    """Return a rate limit of verifications for each network address, whatever names lead to it.

    Only one process sends, so the limit holds for all processes.
    """
    buckets = TokenBuckets(ADDRESS_BURST, ADDRESS_PER_SECOND, clock.now)

    def allows(address: Address) -> bool:
        return buckets.take(client_network(address)) == 0

    return allows
