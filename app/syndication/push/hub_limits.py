"""How much the hub does for clients and callbacks that have not proven anything yet.

Anyone may name any callback, and the hub asks that callback. So the questions to one host are
few, and unconfirmed subscriptions take no seats of confirmed ones.
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

# Hub requests of one client: so many in a row, and so many a second afterwards.
CLIENT_BURST, CLIENT_PER_SECOND = 20, 10 / 60
# Questions to one callback host: asked and not answered yet, and in all within the window.
PENDING_OF_HOST, QUESTIONS_OF_HOST = 5, 30
WINDOW = timedelta(minutes=10)
# Requests that ask questions, repeated ones too, to one network address.
ADDRESS_BURST, ADDRESS_PER_SECOND = 60, 10 / 60
# Subscriptions of all hosts that are not confirmed; one that is not within the time is forgotten.
PENDING_IN_ALL = 1_000
CONFIRM_WITHIN = timedelta(minutes=10)
_TRY_AGAIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class HubLimits:
    """Seats for subscriptions, and whether what is not confirmed is limited as well."""

    seats: int
    is_rate_limited: bool


def host_key(callback: str) -> str:
    """Return the key of a callback's host: as long as an id, and no id."""
    host = host_network(callback) or callback
    return f"host:{hashlib.sha256(host.encode()).hexdigest()[:31]}"


def check_limits(
    session: ReadSession,
    callback: str,
    known: SubscriptionRow | None,
    limits: HubLimits,
    now: datetime,
) -> None:
    """Raise `HubFull` or `RateLimited` where the hub may not ask a callback now.

    `known` is the subscription that the question is about, if there is one already.
    """
    if known is None:
        _check_seats(session, limits, now)
    if limits.is_rate_limited:
        _check_host(session, callback, now)


def has_seat(session: ReadSession, seats: int, now: datetime) -> bool:
    """Tell whether one more subscription may be confirmed."""
    return receivers.count_live(session, now) < seats


def _check_seats(session: ReadSession, limits: HubLimits, now: datetime) -> None:
    if not has_seat(session, limits.seats, now):
        raise HubFull("This hub has as many subscriptions as it may have. Try again later.")
    most = PENDING_IN_ALL if limits.is_rate_limited else limits.seats
    if receivers.count_unconfirmed(session) >= most:
        raise HubFull("Too many subscriptions wait to be confirmed. Try again in a minute.")


def _check_host(session: ReadSession, callback: str, now: datetime) -> None:
    asked = deliveries.questions_of(session, host_key(callback), now - WINDOW)
    if asked.total >= QUESTIONS_OF_HOST:
        minutes = int(WINDOW.total_seconds()) // 60
        raise RateLimited(
            f"The host of `hub.callback` is asked at most {QUESTIONS_OF_HOST} times in {minutes} "
            "minutes. Try again after the seconds in Retry-After.",
            max(1, math.ceil((asked.first + WINDOW - now).total_seconds())),
        )
    if asked.pending >= PENDING_OF_HOST:
        raise RateLimited(
            f"{asked.pending} requests for the host of `hub.callback` wait to be confirmed. Let "
            "it answer them, and try again after the seconds in Retry-After.",
            _TRY_AGAIN_SECONDS,
        )
