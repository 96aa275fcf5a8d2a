"""Async reads on PostgreSQL: rows, time limits, and lost connections."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest
from sqlalchemy import BigInteger, bindparam, func, select, text

from app.access.models import AuditRow
from app.access.store.audit_log import AuditRecord
from app.delivery.models import Document
from app.kit.errors import DatabaseBusy, DatabaseUnavailable, ReadTooLong
from app.kit.sql.async_reads import AsyncReads
from app.kit.sql.database import Database
from app.kit.sql.schema import table_of
from app.kit.sql.statement import Statement
from tests.newsroom import Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["postgresql"])
_TIMEOUT = 20.0
_SLEEP: Statement[tuple[str]] = Statement(select(func.pg_sleep(bindparam("seconds"))))


class _Number(NamedTuple):
    number: int


_NUMBER = Statement(select(bindparam("number", type_=BigInteger).label("number")), _Number)
_SETTING: Statement[tuple[str]] = Statement(select(func.current_setting(bindparam("name"))))
_AUDITS = Statement(select(table_of(AuditRow)).order_by(AuditRow.id), AuditRecord)
_DOCUMENTS: Statement[tuple[object, ...]] = Statement(
    select(table_of(Document)).order_by(Document.id)
)
# All connections except the querying one.
_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(Database(database_url, pool_size=4)) as small_pool:
        yield small_pool


@pytest.fixture
def reads(database: Database) -> AsyncReads:
    assert database.async_reads is not None
    return database.async_reads


def test_rows_are_those_of_a_session(newsroom: Newsroom, database: Database) -> None:
    newsroom.story("A story", tags=["a"], body="<p>Ünïcode</p>")

    async def fetch_both() -> tuple[object, object]:
        assert database.async_reads is not None
        return await database.async_reads.fetch(_AUDITS), await database.async_reads.fetch(
            _DOCUMENTS
        )

    audits, documents = asyncio.run(fetch_both())
    with database.read() as session:
        assert (audits, documents) == (session.all(_AUDITS), session.all(_DOCUMENTS))
    assert audits
    assert documents


def test_reads_use_an_index_and_a_cached_plan(reads: AsyncReads) -> None:
    async def setting(name: str) -> str:
        return (await reads.fetch(_SETTING, {"name": name}))[0][0]

    assert asyncio.run(setting("enable_sort")) == "off"
    assert asyncio.run(setting("plan_cache_mode")) == "force_generic_plan"
    assert asyncio.run(setting("timezone")) == "UTC"
    assert asyncio.run(setting("tcp_user_timeout")) in {"10s", "0"}


def test_a_statement_ends_at_its_limit(database_url: str) -> None:
    with closing(Database(database_url, read_seconds=0.2)) as database:
        assert database.async_reads is not None
        began = time.monotonic()
        with pytest.raises(ReadTooLong):
            asyncio.run(database.async_reads.fetch(_SLEEP, {"seconds": 300}))
        assert 0.2 <= time.monotonic() - began < _TIMEOUT
        assert asyncio.run(database.async_reads.fetch(_NUMBER, {"number": 1})) == [_Number(1)]


def test_reads_above_the_pool_size_wait(reads: AsyncReads) -> None:
    async def many() -> list[list[_Number]]:
        return await asyncio.gather(*(reads.fetch(_NUMBER, {"number": n}) for n in range(20)))

    assert asyncio.run(many()) == [[_Number(number)] for number in range(20)]


def test_waiting_for_a_connection_has_a_timeout(
    reads: AsyncReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.kit.sql.async_reads.POOL_TIMEOUT", 0.2)

    async def too_many() -> None:
        sleeping = [asyncio.create_task(reads.fetch(_SLEEP, {"seconds": 300})) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(DatabaseBusy):
            await reads.fetch(_NUMBER, {"number": 1})
        for task in sleeping:
            task.cancel()
        await asyncio.gather(*sleeping, return_exceptions=True)

    asyncio.run(too_many())


def test_a_cancelled_read_ends_on_the_server(database: Database, reads: AsyncReads) -> None:
    running = text(f"SELECT count(*) {_OTHERS} AND state = 'active' AND query LIKE '%pg_sleep%'")

    def wait_for(count: int) -> None:
        deadline = time.monotonic() + _TIMEOUT
        with database.read(snapshot=False) as session:
            while session.scalar(running) != count:
                assert time.monotonic() < deadline
                time.sleep(0.01)

    async def cancel_fetch() -> None:
        task = asyncio.create_task(reads.fetch(_SLEEP, {"seconds": 300}))
        await asyncio.to_thread(wait_for, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(wait_for, 0)
        assert await reads.fetch(_NUMBER, {"number": 2}) == [_Number(2)]

    asyncio.run(cancel_fetch())


def test_a_closed_connection_is_not_reused(database: Database, reads: AsyncReads) -> None:
    for number in range(3):
        assert asyncio.run(reads.fetch(_NUMBER, {"number": number})) == [_Number(number)]
        with database.read(snapshot=False) as session:
            session.scalar(text(f"SELECT count(pg_terminate_backend(pid, 5000)) {_OTHERS}"))


def test_waiting_reads_fail_when_all_connections_are_closed(
    database: Database, reads: AsyncReads
) -> None:
    async def cut() -> None:
        assert await reads.fetch(_NUMBER, {"number": 1}) == [_Number(1)]
        waiting = asyncio.create_task(reads.fetch(_SLEEP, {"seconds": 300}))
        await asyncio.sleep(0.1)
        assert database._server is not None
        database._server.disconnect_all()
        with pytest.raises(DatabaseUnavailable):
            await asyncio.wait_for(waiting, _TIMEOUT)
        assert await reads.fetch(_NUMBER, {"number": 3}) == [_Number(3)]

    asyncio.run(cut())


def test_reads_fail_fast_while_the_server_is_silent(database: Database, reads: AsyncReads) -> None:
    assert database._server is not None
    database._server.is_silent = True
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        asyncio.run(reads.fetch(_NUMBER, {"number": 1}))
    assert time.monotonic() - began < _TIMEOUT
