"""Exponential backoff with jitter: the delay before a failed operation is tried again."""

import random

_MAX_DOUBLINGS = 6
_LONGEST = 60.0


def compute_backoff(failures: int) -> float:
    """Return the delay in seconds after consecutive failures: 1 to 2, 2 to 4, up to 30 to 60.

    The jitter keeps clients that failed together from trying again together.
    """
    longest = min(_LONGEST, 2.0 ** min(failures, _MAX_DOUBLINGS))
    return longest * random.uniform(0.5, 1)  # noqa: S311 - not a secret
