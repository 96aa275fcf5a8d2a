"""How often the log is read before responses, on PostgreSQL."""

import asyncio
from typing import Any

import pytest

from app.api.cache.entries import EntryStore
from app.api.cache.freshness import Freshness
from app.bootstrap import Services
from app.kit.errors import DatabaseUnavailable
from app.kit.sql.async_reads import AsyncReads
from tests.newsroom import Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["postgresql"])


class ReadPolicy:
    """Counts the reads of the log; during each of them, another process writes."""

    def __init__(self, services: Services) -> None:
        """Count the reads of an application."""
        assert services.database.async_reads is not None
        self._reads: AsyncReads = services.database.async_reads
        self._watch = services.watch
        self.count = 0
        self.failures = 0

    async def fetch(self, statement: Any, params: Any) -> list[Any]:
        """Return the result of the statement, unless this read has to fail."""
        self.count += 1
        rows = await self._reads.fetch(statement, params)
        self._watch.announce()
        if self.failures:
            self.failures -= 1
            raise DatabaseUnavailable("It is gone.")
        return rows


@pytest.fixture
def reads(services: Services) -> ReadPolicy:
    """Counted reads."""
    return ReadPolicy(services)


@pytest.fixture
def freshness(services: Services, reads: ReadPolicy) -> Freshness:
    """The component that follows the log, with an empty cache."""
    freshness = Freshness(services, EntryStore(0))
    freshness._async_reads = reads  # type: ignore[assignment]
    return freshness


def test_one_log_read_serves_all_requests_that_arrived_before_it(
    freshness: Freshness, reads: ReadPolicy
) -> None:
    async def check() -> None:
        await asyncio.gather(*(freshness.refresh() for _ in range(20)))

    asyncio.run(check())
    # The first request starts a read immediately. The others arrive during it and share the next
    # one.
    assert reads.count == 2


def test_a_failed_log_read_serves_no_request(freshness: Freshness, reads: ReadPolicy) -> None:
    reads.failures = 2

    async def check() -> list[BaseException | None]:
        checks = (freshness.refresh() for _ in range(5))
        return await asyncio.gather(*checks, return_exceptions=True)

    results = asyncio.run(check())
    assert [type(result) for result in results] == [DatabaseUnavailable] * 2 + [type(None)] * 3
    assert reads.count == 3


def test_a_request_sees_all_earlier_writes(freshness: Freshness, newsroom: Newsroom) -> None:
    asyncio.run(freshness.refresh())
    before = freshness.serial
    newsroom.story("Rain")
    asyncio.run(freshness.refresh())
    assert freshness.serial == before + 1
