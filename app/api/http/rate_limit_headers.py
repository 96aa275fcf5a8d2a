"""Rate limits in HTTP: which client addresses have a limit, and the headers about limits."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from app.access.limits.meter import WINDOW, Meter
from app.access.limits.rate_limits import Admission
from app.api.http.answer import Headers
from app.api.http.asgi import Scope
from app.api.http.clients import client_address
from app.kit.clock import format_instant
from app.kit.networks import client_network, contains, parse_ip, parse_networks
from app.server.response_head import encode_headers
from app.settings import Settings

_LOOPBACK = parse_networks("127.0.0.0/8, ::1")
# A remainder that is a whole number may be a little less after rounding.
_ROUNDING = 1e-6


def find_limited_client(scope: Scope, settings: Settings) -> str | None:
    """Return the address or network that a request counts for, or None if it has no limit.

    This machine and trusted proxies have no limit: they forward the requests of others.
    """
    address = parse_ip(client_address(scope, settings) or "")
    # A Unix socket has no addresses.
    if address is None or contains((*_LOOPBACK, *settings.proxies), address):
        return None
    return client_network(address)


class LimitFields(NamedTuple):
    """Header fields about limits, and the same as lines of a head."""

    headers: Headers
    lines: bytes


NO_FIELDS = LimitFields([], b"")


def find_fields(admission: Admission) -> LimitFields:
    """Return the fields about the limits of an admitted request."""
    if admission.fields is None:
        headers = build_fields(admission.meters)
        admission.fields = LimitFields(headers, encode_headers(headers))
    fields: LimitFields = admission.fields
    return fields


def build_fields(meters: Iterable[Meter]) -> Headers:
    """Return `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).

    If both a key and its partner have a limit, they show the limit with less left.
    """
    shown: dict[str, tuple[float, Meter]] = {}
    for meter in meters:
        remaining = meter.capacity - meter.used
        known = shown.get(meter.quantity)
        if known is None or remaining < known[0]:
            shown[meter.quantity] = remaining, meter
    if not shown:
        return []
    policies, states = [], []
    for quantity, (remaining, meter) in shown.items():
        seconds = math.ceil(meter.used * WINDOW / meter.capacity)
        policies.append(f'"{quantity}";q={meter.limit};w={WINDOW}')
        states.append(f'"{quantity}";r={max(0, int(remaining + _ROUNDING))};t={seconds}')
    return [
        (b"ratelimit-policy", ", ".join(policies).encode()),
        (b"ratelimit", ", ".join(states).encode()),
    ]


def list_request_limits(admission: Admission | None) -> list[dict[str, Any]]:
    """Return the limit of requests with the least left, in the form of quotas, if there is one.

    The whole limit is available at `resets_at`, if no request is sent until then.
    """
    meters = () if admission is None else admission.meters
    counted = [meter for meter in meters if meter.quantity == "requests"]
    if not counted:
        return []
    meter = min(counted, key=lambda meter: meter.capacity - meter.used)
    full_at = math.ceil(meter.at + meter.used * WINDOW / meter.capacity)
    return [
        {
            "name": "requests_per_minute",
            "quota": meter.limit,
            "window": "minute",
            "remaining": max(0, int(meter.capacity - meter.used + _ROUNDING)),
            "resets_at": format_instant(datetime.fromtimestamp(full_at, UTC)),
        }
    ]
