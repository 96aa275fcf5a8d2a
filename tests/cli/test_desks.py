"""What keeps the desk from beginning is told in a sentence."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.shell import ROOT, free_port, start

pytestmark = pytest.mark.slow


def test_a_folder_with_too_long_a_name_for_a_socket_is_told(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    served = start("serve", folder=tmp_path, TMPDIR=str(folder))
    _, said = served.communicate(timeout=60)
    assert served.returncode == 1
    assert said.startswith("dateline: ")
    assert "TMPDIR" in said
    assert "Traceback" not in said
    assert list(folder.iterdir()) == []


def test_a_desk_that_cannot_begin_says_why(tmp_path: Path) -> None:
    with _desk(tmp_path, tmp_path / "nowhere") as desk:
        assert desk.stderr is not None
        said = desk.stderr.read()
        assert desk.wait(60) == 1
    assert b"the desk cannot begin: The database cannot be opened" in said
    assert b"Traceback" not in said


def test_a_desk_shows_that_it_lives_until_it_ends_with_its_input(tmp_path: Path) -> None:
    with _desk(tmp_path, tmp_path) as desk:
        assert desk.stdout is not None
        assert desk.stdin is not None
        assert [desk.stdout.read(1) for _ in range(2)] == [b".", b"."]
        desk.stdin.close()
        assert set(desk.stdout.read()) <= set(b".")
        assert desk.wait(60) == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_of_one_that_was_told_to_end(
    tmp_path: Path, number: signal.Signals
) -> None:
    words = ("serve", "--port", str(free_port()))
    served = start(*words, folder=tmp_path, TMPDIR=str(tmp_path))
    assert served.stderr is not None
    assert any("Uvicorn running" in line for line in iter(served.stderr.readline, ""))
    assert list(tmp_path.glob("dateline-*")) != []
    served.send_signal(number)
    _, said = served.communicate(timeout=60)
    assert served.returncode in {0, -number}
    assert "Traceback" not in said
    assert list(tmp_path.glob("dateline-*")) == []


@contextmanager
def _desk(folder: Path, database: Path) -> Iterator[subprocess.Popen[bytes]]:
    given = {"DATELINE_DATABASE_URL": f"sqlite:///{database}/news.db"}
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "desk"))
        number = listening.fileno()
        with subprocess.Popen(
            [sys.executable, "-m", "app.desk", str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | given,
            pass_fds=[number],
        ) as desk:
            yield desk
