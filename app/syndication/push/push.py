"""Push as one part: it follows the log, sends what is due, and can be asked how it stands."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.delivery.log_follower import LogFollower
from app.delivery.store import Change
from app.kit.clock import Clock
from app.kit.http_client import AddressCheck, HttpClient
from app.kit.networks import Address, AllowedNetworks, client_network
from app.kit.sql.change_watch import Version, Watch
from app.kit.sql.database import Database
from app.kit.sql.session import WriteSession
from app.kit.token_buckets import TokenBuckets
from app.syndication.push.couriers import (
    VERIFY,
    Courier,
    FeedContent,
    FeedCourier,
    WebhookCourier,
    end_subscription,
    no_headers,
)
from app.syndication.push.following import FOLLOWER, write_down
from app.syndication.push.hub_limits import (
    ADDRESS_BURST,
    ADDRESS_PER_SECOND,
    CONFIRM_WITHIN,
    WINDOW,
    HubLimits,
)
from app.syndication.push.sending import Sender, Stop
from app.syndication.push.store import deliveries, receivers

HUB = "/hub"
# Seconds: between looks whether anything was written, and whether anything has come due or there is
# somebody to be told; while there is nobody, between steps along the log.
GLANCE, _LOOK_EVERY, _STEP_EVERY = 0.02, 0.5, 5.0
# Rows of the log that are followed in one transaction: each may make many deliveries.
_BATCH = 100


@dataclass(frozen=True, slots=True)
class PushOptions:
    """What the operator decided: this API's address, where requests may go, and for how long."""

    own: str | None
    reach: AllowedNetworks
    hub_subscriptions: int
    pause_after: timedelta
    kept: timedelta
    is_rate_limited: bool = True
    headers_about: Callable[[str], Mapping[str, str]] = no_headers

    @property
    def hub(self) -> str | None:
        """Return the address of the hub, where there is one."""
        return f"{self.own}{HUB}" if self.own is not None and self.hub_subscriptions else None

    @property
    def hub_limits(self) -> HubLimits:
        """Return what bounds the hub."""
        return HubLimits(self.hub_subscriptions, self.is_rate_limited)


@dataclass(frozen=True, slots=True)
class Standing:
    """How push stands: serials to follow, deliveries to make, webhooks that are told nothing."""

    lag: int
    pending: int
    paused: int


class Push:
    """Tells webhooks and subscribers of what the log says; one process of all does so."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        watch: Watch,
        client: HttpClient,
        options: PushOptions,
        stop: Stop,
    ) -> None:
        """Begin where the follower stands."""
        self.options = options
        self._database = database
        self._clock = clock
        self._watch = watch
        self._follower = LogFollower(database, clock, FOLLOWER, batch=_BATCH)
        self._feeds = FeedCourier(options.hub or "", options.hub_subscriptions)
        couriers: dict[str, Courier] = {
            "webhook": WebhookCourier(options.headers_about),
            "feed": self._feeds,
        }
        allows = _question_limit(clock) if options.is_rate_limited else None
        self.sender = Sender(database, clock, client, couriers, stop, options.pause_after, allows)
        self._version: Version | None = None
        self._looked_at = self._asked_at = float("-inf")
        self._followed = False

    def read_feeds_by(self, read: Callable[[str], FeedContent]) -> None:
        """Say how a feed is read by its address; until then no feed is sent."""
        self._feeds.read = read

    def turn(self) -> None:
        """Do all that can be done now, and wait for no answer."""
        self._follower.follow_in_transaction(self._write_down)
        # News first; noting what came of older news makes room for more.
        self.sender.start()
        if self.sender.settle():
            self.sender.start()

    def turn_if_needed(self) -> None:
        """Do what is to be done, if something was written, an answer came, or time passed."""
        version, now = self._watch.version(), time.monotonic()
        if now - self._asked_at >= _LOOK_EVERY:
            self._asked_at, self._followed = now, self._is_followed()
        is_time = now - self._looked_at >= (_LOOK_EVERY if self._followed else _STEP_EVERY)
        # Also after an answer: `wait` looks at the clock no more than that.
        if is_time or self.answered or (version != self._version and self._followed):
            self._version, self._looked_at = version, now
            self.turn()

    def _is_followed(self) -> bool:
        """Tell whether anybody is to be told; if not, each change need not be looked at alone."""
        with self._database.read() as session:
            return receivers.is_anybody(session)

    @property
    def answered(self) -> bool:
        """Tell whether an answer arrived that nobody has looked at."""
        return self.sender.wait(0)

    def standing(self) -> Standing:
        """Return how push stands."""
        with self._database.read() as session:
            pending = deliveries.count_pending(session)
            paused = receivers.paused_webhooks(session)
        return Standing(self._follower.count_waiting(), pending, paused)

    def tidy(self) -> None:
        """Forget old deliveries, and subscriptions that are over."""
        now = self._clock.now()
        with self._database.write() as session:
            deliveries.forget(session, now - self.options.kept)
            for id_ in receivers.ended_subscriptions(session, now, now - CONFIRM_WITHIN):
                end_subscription(session, id_)
            deliveries.forget_questions(session, VERIFY, now - WINDOW)

    def close(self) -> None:
        """Call off what is under way, and send nothing more."""
        self.sender.close()

    def _write_down(self, session: WriteSession, rows: Sequence[Change]) -> None:
        write_down(session, rows, self._clock.now(), self.options.own or "")


def _question_limit(clock: Clock) -> AddressCheck:
    """Return what bounds the questions to one network address, whatever names lead to it.

    One process of all sends, so this holds for all of them together.
    """
    buckets = TokenBuckets(ADDRESS_BURST, ADDRESS_PER_SECOND, clock.now)

    def allows(address: Address) -> bool:
        return buckets.take(client_network(address)) == 0

    return allows
