"""SIGINT, SIGTERM and SIGHUP are handled at any time, and leave no partial files."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.cli.shell import ROOT, free_port
from tests.cli.test_backup import leftovers
from tests.cli.test_processes import answer
from tests.repetitions import repetitions

# Seconds. A shutdown takes a moment; a forced one takes more than ten seconds.
_ENOUGH = 30.0 if os.environ.get("CI") else 20.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The program prints when it reaches its first line: before that, Python itself is signalled.
_PROGRAM = """
import os
from app.cli import main
from app.kit.process import shutdown_signals
install = shutdown_signals.install
shutdown_signals.install = lambda code: (install(code), os.write(2, b"started\\n"))
main()
"""


class Process:
    """The program in a new process group, from its first line on."""

    def __init__(self, *words: str, folder: Path, program: str = _PROGRAM) -> None:
        variables = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *words],
            cwd=folder,
            env=variables | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stderr is not None
        assert self.process.stderr.readline() == "started\n"

    def end(self, number: int, *, times: int = 1, group: bool = False) -> int:
        """Send a signal and return how the process ended: in time, in order, and completely."""
        for _ in range(times):
            if self.process.poll() is None:
                (os.killpg if group else os.kill)(self.process.pid, number)
            time.sleep(0.02 if times > 1 else 0)
        try:
            _, output = self.process.communicate(timeout=_ENOUGH)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
            raise
        assert "Traceback" not in output, output
        assert "by force" not in output, output
        self._await_children()
        return self.process.returncode

    def _await_children(self) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.05)
        raise AssertionError("a process was left")


def run(*words: str, folder: Path) -> None:
    """Run a command to its end."""
    process = Process(*words, folder=folder).process
    # Unlike `wait`, this closes the pipe; an open pipe would fail whichever test frees it.
    _, output = process.communicate(timeout=100)
    assert process.returncode == 0, output


_BUSY = """
import os
from app.kit.process import shutdown_signals
shutdown_signals.install()
os.write(2, b"started\\n")
import sqlite3, time
"""
_MOMENTS = {
    "while SQLite works in the main thread": """
connection = sqlite3.connect(":memory:")
endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
connection.execute(endless)
""",
    "where every exception is swallowed": """
while True:
    try:
        time.sleep(0.01)
    except:
        pass
""",
    "in a finalizer": """
class Lingering:
    def __del__(self):
        time.sleep(0.05)
while True:
    Lingering()
""",
    "in a callback of a C library": """
connection = sqlite3.connect(":memory:")
connection.create_function("wait", 0, lambda: time.sleep(0.05))
while True:
    try:
        connection.execute("SELECT wait()").fetchall()
    except sqlite3.Error:
        pass
""",
    "while a lock is held that a handler might want": """
import threading
lock = threading.Lock()
lock.acquire()
lock.acquire()
""",
    "while Python ends": """
