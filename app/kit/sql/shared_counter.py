"""A monotonic counter that the processes of one user on one machine share.

It is eight bytes in a file that each process maps, so reading needs no system call. The file is in
a folder that no other user can write to.
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

    The value that a process reads never decreases, even if threads and processes increase it
    concurrently, or if the file is removed and created again.
    """

    def __init__(self, name: str) -> None:
        """Open or create the counter.

        Raises `Misconfigured` if it cannot be created, or if another user could write to it.
        """
        self._folder = Path(tempfile.gettempdir()) / f"dateline-{os.geteuid()}"
        self.path = self._folder / f"{name}.counter"
        # `flock` excludes other processes, but not threads with the same descriptor.
        self._threads = threading.Lock()
        self._file, self._process = self._open_file(), os.getpid()
        with _lock_file(self._file):
            self._map = _map_file(self._file)
            if not self.value():
                _increase_above(self._map, 0)

    def value(self) -> int:
        """Return the counter."""
        return self._map[0]

    def increase(self) -> None:
        """Increase the counter for all processes that have it open.

        If the file was removed, the counter also increases in the file that replaced it. Raises
        `Misconfigured` if that cannot be created, after the counter increased in the old file.
        """
        with self._threads:
            if self._process != os.getpid():
                # After a fork the descriptor is shared, so `flock` excludes nobody.
                self._switch_file()
            with _lock_file(self._file):
                if os.fstat(self._file).st_size < _BYTES:
                    # The file was truncated.
                    os.ftruncate(self._file, _BYTES)
                _increase_above(self._map, 0)
                removed = not self._is_in_place()
            if removed:
                self._switch_file()

    def reopen(self) -> None:
        """Switch to the file that has the path now, if this one was removed."""
        with self._threads:
            if not self._is_in_place():
                self._switch_file()

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

    def _switch_file(self) -> None:
        """Open or create the file at the path, and increase its value above the old one."""
        file = self._open_file()
        with _lock_file(file):
            mapped = _map_file(file)
            _increase_above(mapped, self.value())
        # A thread that still reads the old mapping keeps it alive.
        former, self._file, self._map = self._file, file, mapped
        self._process = os.getpid()
        os.close(former)

    def _open_file(self) -> int:
        try:
            return _open_in(self._folder, self.path.name)
        except OSError as error:
            raise Misconfigured(
                f"The counter {self.path} cannot be opened ({error.strerror}). Remove it, or set "
                "TMPDIR to a folder in which this user can make files."
            ) from error


def _open_in(folder: Path, name: str) -> int:
    """Open a file in a folder, and create both if needed; refuse one that others can write to."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    within = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _SAFE)
    try:
        _refuse_others(folder, os.fstat(within))
        # `O_NONBLOCK`: opening a pipe would wait.
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
    """Refuse anything but a folder or file that only this user can write to."""
    is_right_kind = stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)
    if not is_right_kind or found.st_uid != os.geteuid() or found.st_mode & _OTHERS_WRITE:
        raise Misconfigured(
            f"{path} is no file or folder of this user, or others can write to it. Remove it, or "
            "set TMPDIR to a folder to which only this user can write."
        )


@contextmanager
def _lock_file(file: int) -> Iterator[None]:
    """Exclude other processes; the kernel releases the lock of a process that dies."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _map_file(file: int) -> "memoryview[int]":
    """Map a file as one number, which is read and written atomically.

    (`struct` writes zeros first, which other processes would read.)
    """
    if os.fstat(file).st_size < _BYTES:
        os.ftruncate(file, _BYTES)
    return memoryview(mmap.mmap(file, _BYTES)).cast("Q")


def _increase_above(mapped: "memoryview[int]", above: int) -> None:
    """Increase the number to more than its value and `above`.

    It is at least the time in nanoseconds, so a new file never repeats values of an old one.
    """
    mapped[0] = max(mapped[0] + 1, above + 1, time.time_ns())
