"""Limits of the hub, so that it cannot be used to attack the hosts of callbacks.

Anyone may name any callback, and the hub sends a verification there. So verifications are limited
by callback host, and unconfirmed subscriptions are limited in total, separately from the capacity
for confirmed ones. The constants for clients and addresses are applied where requests are received
and sent.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.kit.errors import RateLimited
from app.kit.networks import host_network
from app.kit.sql.session import ReadSession
from app.syndication.push.errors import HubFull
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.store.receivers import SubscriptionRow

# Hub requests of one client: burst, and rate per second.
CLIENT_BURST, CLIENT_PER_SECOND = 20, 10 / 60
# Verifications to one callback host: unanswered, and in total within the window.
PENDING_OF_HOST, QUESTIONS_OF_HOST = 5, 30
WINDOW = timedelta(minutes=10)
# Verifications to one network address, retries included: burst, and rate per second.
ADDRESS_BURST, ADDRESS_PER_SECOND = 60, 10 / 60
# Unconfirmed subscriptions of all hosts; each is deleted after this time.
PENDING_IN_ALL = 1_000
CONFIRM_WITHIN = timedelta(minutes=10)
_TRY_AGAIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class HubLimits:
    """The capacity of the hub, and whether unconfirmed requests are limited."""

    capacity: int
    is_rate_limited: bool


def host_key(callback: str) -> str:
    """Return the key of a callback's host: as long as an id, and never equal to one."""
    host = host_network(callback) or callback
    return f"host:{hashlib.sha256(host.encode()).hexdigest()[:31]}"


def check_limits(
    session: ReadSession,
    callback: str,
    known: SubscriptionRow | None,
    limits: HubLimits,
    now: datetime,
) -> None:
    """Raise `HubFull` or `RateLimited` if the hub may not verify a callback now.

    `known` is the subscription in question, if it exists.
    """
    if known is None:
        _check_capacity(session, limits, now)
    if limits.is_rate_limited:
        _check_host(session, callback, now)


def has_capacity(session: ReadSession, capacity: int, now: datetime) -> bool:
    """Tell whether another subscription may be confirmed."""
    return receivers.count_live(session, now) < capacity


def _check_capacity(session: ReadSession, limits: HubLimits, now: datetime) -> None:
    if not has_capacity(session, limits.capacity, now):
        raise HubFull("This hub has as many subscriptions as it may have. Try again later.")
    most = PENDING_IN_ALL if limits.is_rate_limited else limits.capacity
    if receivers.count_unconfirmed(session) >= most:
        raise HubFull("Too many subscriptions wait to be confirmed. Try again in a minute.")


def _check_host(session: ReadSession, callback: str, now: datetime) -> None:
    verifications = deliveries.count_verifications(session, host_key(callback), now - WINDOW)
    if verifications.total >= QUESTIONS_OF_HOST:
        minutes = int(WINDOW.total_seconds()) // 60
        raise RateLimited(
            f"The host of `hub.callback` is asked at most {QUESTIONS_OF_HOST} times in {minutes} "
            "minutes. Try again after the seconds in Retry-After.",
            max(1, math.ceil((verifications.first + WINDOW - now).total_seconds())),
        )
    if verifications.pending >= PENDING_OF_HOST:
        raise RateLimited(
            f"{verifications.pending} requests for the host of `hub.callback` wait to be "
            "confirmed. Let it answer them, and try again after the seconds in Retry-After.",
            _TRY_AGAIN_SECONDS,
        )
