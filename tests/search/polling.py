"""Wait for another thread or process."""

import time
from collections.abc import Callable

_TIMEOUT = 60.0


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds; fail after some time."""
    end = time.monotonic() + _TIMEOUT
    while not holds():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.02)
