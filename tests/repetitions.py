"""The number of attempts of a test that depends on chance.

Each test names a number that suits a run for each change. `TEST_REPETITIONS=20 make test` tries
twenty times as often, and then no test has a time limit.
"""

import os

FACTOR = float(os.environ.get("TEST_REPETITIONS") or 1)


def repetitions(number: int) -> int:
    """Return the number of attempts, at least one."""
    return max(1, round(number * FACTOR))
