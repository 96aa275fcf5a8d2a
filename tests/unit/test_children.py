"""A process that is watched over is there as long as it is wanted, and no longer."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.kit import children
from app.kit.children import Child

pytestmark = pytest.mark.slow

# Notes its id, and waits for the end of what it reads.
_WAITS = "import os, sys; print(os.getpid(), file=open(sys.argv[1], 'a')); sys.stdin.read()"
# Shows life for a moment, and then does nothing.
_HANGS = _WAITS.replace("sys.stdin.read()", "os.write(1, b'.'); import time; time.sleep(60)")
_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + _WAITS


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(children, "_ENDING_SECONDS", 0.2)


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Callable[[str], Child]]:
    """Give what begins a child, and ends it after the test."""
    made: list[Child] = []

    def begin(code: str) -> Child:
        command = [sys.executable, "-c", code, str(tmp_path / "ids")]
        made.append(Child("a child", command, []))
        made[-1].start()
        return made[-1]

    yield begin
    for one in made:
        one.stop()


def ids(folder: Path, number: int) -> list[int]:
    """Return the ids of the processes that were begun, once there are so many."""
    ends = time.monotonic() + 30
    while True:
        file = folder / "ids"
        found = file.read_text().split() if file.exists() else []
        if len(found) >= number:
            return [int(one) for one in found]
        assert time.monotonic() < ends
        time.sleep(0.02)


def is_there(pid: int) -> bool:
    """Tell whether a process runs."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_one_that_dies_is_replaced(begun: Callable[[str], Child], tmp_path: Path) -> None:
    begun(_WAITS)
    (first,) = ids(tmp_path, 1)
    killed = time.monotonic()
    os.kill(first, signal.SIGKILL)
    second = ids(tmp_path, 2)[1]
    assert time.monotonic() - killed > 0.2
    assert is_there(second)
    assert not is_there(first)


def test_one_that_no_longer_shows_life_is_replaced(
    begun: Callable[[str], Child], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "_QUIET_SECONDS", 0.2)
    begun(_HANGS)
    first, second = ids(tmp_path, 2)[:2]
    assert first != second
    assert not is_there(first)


def test_one_that_has_shown_no_life_yet_is_waited_for(
    begun: Callable[[str], Child], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is slow to start is not to start for ever."""
    monkeypatch.setattr(children, "_QUIET_SECONDS", 0.1)
    begun(_WAITS)
    (first,) = ids(tmp_path, 1)
    time.sleep(0.4)
    assert ids(tmp_path, 1) == [first]
    assert is_there(first)


def test_it_is_not_told_what_a_terminal_tells_us(
    begun: Callable[[str], Child], tmp_path: Path
) -> None:
    begun(_WAITS)
    (pid,) = ids(tmp_path, 1)
    assert os.getsid(pid) != os.getsid(0)


def test_one_that_is_told_to_stop_stays_away(begun: Callable[[str], Child], tmp_path: Path) -> None:
    child = begun(_WAITS)
    (pid,) = ids(tmp_path, 1)
    child.stop()
    assert not is_there(pid)
    time.sleep(0.4)
    assert len(ids(tmp_path, 1)) == 1


def test_one_that_does_not_listen_is_killed(begun: Callable[[str], Child], tmp_path: Path) -> None:
    child = begun(_STUBBORN)
    (pid,) = ids(tmp_path, 1)
    child.stop()
    assert not is_there(pid)


def test_none_comes_after_the_end(begun: Callable[[str], Child], tmp_path: Path) -> None:
    """Even if it dies just before, and its successor is waited for."""
    child = begun(_WAITS)
    os.kill(ids(tmp_path, 1)[0], signal.SIGKILL)
    time.sleep(0.05)
    child.stop()
    time.sleep(0.4)
    assert len(ids(tmp_path, 1)) == 1


def test_one_that_cannot_be_begun_is_tried_again(
    begun: Callable[[str], Child], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be no file or no memory left just then."""
    begun(_WAITS)
    (first,) = ids(tmp_path, 1)
    really, tries = subprocess.Popen, []

    def failing(*given: Any, **more: Any) -> object:
        tries.append(given)
        if len(tries) < 3:
            raise OSError(errno.EMFILE, "Too many open files")
        return really(*given, **more)

    monkeypatch.setattr(subprocess, "Popen", failing)
    os.kill(first, signal.SIGKILL)
    assert is_there(ids(tmp_path, 2)[1])
    assert len(tries) == 3


def test_its_input_ends_with_whoever_began_it(tmp_path: Path) -> None:
    parent = (
        "import sys, time; from app.kit.children import Child; "
        f"Child('a child', [sys.executable, '-c', {_WAITS!r}, sys.argv[1]], []).start(); "
        "time.sleep(60)"
    )
    root = Path(children.__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", parent, tmp_path / "ids"], cwd=root)
    (pid,) = ids(tmp_path, 1)
    process.kill()
    process.wait()
    ends = time.monotonic() + 10
    while is_there(pid):
        assert time.monotonic() < ends
        time.sleep(0.02)
