"""When something that was not delivered is tried again, and when it is given up."""

import random
from datetime import timedelta

_SECOND, _MINUTE, _HOUR = 1, 60, 3_600
# After the first attempt, the second, and so on; with each wait lengthened by up to a fifth.
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
# A receiver that fails again and again is asked once in a while; then it gets all that waited.
_LONGEST_RECEIVER_DELAY = timedelta(minutes=10)


def retry_delay(attempts: int) -> timedelta | None:
    """Return how long to wait after so many attempts, or nothing where it was the last.

    Chance keeps those that failed at the same moment from coming back at the same moment.
    """
    if attempts > len(RETRY_DELAYS):
        return None
    stretch = 1 + random.uniform(0, _JITTER)  # noqa: S311 - nobody gains by guessing it
    return timedelta(seconds=RETRY_DELAYS[attempts - 1] * stretch)


def receiver_delay(failures: int) -> timedelta:
    """Return how long a receiver is left alone after so many failures in a row."""
    wait = retry_delay(failures)
    # One failure may be the fault of what was sent; others are not to wait for it.
    if failures < 2:
        return timedelta(0)
    return _LONGEST_RECEIVER_DELAY if wait is None else min(wait, _LONGEST_RECEIVER_DELAY)
