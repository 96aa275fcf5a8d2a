"""Shutdown of a server: it drains connections, and ends even if the database hangs."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import psutil
import pytest
from sqlalchemy import create_engine, text

from tests.cli.shell import free_port
from tests.cli.test_processes import answer, run_process
from tests.faults.postgres import Postgres, start_postgres

pytestmark = pytest.mark.slow
_DRAIN = 3


def _ready(address: str) -> int:
    try:
        return httpx2.get(f"{address}/readyz", timeout=5).status_code
    except httpx2.TransportError:
        return 0


def _wait_for(address: str, status: int, seconds: float) -> float:
    """Wait until `/readyz` has this status, or the port is closed (0); return the time."""
    until = time.monotonic() + seconds
    while _ready(address) != status:
        assert time.monotonic() < until, _ready(address)
        time.sleep(0.02)
    return time.monotonic()


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.exhaustive)])
def test_sigterm_changes_readiness_before_the_server_stops(tmp_path: Path, workers: str) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    words = ("serve", "--port", str(port), "--workers", workers)
    with run_process(*words, folder=tmp_path, DATELINE_DRAIN_SECONDS=str(_DRAIN)) as process:
        answer(f"{address}/readyz")
        _wait_for(address, 200, 30)
        told_at = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert _wait_for(address, 503, 2) - told_at < _DRAIN
        assert httpx2.get(f"{address}/v1/headlines").status_code == 200
        assert _DRAIN - 0.5 < _wait_for(address, 0, 20) - told_at < _DRAIN + 5
        assert process.wait(15) == 0


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("numbers", [[signal.SIGINT], [signal.SIGTERM, signal.SIGINT]])
def test_sigint_never_waits(tmp_path: Path, workers: str, numbers: list[signal.Signals]) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    words = ("serve", "--port", str(port), "--workers", workers)
    with run_process(*words, folder=tmp_path, DATELINE_DRAIN_SECONDS="60") as process:
        answer(f"{address}/readyz")
        _wait_for(address, 200, 30)
        time.sleep(1)
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.2)
        assert process.wait(10) == 0


@contextmanager
def hang_database(server: Postgres) -> Iterator[None]:
    """Suspend the processes behind all connections of a PostgreSQL; the connections stay open."""
    engine = create_engine(server.url)
    with engine.connect() as connection:
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        others = connection.execute(text("SELECT pid FROM pg_stat_activity")).scalars().all()
    parent = psutil.Process(own).parent()
    assert parent is not None
    stopped = [parent.pid, *(pid for pid in others if pid != own)]
    engine.dispose()
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(
    ("workers", "number"),
    [("1", signal.SIGINT), pytest.param("2", signal.SIGTERM, marks=pytest.mark.exhaustive)],
)
def test_a_hanging_database_does_not_keep_the_server_from_stopping(
    tmp_path: Path, workers: str, number: signal.Signals
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    words = ("serve", "--port", str(port), "--workers", workers)
    with (
        start_postgres() as server,
        run_process(*words, folder=tmp_path, DATELINE_DATABASE_URL=server.url) as process,
    ):
        answer(f"{address}/v1/headlines")
        with hang_database(server):
            for _ in range(3):
                threading.Thread(target=_ready, args=(address,), daemon=True).start()
            time.sleep(0.5)
            told_at = time.monotonic()
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            assert time.monotonic() - told_at < 10
