"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable

_PATIENCE = 60.0


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; that it never does is a failure."""
    end = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.02)
