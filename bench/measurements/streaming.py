"""The stream: the delay to a thousand clients, and the memory of five thousand idle ones."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bench.editor import Editor
from bench.load import LoadError
from bench.measurement import Goal, Measurement, Outcome
from bench.memory import measure_resident
from bench.publisher import endless_stories
from bench.servers import HOST, ROOT, Server
from bench.setup import BenchmarkSetup

_LISTENERS, _IDLE = 1_000, 5_000
_SETTLE_SECONDS = 5.0
_STORIES_A_SECOND = 2
# A server and a client need a few files in addition to the streams.
_OTHER_FILES = 500


@dataclass
class ListenerResults:
    """The stream clients, and the events that they received once they have disconnected."""

    received: dict[str, Any] = field(default_factory=dict)


def publication_to_arrival(stage: BenchmarkSetup) -> Outcome:
    """Publish at a steady pace; measure the delay of each story to each of a thousand clients."""
    with _live(stage) as (dateline, key):
        with _run_listeners(dateline, _LISTENERS) as results:
            # The first seconds of a server are not measured.
            time.sleep(_SETTLE_SECONDS)
            sent = _publish(dateline, key, max(3, 3 * stage.plan.seconds * stage.plan.rounds))
            time.sleep(1.0)
        waits = _delays(sent, results.received)
    middle, slow = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    return Outcome(
        slow,
        slow * 1_000,
        middle * 1_000,
        "ms",
        notes=(f"{len(sent)} stories, slowest arrival {waits[-1] * 1000:.0f} ms",),
    )


def memory_of_idle(stage: BenchmarkSetup) -> Outcome:
    """Compare the memory of a process with five thousand stream clients and with none."""
    with _live(stage) as (dateline, _):
        # Let the process finish its start, and allocate what the first client needs.
        with _run_listeners(dateline, 100):
            time.sleep(_SETTLE_SECONDS)
        before = measure_resident(dateline.pid)
        with _run_listeners(dateline, _IDLE):
            time.sleep(1.0)
            after = measure_resident(dateline.pid)
    grown = (after - before) / _IDLE / 1_000
    return Outcome(grown, after / 2**20, before / 2**20, "MB", notes=(f"{_IDLE:,} listeners",))


@contextmanager
def _live(stage: BenchmarkSetup) -> Iterator[tuple[Server, str]]:
    """Serve a copy of the archive as deployed, with the highest limit of open files."""
    _allow_files(_IDLE + _OTHER_FILES)
    with stage.live() as served:
        yield served


def _allow_files(number: int) -> None:
    """Raise the limit of open files, for this process and its children."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < number:
        raise LoadError(f"The system allows {hard} open files; {number} are needed.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, number), hard))


@contextmanager
def _run_listeners(server: Server, number: int) -> Iterator[ListenerResults]:
    """Run this many stream clients during the block."""
    command = [sys.executable, "-m", "bench.listeners", HOST, str(server.port), str(number)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    results = ListenerResults()
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        if not process.stdout.readline():
            raise LoadError("Not all listeners could connect.")
        yield results
        process.stdin.close()
        results.received = json.loads(process.stdout.read())
        if results.received["lost"]:
            raise LoadError(f"{results.received['lost']} listeners lost their connection.")
    finally:
        process.kill()
        process.wait()


def _publish(server: Server, key: str, number: int) -> list[float]:
    """Publish this many stories one by one; return when each was sent to the server."""
    sent: list[float] = []
    with Editor(server, key) as editor:
        for story in islice(endless_stories(), number):
            sent.append(time.monotonic())
            editor.create(story)
            time.sleep(1 / _STORIES_A_SECOND)
    return sent


def _delays(sent: list[float], received: dict[str, Any]) -> list[float]:
    """Return the delay of each story to each client, the shortest first."""
    if [len(arrived) for arrived in received["arrivals"]] != [_LISTENERS] * len(sent):
        raise LoadError("A listener did not receive every story exactly once.")
    arrivals = zip(sent, received["arrivals"], strict=True)
    return sorted(instant - start for start, arrived in arrivals for instant in arrived)


MEASUREMENTS = (
    Measurement(
        "stream-arrival",
        "publication to 1,000 stream clients, p99",
        "p50",
        Goal(0.5, True, "s"),
        publication_to_arrival,
    ),
    Measurement(
        "stream-memory",
        "memory per stream client, 5,000 idle",
        "before they connect",
        Goal(12, True, "kB"),
        memory_of_idle,
    ),
)
