"""Backoff: delays between retries grow up to a limit."""

from app.kit.backoff import compute_backoff


def test_delays_grow_to_a_minute_with_jitter() -> None:
    bounds = [(1, 2), (2, 4), (4, 8), (8, 16), (16, 32), (30, 60), (30, 60)]
    for failures, (least, most) in enumerate(bounds, start=1):
        waits = [compute_backoff(failures) for _ in range(200)]
        assert least <= min(waits) < max(waits) <= most
    assert compute_backoff(10_000) <= 60
