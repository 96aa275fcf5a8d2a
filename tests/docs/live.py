"""A demo for tests: the command that new users run, on a free port and a new file."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT = 60


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo: its address, the key it printed, and the folder it was started in."""

    address: str
    key: str
    folder: Path


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as item:
        item.bind(("127.0.0.1", 0))
        port: int = item.getsockname()[1]
        return port


def dateline() -> str:
    """Return the path of the installed command."""
    return str(Path(sys.executable).with_name("dateline"))


@contextmanager
def demo(folder: Path) -> Iterator[Demo]:
    """Run `dateline demo` in a folder until the block ends."""
    # A new user works in the checkout, where the command is .venv/bin/dateline.
    (folder / ".venv").symlink_to(sys.prefix)
    port = free_port()
    with (
        (folder / "demo.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            [dateline(), "demo", "--port", str(port)],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            banner = _read_banner(process, folder / "demo.log")
            key = re.search(r"your key\s+(dl_\S+)", banner)
            assert key is not None, banner
            _await(port, process)
            yield Demo(f"http://127.0.0.1:{port}", key.group(1), folder)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def _read_banner(process: subprocess.Popen[str], log: Path) -> str:
    """Return the output of the demo before it serves."""
    assert process.stdout is not None
    until = time.monotonic() + _TIMEOUT
    banner = ""
    while "Ctrl-C" not in banner:
        ready, _, _ = select.select([process.stdout], [], [], 0.5)
        chunk = os.read(process.stdout.fileno(), 65_536).decode() if ready else ""
        banner += chunk
        ended = process.poll() is not None and not chunk
        assert not ended, f"the demo ended: {log.read_text(encoding='utf-8')}"
        assert time.monotonic() < until, f"the demo took too long: {banner}"
    return banner


def _await(port: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + _TIMEOUT
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the demo does not listen")
