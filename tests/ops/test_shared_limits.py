"""Limits that several processes share through a database, in leases."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest

from app.access.caller import Caller
from app.access.limits.limit_reports import LimitReports, delete_idle_use
from app.access.limits.meter import LimitReached
from app.access.limits.rate_limits import LEASE_SHARE, RateLimits
from app.bootstrap import Services
from app.kit.errors import DatabaseUnavailable
from app.kit.sql.database import Database
from app.kit.sql.session import WriteSession
from app.kit.sql.unit_of_work import Actor
from tests.clock import HandClock

LIMIT = 600
KEY = Caller(key_id="k")
BURST = int(LIMIT * LEASE_SHARE)


class Outage:
    """A database that can be away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_away = False

    @contextmanager
    def write(self, *, changes_rights: bool) -> Iterator[WriteSession]:
        if self.is_away:
            raise DatabaseUnavailable("It is away.")
        with self._database.write(changes_rights=changes_rights) as session:
            yield session


@dataclass(frozen=True, slots=True)
class Process:
    """The limits of one process."""

    limits: RateLimits
    leases: LimitReports

    def send(self, times: int = 1) -> int:
        """Send requests; return how many are admitted."""
        admitted = 0
        for _ in range(times):
            with suppress(LimitReached):
                self.limits.admit(KEY)
                admitted += 1
        return admitted

    def send_steadily(self, times: int) -> int:
        """Send requests, with a report whenever one is due, as the thread makes it."""
        admitted = 0
        for _ in range(times):
            admitted += self.send()
            if self.limits.report_due.is_set():
                self.leases.run()
        return admitted


@pytest.fixture
def outage(services: Services) -> Outage:
    return Outage(services.database)


@pytest.fixture
def limit() -> int:
    """The limit of a key."""
    return LIMIT


@pytest.fixture
def processes(outage: Outage, clock: HandClock, limit: int) -> list[Process]:
    """Three processes that have reported their presence."""
    started: list[Process] = []
    for _ in range(3):
        limits = RateLimits(clock, limit)
        # Reports only call `write`, which is what an `Outage` has of a database.
        reports = LimitReports(outage, clock, limits, shared=True)  # type: ignore[arg-type]
        started.append(Process(limits, reports))
    for _ in range(2):
        for process in started:
            process.leases.report()
            clock.advance(seconds=10)
    return started


def test_processes_share_one_limit(processes: list[Process], clock: HandClock) -> None:
    first, second, third = processes
    assert first.send_steadily(400) == 400
    assert second.send_steadily(400) <= 200 + BURST
    for process in processes:
        process.leases.run()
    assert second.send(10) == 0
    assert third.send_steadily(100) <= BURST
    clock.advance(minutes=1)
    assert third.send_steadily(LIMIT) == pytest.approx(LIMIT, abs=3 * BURST)


@pytest.mark.parametrize("limit", [LIMIT, 10 * LIMIT])
@pytest.mark.parametrize("seed", range(2))
def test_the_overshoot_is_at_most_a_lease_for_each_process(
    processes: list[Process], clock: HandClock, limit: int, seed: int
) -> None:
    generator = random.Random(seed)
    begin, admitted = clock.now(), 0
    for step in range(150):
        process = generator.choice(processes)
        admitted += process.send(generator.choice((1, 5, limit // 20, limit // 3)))
        clock.advance(seconds=generator.choice((0, 0, 0.1)))
        # A report may come late, but within the second after which the database counts as away.
        for number, process in enumerate(processes):
            if generator.random() < 0.2 or step % 8 == number:
                process.leases.run()
        refill = limit * (clock.now() - begin).total_seconds() / 60
        assert admitted <= limit + refill + len(processes) * limit * LEASE_SHARE
    assert admitted > limit


def test_a_request_that_cannot_be_reported_in_time_waits_for_no_database(
    processes: list[Process], clock: HandClock
) -> None:
    first = processes[0]
    assert first.send(100) == BURST
    with pytest.raises(LimitReached) as refused:
        first.limits.admit(KEY)
    assert refused.value.seconds == 1
    clock.advance(seconds=1)
    # The report that was asked for is late, so the database counts as away.
    used = BURST - LIMIT / 60
    assert first.send(LIMIT) == (LIMIT - used) // 3


def test_while_the_database_is_away_each_process_has_its_share(
    processes: list[Process], outage: Outage, clock: HandClock
) -> None:
    outage.is_away = True
    for process in processes:
        process.send()
        with pytest.raises(DatabaseUnavailable):
            process.leases.report()
    assert [process.send(LIMIT) for process in processes] == [LIMIT / 3 - 1] * 3
    clock.advance(seconds=30)
    assert [process.send(LIMIT) for process in processes] == [LIMIT / 6] * 3
    outage.is_away = False
    for process in [*processes, *processes]:
        process.send()
        process.leases.report()
    # What was used counts.
    assert sum(process.send(LIMIT) for process in processes) <= len(processes)
    clock.advance(minutes=1)
    assert processes[0].send_steadily(LIMIT) == pytest.approx(LIMIT, abs=3 * BURST)


def test_a_client_within_its_limit_is_not_refused_after_an_outage(
    processes: list[Process], outage: Outage, clock: HandClock
) -> None:
    outage.is_away = True
    for _ in range(180):
        for process in processes:
            assert process.send() == 1
            with pytest.raises(DatabaseUnavailable):
                process.leases.report()
        clock.advance(seconds=1)
    outage.is_away = False
    for process in processes:
        process.leases.report()
    assert processes[0].send_steadily(300) == 300


def test_rows_of_the_past_are_deleted(
    processes: list[Process], services: Services, clock: HandClock
) -> None:
    processes[0].send_steadily(BURST)
    clock.advance(hours=2)
    services.runner.run(Actor(None, "worker"), delete_idle_use)
    rows = services.database.engine.connect()
    with rows:
        for table in ("rate_limits", "rate_limit_processes"):
            assert rows.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0


def test_a_process_alone_writes_nothing(outage: Outage, clock: HandClock) -> None:
    limits = RateLimits(clock, LIMIT)
    alone = Process(limits, LimitReports(outage, clock, limits, shared=False))  # type: ignore[arg-type]
    outage.is_away = True
    assert alone.send_steadily(2 * LIMIT) == LIMIT
    alone.leases.run()
