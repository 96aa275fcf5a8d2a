"""A counter that the processes of one machine and one user share; it only ever grows.

It is eight bytes in a file that each process maps, so reading takes no call to the system. The
file is in a folder that nobody else can write to.
"""

import fcntl
import mmap
import os
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.kit.errors import Misconfigured

_BYTES = 8
_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class SharedCounter:
    """A counter in `dateline-UID/NAME.counter` below the folder for temporary files.

    What a process reads never goes back, whichever threads and processes raise it at once, and
    also where the file is removed and made again.
    """

    def __init__(self, name: str) -> None:
        """Open the counter, or make it.

        Raises `Misconfigured` where somebody else could write to it, or it cannot be made.
        """
        self._folder = Path(tempfile.gettempdir()) / f"dateline-{os.geteuid()}"
        self.path = self._folder / f"{name}.counter"
        # A lock of a file excludes other processes, but no thread that uses the same descriptor.
        self._threads = threading.Lock()
        self._file, self._process = self._opened(), os.getpid()
        with _locked(self._file):
            self._map = _mapped(self._file)
            if not self.value():
                _raise(self._map, 0)

    def value(self) -> int:
        """Return the counter."""
        return self._map[0]

    def increase(self) -> None:
        """Raise the counter for all processes that have it open.

        Where its file was removed, those are also the ones that made it again. Raises
        `Misconfigured` where it cannot be made; it is raised in the removed file all the same.
        """
        with self._threads:
            if self._process != os.getpid():
                # A lock excludes no process that got the same descriptor by a fork.
                self._move()
            with _locked(self._file):
                if os.fstat(self._file).st_size < _BYTES:
                    # Somebody cut it off.
                    os.ftruncate(self._file, _BYTES)
                _raise(self._map, 0)
                removed = not self._is_in_place()
            if removed:
                self._move()

    def rejoin(self) -> None:
        """Go over to the file that is in place now, where this one was removed."""
        with self._threads:
            if not self._is_in_place():
                self._move()

    def close(self) -> None:
        """Close the file."""
        self._map.release()
        os.close(self._file)

    def _is_in_place(self) -> bool:
        try:
            found = self.path.lstat()
        except OSError:
            return False
        return os.path.samestat(found, os.fstat(self._file))

    def _move(self) -> None:
        """Open the file that is in place now, or make it, and raise it above the former one."""
        file = self._opened()
        with _locked(file):
            mapped = _mapped(file)
            _raise(mapped, self.value())
        # A thread that is reading the former mapping keeps it until then.
        former, self._file, self._map = self._file, file, mapped
        self._process = os.getpid()
        os.close(former)

    def _opened(self) -> int:
        try:
            return _open_in(self._folder, self.path.name)
        except OSError as wrong:
            raise Misconfigured(
                f"The counter {self.path} cannot be opened ({wrong.strerror}). Remove it, or set "
                "TMPDIR to a folder in which this user can make files."
            ) from wrong


def _open_in(folder: Path, name: str) -> int:
    """Open a file of a folder, both made if they are missing, if nobody else can write to them."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    within = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _SAFE)
    try:
        _refuse_others(folder, os.fstat(within))
        # Not to wait where it is a pipe.
        flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | _SAFE
        file = os.open(name, flags, 0o600, dir_fd=within)
    finally:
        os.close(within)
    try:
        _refuse_others(folder / name, os.fstat(file))
    except Misconfigured:
        os.close(file)
        raise
    return file


def _refuse_others(path: Path, found: os.stat_result) -> None:
    """Refuse what is not a folder or file of this user, or others can write to."""
    is_right_kind = stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)
    if not is_right_kind or found.st_uid != os.geteuid() or found.st_mode & _OTHERS_WRITE:
        raise Misconfigured(
            f"{path} is no file or folder of this user, or others can write to it. Remove it, or "
            "set TMPDIR to a folder to which only this user can write."
        )


@contextmanager
def _locked(file: int) -> Iterator[None]:
    """Keep all out who opened the file elsewhere; a process that dies lets go of it."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _mapped(file: int) -> "memoryview[int]":
    """Map a file as one number, which is written and read at once.

    (`struct` writes zeros first, which others would read.)
    """
    if os.fstat(file).st_size < _BYTES:
        os.ftruncate(file, _BYTES)
    return memoryview(mmap.mmap(file, _BYTES)).cast("Q")


def _raise(mapped: "memoryview[int]", above: int) -> None:
    """Write a number above the one that is there, above another one, and above all before.

    The time sees to the last: a file that is made again does not begin where the former did.
    """
    mapped[0] = max(mapped[0] + 1, above + 1, time.time_ns())
