"""Token buckets: a burst, a constant rate, and limited memory."""

from app.kit.token_buckets import TokenBuckets
from tests.clock import HandClock


def test_a_bucket_is_full_at_first_and_fills_at_a_steady_rate() -> None:
    clock = HandClock()
    buckets = TokenBuckets(3, 0.5, clock.now)
    assert [buckets.take("a") for _ in range(5)] == [0, 0, 0, 2, 2]
    assert buckets.take("b") == 0
    clock.advance(seconds=2)
    assert [buckets.take("a") for _ in range(2)] == [0, 2]
    clock.advance(hours=1)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 2]


def test_setting_the_clock_back_changes_no_tokens() -> None:
    clock = HandClock()
    buckets = TokenBuckets(1, 1, clock.now)
    assert buckets.take("a") == 0
    clock.advance(hours=-1)
    assert buckets.take("a") == 1
    clock.advance(seconds=1)
    assert buckets.take("a") == 0


def test_the_least_recently_used_bucket_is_removed() -> None:
    buckets = TokenBuckets(1, 0.001, HandClock().now, max_buckets=100)
    for number in range(1_000):
        buckets.take("busy")
        buckets.take(f"{number}")
    assert len(buckets) == 100
    assert buckets.take("busy") > 0
