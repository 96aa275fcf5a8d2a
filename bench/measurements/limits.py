"""Limits of requests: what they cost, and how exactly processes share them."""

import time
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from app.access.limits.rate_limits import LEASE_SHARE
from bench.agreements import make_keys, sign_partners
from bench.load import PythonClient, Target
from bench.measurement import Goal, Measurement, Outcome, build_load_outcome
from bench.measurements.partners import copy_archive
from bench.memory import measure_resident
from bench.setup import BenchmarkSetup
from bench.workload import HEADLINES

_KEYS = 10_000
# Each key is used at least once in so many rounds.
_MOST_ROUNDS = 60
_PROCESSES, _LIMIT = 2, 6_000


def compare_cached(stage: BenchmarkSetup) -> Outcome:
    """Compare a partner's list with the same without limits and counting of usage."""
    database = copy_archive(stage, stage.imported.database)
    (key,) = sign_partners(database, 1)
    with (
        stage.dateline(None, database) as limited,
        stage.dateline(None, database, without="counting") as unlimited,
    ):
        target = Target(limited, (HEADLINES,), {"Authorization": f"Bearer {key}"})
        compared = stage.compare(target, replace(target, server=unlimited))
    return build_load_outcome(compared)


def compare_processes(stage: BenchmarkSetup) -> Outcome:
    """Send more requests to two processes than a limit allows; compare with what it allows."""
    seconds = stage.plan.limited_seconds
    settings = {"workers": str(_PROCESSES), "key_requests_per_minute": str(_LIMIT)}
    with stage.live("read", **settings) as (server, key):
        # A process knows of the others when it has reported.
        time.sleep(_PROCESSES)
        counted = PythonClient().count(
            Target(server, (HEADLINES,), {"Authorization": f"Bearer {key}"}), seconds
        )
    allowed = _LIMIT * (1 + counted.seconds / 60 + _PROCESSES * LEASE_SHARE)
    admitted = counted.answers - counted.failures
    note = f"{counted.failures:,} requests were refused in {counted.seconds:.0f} s"
    return Outcome(admitted / allowed, admitted, allowed, "requests", notes=(note,))


class _Held(NamedTuple):
    """How long a server took to start, and what memory it has after a request of each key."""

    start_seconds: float
    bytes: int


def memory(stage: BenchmarkSetup) -> Outcome:
    """Compare the memory after a request of each key with that without limits."""
    limited, unlimited = _hold(stage, "on"), _hold(stage, "off")
    left, right = limited.bytes / 2**20, unlimited.bytes / 2**20
    return Outcome(left - right, left, right, "MB")


def start(stage: BenchmarkSetup) -> Outcome:
    """Compare the start of a server that has many keys with that of one without limits."""
    left, right = _hold(stage, "on").start_seconds, _hold(stage, "off").start_seconds
    return Outcome(left / right, left, right, "s")


@cache
def _hold(stage: BenchmarkSetup, rate_limit: str) -> _Held:
    database = copy_archive(stage, stage.imported.database)
    keys = make_keys(database, _KEYS)
    begin = time.monotonic()
    with stage.dateline(None, database, rate_limit=rate_limit) as server:
        seconds = time.monotonic() - begin
        answers = 0
        for _ in range(_MOST_ROUNDS):
            # A round begins with the first key.
            answers = stage.load(Target(server, (HEADLINES,), keys=keys), 10).answers
            if answers >= _KEYS:
                break
        note = measure_resident(server.pid)
    if answers < _KEYS:
        raise TimeoutError(f"Only {answers:,} keys were used.")
    return _Held(seconds, note)


MEASUREMENTS = (
    Measurement(
        "limits-cached",
        "a partner's headlines, in the cache, with limits and counting",
        "both off",
        Goal(0.85),
        compare_cached,
    ),
    Measurement(
        "limits-shared",
        "requests that two processes admit on one limit",
        "the limit and two leases",
        Goal(1.0, at_most=True),
        compare_processes,
    ),
    Measurement(
        "limits-memory", "memory for 10,000 keys", "limits off", Goal(20, True, "MB"), memory
    ),
    Measurement(
        "limits-start", "start with 10,000 keys", "limits off", Goal(1.2, at_most=True), start
    ),
)
