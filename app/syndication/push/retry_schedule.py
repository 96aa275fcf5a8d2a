"""The retry schedule: when a failed delivery is tried again, and when it is given up."""

import random
from datetime import timedelta

_SECOND, _MINUTE, _HOUR = 1, 60, 3_600
# After the first attempt, the second, and so on; each delay is lengthened by up to a fifth.
RETRY_DELAYS = (
    5 * _SECOND,
    30 * _SECOND,
    2 * _MINUTE,
    10 * _MINUTE,
    30 * _MINUTE,
    1 * _HOUR,
    2 * _HOUR,
    4 * _HOUR,
    8 * _HOUR,
    16 * _HOUR,
    24 * _HOUR,
)
_JITTER = 0.2
# A failing receiver is tried at least this often; when it recovers, it gets all pending deliveries.
_LONGEST_RECEIVER_DELAY = timedelta(minutes=10)


def retry_delay(attempts: int) -> timedelta | None:
    """Return the delay after so many attempts, or None after the last one.

    The jitter spreads the retries of deliveries that failed at the same moment.
    """
    if attempts > len(RETRY_DELAYS):
        return None
    stretch = 1 + random.uniform(0, _JITTER)  # noqa: S311 - nobody gains by guessing it
    return timedelta(seconds=RETRY_DELAYS[attempts - 1] * stretch)


def receiver_delay(failures: int) -> timedelta:
    """Return the delay for all deliveries to a receiver after so many failures in a row."""
    wait = retry_delay(failures)
    # The first failure may be caused by its content; other deliveries need not wait for it.
    if failures < 2:
        return timedelta(0)
    return _LONGEST_RECEIVER_DELAY if wait is None else min(wait, _LONGEST_RECEIVER_DELAY)
