"""Limits of keys, partners and addresses in one process: counted in memory, by a token bucket."""

from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.caller import ANONYMOUS, Caller
from app.access.limits.address_limit import AddressLimit
from app.access.limits.meter import COST_PER_REQUEST, LimitReached
from app.access.limits.partner_limits import PartnerLimits
from app.access.limits.rate_limits import RateLimits
from app.api.http.rate_limit_headers import build_fields
from tests.clock import HandClock

KEY = Caller(key_id="k")


def count_admitted(limits: RateLimits, times: int, caller: Caller = KEY, cost: int = 1) -> int:
    """Send requests; return how many were admitted."""
    admitted = 0
    for _ in range(times):
        with suppress(LimitReached):
            limits.admit(caller, cost)
            admitted += 1
    return admitted


def of_partner(key: str, limit: int | None, partner: str = "p") -> Caller:
    """Return the holder of a key of a partner."""
    return Caller(key_id=key, partner_id=partner, limits=PartnerLimits(limit))


def show(limits: RateLimits, caller: Caller = KEY) -> tuple[str, str]:
    """Send a request; return the fields of its answer."""
    policy, state = (value.decode() for _, value in build_fields(limits.admit(caller).meters))
    return policy, state


def test_a_minute_of_requests_may_come_at_once_and_fills_again_steadily() -> None:
    clock = HandClock()
    limits = RateLimits(clock, 60)
    assert count_admitted(limits, 70) == 60
    with pytest.raises(LimitReached, match="This key may send 60 requests in a minute") as refused:
        limits.admit(KEY)
    assert refused.value.seconds == 1
    clock.advance(seconds=1)
    assert count_admitted(limits, 2) == 1
    clock.advance(hours=-1)
    assert count_admitted(limits, 2) == 0
    clock.advance(hours=2)
    assert count_admitted(limits, 70) == 60


@given(
    limit=st.integers(1, 50),
    steps=st.lists(st.tuples(st.floats(0, 70), st.integers(1, 12), st.integers(1, 8))),
)
def test_requests_and_cost_never_exceed_the_limit_of_any_window(
    limit: int, steps: Sequence[tuple[float, int, int]]
) -> None:
    clock = HandClock()
    limits = RateLimits(clock, limit)
    begin, sent, spent = clock.now(), 0, 0
    for seconds, times, cost in steps:
        clock.advance(seconds=seconds)
        admitted = count_admitted(limits, times, cost=cost)
        sent, spent = sent + admitted, spent + admitted * cost
        refill = (clock.now() - begin).total_seconds() / 60
        assert sent <= limit * (1 + refill) + 0.01
        # A request that costs more than the limit is allowed where nothing was used.
        most = max(limit * COST_PER_REQUEST, cost)
        assert spent <= most + limit * COST_PER_REQUEST * refill + 8 + 0.01


def test_a_client_that_waits_as_long_as_it_is_told_is_admitted() -> None:
    clock = HandClock()
    limits = RateLimits(clock, 7)
    count_admitted(limits, 10)
    for cost in (1, 5, 30):
        with pytest.raises(LimitReached) as refused:
            limits.admit(KEY, cost)
        clock.advance(seconds=refused.value.seconds)
        assert count_admitted(limits, 1, cost=cost) == 1


def test_cost_has_its_own_limit() -> None:
    limits = RateLimits(HandClock(), 60)
    assert count_admitted(limits, 50, cost=5) == 60 * COST_PER_REQUEST // 5
    with pytest.raises(LimitReached, match="requests that cost 120 in a minute"):
        limits.admit(KEY, 5)


def test_keys_have_limits_of_their_own_and_share_that_of_their_partner() -> None:
    limits = RateLimits(HandClock(), 10)
    assert count_admitted(limits, 20) == 10
    assert count_admitted(limits, 20, Caller(key_id="other")) == 10
    assert count_admitted(limits, 6, of_partner("a", 8)) == 6
    assert count_admitted(limits, 6, of_partner("b", 8)) == 2
    token = Caller(feed_token_id="t", partner_id="p", limits=PartnerLimits(8))
    with pytest.raises(LimitReached, match="All keys of this partner together"):
        limits.admit(token)
    assert count_admitted(limits, 20, of_partner("c", None, "q")) == 10
    assert count_admitted(limits, 50, of_partner("d", 30, "r")) == 30


def test_a_changed_agreement_counts_with_the_next_request() -> None:
    limits = RateLimits(HandClock(), 100)
    assert count_admitted(limits, 20, of_partner("a", 8)) == 8
    assert count_admitted(limits, 20, of_partner("a", 12)) == 4
    assert count_admitted(limits, 20, of_partner("a", None)) == 20


def test_what_is_off_counts_nothing() -> None:
    assert count_admitted(RateLimits(HandClock(), None), 1_000) == 1_000
    assert count_admitted(RateLimits(HandClock(), 0), 1_000) == 1_000
    assert count_admitted(RateLimits(HandClock(), 1), 1_000, ANONYMOUS) == 1_000
    assert count_admitted(RateLimits(HandClock(), 0), 20, of_partner("a", 8)) == 8


def test_fields_show_what_is_left_of_the_limit_that_leaves_less() -> None:
    clock = HandClock()
    limits = RateLimits(clock, 600)
    policy = '"requests";q=600;w=60, "cost";q=1200;w=60'
    assert show(limits) == (policy, '"requests";r=599;t=1, "cost";r=1199;t=1')
    count_admitted(limits, 99)
    assert show(limits)[1] == '"requests";r=499;t=11, "cost";r=1099;t=6'
    clock.advance(minutes=1)
    assert show(limits)[1] == '"requests";r=599;t=1, "cost";r=1199;t=1'
    policy = '"requests";q=60;w=60, "cost";q=120;w=60'
    assert show(limits, of_partner("a", 60))[0] == policy
    assert build_fields(limits.admit(ANONYMOUS).meters) == []


def test_what_a_key_reserves_of_a_large_limit_is_counted_once() -> None:
    clock = HandClock()
    limits, most = RateLimits(clock, 60_000), 6_000
    assert count_admitted(limits, 61_000) == 60_000
    first, second = of_partner("a", most), of_partner("b", most)
    sent = count_admitted(limits, 2_995, first) + count_admitted(limits, most, second)
    assert most - 10 < sent < most
    limits.end_epoch()
    assert sent + count_admitted(limits, 10, first) == most
    assert count_admitted(limits, 10, second) == 0
    clock.advance(seconds=0.1)
    assert count_admitted(limits, 20, first) == 10


def test_keys_that_are_idle_are_forgotten() -> None:
    clock = HandClock()
    limits = RateLimits(clock, 60)
    for number in range(100):
        limits.admit(Caller(key_id=f"k{number}"))
    clock.advance(seconds=30)
    count_admitted(limits, 60, of_partner("a", 30))
    clock.advance(seconds=30)
    limits.forget_idle()
    assert len(limits) == 1
    assert count_admitted(limits, 60, of_partner("b", 30)) == 15


def test_the_address_that_was_seen_least_recently_is_forgotten() -> None:
    limit = AddressLimit(HandClock(), "An address", 1, most=100)
    for number in range(1_000):
        limit.admit(f"10.0.{number}")
    assert len(limit) == 100
    with pytest.raises(LimitReached, match="An address may send 1 requests in a minute"):
        limit.admit("10.0.999")
    limit.admit("10.0.1")
