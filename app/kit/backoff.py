"""How long to wait before something that failed is tried again."""

import random

_MOST_DOUBLINGS = 6
_LONGEST = 60.0


def wait_after(failures: int) -> float:
    """Return seconds to wait after so many failures in a row: 1 to 2, then 2 to 4, up to 30 to 60.

    Chance keeps those who failed at the same moment from trying again at the same moment.
    """
    longest = min(_LONGEST, 2.0 ** min(failures, _MOST_DOUBLINGS))
    return longest * random.uniform(0.5, 1)  # noqa: S311 - nobody gains by guessing it
