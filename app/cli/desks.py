"""The processes at the desk, as long as something is served."""

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from app.api.desk.answering import BACKLOG
from app.kit.children import Child
from app.kit.environment import export_settings
from app.kit.errors import Misconfigured
from app.main import DESK


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
    # So it is when its terminal is closed, unless whoever began it wants it to outlive that.
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    with ExitStack() as ends:
        listening = _listening(ends)
        export_settings("", {DESK: listening.getsockname()})
        for _ in range(number):
            child = Child("a process at the desk", _command(listening), [listening.fileno()])
            child.start()
            ends.callback(child.stop)
        yield


def _listening(ends: ExitStack) -> socket.socket:
    """Return a socket that is there until the end."""
    try:
        folder = ends.enter_context(TemporaryDirectory(prefix="dateline-"))
        listening = ends.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(Path(folder) / "desk"))
        listening.listen(BACKLOG)
    except OSError as wrong:
        # The folder is not to be written to, or its name is longer than a socket's may be.
        raise Misconfigured(
            f"The desk has no place for its socket ({wrong.strerror or wrong}). Let TMPDIR name a "
            "folder that can be written to and has a name of less than 80 characters, or do "
            "without the desk (DATELINE_DESKS=0)."
        ) from wrong
    return listening


def _command(listening: socket.socket) -> list[str]:
    # -P: what is in the working folder of whoever serves is none of ours.
    return [sys.executable, "-P", "-m", "app.desk", str(listening.fileno())]


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
