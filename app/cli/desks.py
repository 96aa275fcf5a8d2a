"""The processes at the desk, as long as something is served."""

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from app.kit.children import Child
from app.kit.environment import export_settings
from app.main import DESK

# So many requests may wait for a desk that starts anew.
_BACKLOG = 1024


@contextmanager
def at_desk(number: int) -> Iterator[None]:
    """Have so many processes take what editors send while a block runs, or none.

    They listen together at a socket in a folder that only this user can look into.
    """
    export_settings("", {DESK: None})
    if number == 0:
        yield
        return
    # Told to end before or after the server listens to that, this process ends the others first.
    signal.signal(signal.SIGTERM, _leave)
    with ExitStack() as ends:
        folder = ends.enter_context(TemporaryDirectory(prefix="dateline-"))
        path = Path(folder) / "desk"
        listening = ends.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(path))
        listening.listen(_BACKLOG)
        export_settings("", {DESK: path})
        for _ in range(number):
            child = Child("a process at the desk", _command(listening), [listening.fileno()])
            child.start()
            ends.callback(child.stop)
        yield


def _command(listening: socket.socket) -> list[str]:
    # -P: what is in the working folder of whoever serves is none of ours.
    return [sys.executable, "-P", "-m", "app.desk", str(listening.fileno())]


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