import atexit
atexit.register(time.sleep, 600)
""",
}


@pytest.mark.parametrize("number", _SIGNALS)
@pytest.mark.parametrize("moment", _MOMENTS)
def test_a_signal_ends_the_process(tmp_path: Path, moment: str, number: int) -> None:
    process = Process(folder=tmp_path, program=_BUSY + _MOMENTS[moment])
    time.sleep(0.2)
    assert process.end(number) == 128 + number


def test_a_signal_that_the_parent_ignores_or_blocks_ends_the_process(tmp_path: Path) -> None:
    """A shell lets background processes ignore SIGINT."""
    for preparing in (
        "signal.signal(signal.SIGINT, signal.SIG_IGN)",
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])",
    ):
        program = f"import signal; {preparing}\n{_BUSY}\ntime.sleep(600)"
        assert Process(folder=tmp_path, program=program).end(signal.SIGINT) == 130


def test_nohup_is_respected(tmp_path: Path) -> None:
    program = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + _BUSY
    process = Process(folder=tmp_path, program=program + "time.sleep(600)")
    os.kill(process.process.pid, signal.SIGHUP)
    time.sleep(0.5)
    assert process.process.poll() is None
    assert process.end(signal.SIGTERM) == 143


def test_a_process_that_does_not_end_is_killed(tmp_path: Path) -> None:
    program = _BUSY + "shutdown_signals.set_action(lambda _: 0.5)\ntime.sleep(600)"
    process = Process(folder=tmp_path, program=program)
    time.sleep(0.5)
    os.kill(process.process.pid, signal.SIGTERM)
    _, output = process.process.communicate(timeout=_ENOUGH)
    assert process.process.returncode == 1
    assert "by force" in output


def test_a_partial_file_is_removed(tmp_path: Path) -> None:
    program = _BUSY + (
        "from pathlib import Path\nfrom app.kit.process.atomic_files import replace_file\n"
        "with replace_file(Path('whole')) as part:\n    part.write_text('half')\n"
        "    time.sleep(600)\n"
    )
    process = Process(folder=tmp_path, program=program)
    until = time.monotonic() + _ENOUGH
    while not leftovers(tmp_path):
        assert time.monotonic() < until
    process.end(signal.SIGTERM)
    assert list(tmp_path.iterdir()) == []


def delays(number: int, end: float) -> list[float]:
    """Return moments in seconds, at equal distances."""
    steps = repetitions(number)
    return [round(step * end / steps, 3) for step in range(steps + 1)]


@pytest.mark.slow
@pytest.mark.timeout(600)  # servers start one after the other
@pytest.mark.parametrize(
    ("words", "moments"),
    [
        (("serve",), delays(2, 3.0)),
        (("serve", "--workers", "2"), delays(1, 4.5)),
        (("demo",), delays(1, 4.2)),
        (("worker",), delays(1, 2.4)),
    ],
)
def test_a_server_can_be_stopped_at_any_time(
    tmp_path: Path, words: tuple[str, ...], moments: list[float]
) -> None:
    port = [] if words == ("worker",) else ["--port", str(free_port())]
    for place, moment in enumerate(moments):
        process = Process(*words, *port, folder=tmp_path)
        time.sleep(moment)
        number = (signal.SIGINT, signal.SIGTERM)[place % 2]
        assert process.end(number, group=place % 3 == 0) == 0, (number, moment)
    for database in tmp_path.glob("*.db"):
        with closing(sqlite3.connect(database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.slow
@pytest.mark.timeout(300)  # servers start, on a busy machine
@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        *(pytest.param(number, marks=pytest.mark.exhaustive) for number in _SIGNALS[::2]),
    ],
)
def test_a_server_shuts_down_in_order_after_any_number_of_signals(
    tmp_path: Path, workers: str, number: int
) -> None:
    for times in (1, 3) if workers == "1" else (3,):
        port = free_port()
        process = Process("serve", "--port", str(port), "--workers", workers, folder=tmp_path)
        assert answer(f"http://127.0.0.1:{port}/readyz").status_code == 200
        assert process.end(number, times=times) == 0
    # The last process that closes the database removes these files, so the database was closed.
    assert not list(tmp_path.glob("*-wal"))


@pytest.mark.exhaustive
@pytest.mark.timeout(600)  # many commands, one after the other
def test_a_command_can_be_stopped_at_any_time(tmp_path: Path) -> None:
    line = '{"type": "article", "slug": "s-%d", "language": "en", "title": "T", "body": "%s"}\n'
    lines = "".join(line % (item, "words " * 200) for item in range(2_000))
    (tmp_path / "many.ndjson").write_text(lines, encoding="utf-8")
    run("import", "many.ndjson", folder=tmp_path)
    run("backup", "copy.db", folder=tmp_path)
    for words in (
        ("import", "many.ndjson"),
        ("export", "all.ndjson"),
        ("backup", "copy.db", "--force"),
        ("restore", "copy.db", "--force"),
        ("reindex",),
    ):
        for place, moment in enumerate(delays(1, 2.4)):
            process = Process(*words, folder=tmp_path)
            with suppress(subprocess.TimeoutExpired):
                process.process.wait(moment)
            number = _SIGNALS[place % len(_SIGNALS)]
            code = process.end(number)
            # The command may have finished; only the exit of Python, which restores the signal
            # handlers, may remain.
            assert code in {0, 128 + number, -number}, (words, moment)
            assert leftovers(tmp_path) == []
    run("check", folder=tmp_path)
