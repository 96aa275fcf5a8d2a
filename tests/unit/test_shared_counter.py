"""The shared counter: it never decreases, and no other user can write to it."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.kit.errors import Misconfigured
from app.kit.sql.change_watch import PostgresWatch
from app.kit.sql.postgres import PostgresServer
from app.kit.sql.shared_counter import SharedCounter

_ROUNDS = 4_000
_HAMMER = f"""
import sys
from app.kit.sql.shared_counter import SharedCounter
counter = SharedCounter("test")
print("ready", flush=True)
sys.stdin.readline()
seen = 0
for _ in range({_ROUNDS}):
    before = counter.value()
    counter.increase()
    after = counter.value()
    assert seen <= before < after, (seen, before, after)
    seen = after
"""
_FORK = """
import os, sys
from app.kit.sql.shared_counter import SharedCounter
counter = SharedCounter("test")
print("ready", flush=True)
sys.stdin.readline()
child = os.fork()
seen = 0{hammer}
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
_HOLD = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("ready", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, which processes of a test use as well."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


@pytest.fixture
def frequent_switches() -> Iterator[None]:
    """Let threads switch as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def _check_growth(value: Callable[[], Any], increase: Callable[[], None], wrong: list[Any]) -> None:
    last = 0
    for _ in range(_ROUNDS):
        before = value()
        increase()
        after = value()
        if not last <= before < after:
            wrong.append((last, before, after))
        last = after


def _run_concurrently(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()


@pytest.mark.usefixtures("frequent_switches")
def test_the_version_never_decreases_when_threads_announce() -> None:
    wrong: list[Any] = []
    with closing(PostgresWatch(PostgresServer("postgresql://nowhere/x", 1))) as watch:
        _run_concurrently(lambda: _check_growth(watch.version, watch.announce, wrong), 4)
    assert not wrong


def test_a_commit_changes_the_version_once_for_writer_and_listener() -> None:
    with closing(PostgresWatch(PostgresServer("postgresql://nowhere/x", 1))) as watch:
        versions = [watch.version()]
        for commit in ("first", "first", "second", "third", "third", "second", "", ""):
            watch.announce(commit)
            versions.append(watch.version())
    moves = [later != earlier for earlier, later in pairwise(versions)]
    assert moves == [True, False, True, True, False, False, True, True]


@pytest.mark.usefixtures("frequent_switches")
def test_the_counter_never_decreases_among_processes_and_threads() -> None:
    wrong: list[Any] = []
    with ExitStack() as stack:
        others = [stack.enter_context(_start(_HAMMER)) for _ in range(2)]
        counter = stack.enter_context(closing(SharedCounter("test")))
        second = stack.enter_context(closing(SharedCounter("test")))
        for other in others:
            _continue(other)
        add_to_first = lambda: _check_growth(counter.value, counter.increase, wrong)  # noqa: E731
        add_to_second = lambda: _check_growth(counter.value, second.increase, wrong)  # noqa: E731
        threads = [
            threading.Thread(target=work) for work in (add_to_first, add_to_first, add_to_second)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        for other in others:
            _, output = other.communicate(timeout=60)
            assert other.returncode == 0, output
    assert not wrong


@pytest.mark.usefixtures("frequent_switches")
def test_the_counter_never_decreases_while_its_file_is_removed_repeatedly() -> None:
    wrong: list[Any] = []
    with closing(SharedCounter("test")) as item, closing(SharedCounter("test")) as other:
        ended = threading.Event()

        def remove() -> None:
            while not ended.wait(0.001):
                item.path.unlink(missing_ok=True)

        remover = threading.Thread(target=remove)
        remover.start()
        try:
            _run_concurrently(lambda: _check_growth(item.value, item.increase, wrong), 2)
            _run_concurrently(lambda: _check_growth(other.value, other.increase, wrong), 2)
        finally:
            ended.set()
            remover.join()
    assert not wrong


@pytest.mark.usefixtures("frequent_switches")
def test_the_counter_never_decreases_after_a_fork() -> None:
    with closing(SharedCounter("test")) as counter:
        # Forked from a process without threads: a fork of a threaded process may deadlock.
        forking = _FORK.format(hammer=_HAMMER.partition("seen = 0")[2])
        with _start(forking) as forked:
            _continue(forked)
            wrong: list[Any] = []
            _check_growth(counter.value, counter.increase, wrong)
            _, output = forked.communicate(timeout=60)
            assert forked.returncode == 0, output
    assert not wrong


def test_processes_share_a_new_file_after_a_removal() -> None:
    with closing(SharedCounter("test")) as old:
        before = old.value()
        old.path.unlink()
        with closing(SharedCounter("test")) as new:
            assert new.value() > before
            # Processes with the removed file notify those that created it again, …
            at_new = new.value()
            old.increase()
            assert new.value() > at_new
            # … and are notified by them from then on.
            at_old = old.value()
            new.increase()
            assert old.value() > at_old

            new.path.unlink()
            new.reopen()
            old.reopen()
            at_old = old.value()
            new.increase()
            assert old.value() > at_old


def test_reads_are_atomic() -> None:
    wrong: list[Any] = []
    with closing(SharedCounter("test")) as counter, _start(_HAMMER) as other:
        _continue(other)
        last = 0
        while other.poll() is None:
            now = counter.value()
            if now < last:
                wrong.append((last, now))
            last = now
        assert other.returncode == 0
    assert not wrong


def test_a_restarted_process_continues_the_count() -> None:
    with closing(SharedCounter("test")) as counter:
        counter.increase()
        before = counter.value()
    with closing(SharedCounter("test")) as counter:
        assert counter.value() == before


def test_a_new_file_does_not_repeat_values() -> None:
    values: set[int] = set()
    for _ in range(20):
        with closing(SharedCounter("test")) as counter:
            for _ in range(5):
                assert counter.value() not in values
                values.add(counter.value())
                counter.increase()
            counter.path.unlink()


def test_a_truncated_file_is_repaired() -> None:
    with closing(SharedCounter("test")) as counter:
        before = counter.value()
        for length in (0, 3):
            os.truncate(counter.path, length)
            counter.increase()
            assert counter.value() > before
            before = counter.value()


def test_a_process_that_dies_releases_the_lock() -> None:
    with closing(SharedCounter("test")) as counter, _start(_HOLD, str(counter.path)) as holder:
        with counter.path.open("r+b") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=30)
        before = counter.value()
        counter.increase()
        assert counter.value() > before


def test_only_its_user_can_open_the_counter(folder: Path) -> None:
    before = os.umask(0)
    try:
        with closing(SharedCounter("test")) as counter:
            assert stat.S_IMODE(counter.path.stat().st_mode) == 0o600
            assert stat.S_IMODE(counter.path.parent.stat().st_mode) == 0o700
            assert counter.path.parent.parent == folder
    finally:
        os.umask(before)


def _link(path: Path, elsewhere: Path) -> None:
    elsewhere.write_bytes(b"precious")
    path.symlink_to(elsewhere)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "for all", "another's"])
def test_a_file_of_another_user_is_refused(kind: str, folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    with closing(SharedCounter("test")) as counter:
        path = counter.path
    if kind == "for all":
        path.chmod(0o666)
    elif kind == "another's":
        _give_away(path)
    else:
        path.unlink()
        {"link": lambda: _link(path, elsewhere), "pipe": lambda: os.mkfifo(path)}.get(
            kind, path.mkdir
        )()
    with pytest.raises(Misconfigured, match="TMPDIR"):
        SharedCounter("test")
    if kind == "link":
        assert elsewhere.read_bytes() == b"precious"


@pytest.mark.parametrize("kind", ["link", "file", "for all", "another's", "missing"])
def test_a_folder_that_others_can_write_to_is_refused(
    kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / f"dateline-{os.geteuid()}"
    match kind:
        case "link":
            (folder / "elsewhere").mkdir()
            path.symlink_to(folder / "elsewhere")
        case "file":
            path.touch()
        case "missing":
            monkeypatch.setattr("tempfile.tempdir", str(folder / "nowhere"))
        case _:
            path.mkdir(mode=0o700)
            path.chmod(0o777) if kind == "for all" else _give_away(path)
    with pytest.raises(Misconfigured, match="TMPDIR"):
        SharedCounter("test")


def _give_away(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another user")
    os.chown(path, 12345, 12345)


def test_a_write_is_acknowledged_if_the_counter_cannot_be_created(
    caplog: pytest.LogCaptureFixture, folder: Path
) -> None:
    with closing(PostgresWatch(PostgresServer("postgresql://nowhere/x", 1))) as watch:
        for path in (folder / f"dateline-{os.geteuid()}").iterdir():
            path.unlink()
            path.symlink_to(folder / "elsewhere")
        before = watch.version()
        watch.announce()
        assert watch.version() != before
    assert "TMPDIR" in caplog.text


def test_all_descriptors_are_closed() -> None:
    before = psutil.Process().num_fds()
    for _ in range(3):
        with closing(SharedCounter("test")) as counter:
            counter.path.unlink()
            counter.increase()
            (inherited,) = {os.get_inheritable(counter._file)}
            assert not inherited
    assert psutil.Process().num_fds() == before


def _start(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a process and wait until it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()
    return process


def _continue(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
