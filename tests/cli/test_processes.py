"""`dateline serve` and `worker` as processes: they start, serve, and end on a signal."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.cli.shell import free_port, start

pytestmark = pytest.mark.slow


@contextmanager
def run_process(*words: str, folder: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Start a process and make sure that it ends."""
    process = start(*words, folder=folder, **variables)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def answer(url: str, **more: Any) -> httpx2.Response:
    """Send a request until it is answered."""
    until = time.monotonic() + 90
    while True:
        try:
            return httpx2.get(url, **more)
        except httpx2.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.exhaustive)])
def test_serve_runs_until_it_is_stopped(tmp_path: Path, workers: str) -> None:
    port, operations = free_port(), free_port()
    words = ("serve", "--port", str(port), "--workers", workers)
    variables = {"DATELINE_LOG_FORMAT": "json", "DATELINE_OPERATIONS_PORT": str(operations)}
    with run_process(*words, folder=tmp_path, **variables) as process:
        assert answer(f"http://127.0.0.1:{port}/readyz").json()["status"] == "ready"
        # A server is ready before one of its processes is the leader.
        until = time.monotonic() + 30
        while "dateline_leader 1.0" not in answer(f"http://127.0.0.1:{operations}/metrics").text:
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in {0, -signal.SIGTERM}
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_closed_terminal_stops_the_server_like_sigterm(
    tmp_path: Path, number: signal.Signals
) -> None:
    port = free_port()
    with run_process("serve", "--port", str(port), folder=tmp_path) as process:
        assert answer(f"http://127.0.0.1:{port}/readyz").json()["status"] == "ready"
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stderr is not None
        output = process.stderr.read()
    assert "Application shutdown complete" in output
    assert "Traceback" not in output


def test_a_server_under_nohup_survives_a_closed_terminal(tmp_path: Path) -> None:
    port = free_port()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with run_process("serve", "--port", str(port), folder=tmp_path) as process:
            answer(f"http://127.0.0.1:{port}/healthz")
            process.send_signal(signal.SIGHUP)
            time.sleep(0.2)
            assert answer(f"http://127.0.0.1:{port}/healthz").status_code == 200
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("workers", "steps"),
    [
        ("1", ["import 'sqlalchemy'"]),
        ("1", ["Waiting for application startup"]),
        pytest.param(
            "2", ["Started parent process", "Started server process"], marks=pytest.mark.exhaustive
        ),
        pytest.param(
            "2", ["Started parent process", "import 'sqlalchemy'"], marks=pytest.mark.exhaustive
        ),
    ],
)
def test_ctrl_c_ends_a_starting_server(tmp_path: Path, workers: str, steps: list[str]) -> None:
    """A terminal signals all processes at once, including those that have just started."""
    words = ("serve", "--port", str(free_port()), "--workers", workers)
    with run_process(*words, folder=tmp_path, PYTHONVERBOSE="1") as process:
        assert process.stderr is not None
        output = iter(process.stderr.readline, "")
        for step in steps:
            assert any(step in line for line in output)
        os.killpg(process.pid, signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(60) in {0, 130}
        assert "Traceback" not in rest


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.exhaustive)])
def test_ctrl_c_twice_is_no_error(tmp_path: Path, workers: str) -> None:
    port = free_port()
    with run_process(
        "serve", "--port", str(port), "--workers", workers, folder=tmp_path
    ) as process:
        assert answer(f"http://127.0.0.1:{port}/readyz").json()["status"] == "ready"
        for _ in range(2):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.02)
        assert process.wait(60) in {0, -signal.SIGINT, 130}
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    port = free_port()
    with run_process("serve", "--port", str(port), folder=tmp_path):
        answer(f"http://127.0.0.1:{port}/healthz")
        late = start("serve", "--port", str(port), folder=tmp_path)
        _, output = late.communicate(timeout=30)
    assert late.returncode == 1
    assert output.startswith("dateline: ")
    assert len(output.splitlines()) == 1
    assert "address already in use" in output


def test_the_worker_runs_alone_until_it_is_stopped(tmp_path: Path) -> None:
    with run_process("worker", folder=tmp_path) as process:
        assert process.stderr is not None
        assert "Ctrl-C" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        log_lines = process.stderr.read().splitlines()
        assert all(line.endswith("this process does the background work") for line in log_lines)


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "many.ndjson"
    line = '{"type": "article", "slug": "s-%d", "language": "en", "title": "T"}\n'
    file.write_text("".join(line % number for number in range(3_000)), encoding="utf-8")
    filled = start("import", str(file), folder=tmp_path)
    assert filled.communicate(timeout=60)[0].startswith("3000 created")
    process = start("export", folder=tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline().startswith('{"type"')
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait(20)
