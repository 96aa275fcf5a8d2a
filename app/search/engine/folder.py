"""The folder of an index: generations, and a file that names the one that is read.

Each generation is an index of its own. A new one is built beside the old one, and takes its
place by one renaming. Versions of Dateline that keep other things do not see each other's.
"""

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path

from app.kit.ids import new_id
from app.kit.process.file_permissions import FILE, FOLDER, create_folder
from app.search.engine.schema import stamp
from app.search.errors import IndexUnavailable, IndexUnusable, unusable

# What tells a file from the one that takes its place.
Mark = tuple[int, int]
# The engine's own lock: who writes to a generation holds it.
_LOCK = ".tantivy-writer.lock"
# A file system that is full takes empty files.
_PROBE_BYTES = 4_096


class Folder:
    """Where the generations are."""

    def __init__(self, path: Path) -> None:
        """Name the folder; nothing is made before it is written to."""
        self.path = path
        self._stamp = stamp()
        self._pointer = path / f"current-{self._stamp}"

    def mark(self) -> Mark | None:
        """Return what changes when another generation is read, or nothing if there is none."""
        return mark_of(self._pointer)

    def current(self) -> Path:
        """Return the generation that is read; raise `IndexUnusable` where there is none."""
        try:
            name = self._pointer.read_text().strip()
            is_there = name and "/" not in name and (self.path / name).is_dir()
        except (OSError, UnicodeDecodeError) as wrong:
            raise unusable(f"There is no index that can be read: {wrong}.", wrong) from wrong
        if not is_there:
            raise IndexUnusable("The index is missing.")
        return self.path / name

    def make(self) -> Path:
        """Make an empty generation."""
        made = self.path / f"{self._stamp}-{new_id()}"
        try:
            create_folder(self.path)
            made.mkdir(mode=FOLDER)
        except OSError as wrong:
            raise IndexUnavailable(self._unwritable(wrong)) from wrong
        return made

    def adopt(self, generation: Path) -> None:
        """Let a generation be the one that is read."""
        part = self._pointer.with_suffix(f".{os.getpid()}")
        try:
            part.write_text(generation.name)
            part.replace(self._pointer)
        except OSError as wrong:
            raise IndexUnavailable(self._unwritable(wrong)) from wrong

    def write_fault(self) -> str | None:
        """Return why nothing can be written here, if that is so, by trying it."""
        existing = next(one for one in (self.path, *self.path.parents) if one.exists())
        probe = existing / f".probe-{new_id()}"
        try:
            if self.path.parent.is_dir():
                lock = self.path.with_name(f"{self.path.name}.leader")
                os.close(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE))
            probe.write_bytes(b"\0" * _PROBE_BYTES)
        except OSError as wrong:
            return self._unwritable(wrong)
        finally:
            _remove(probe)
        return None

    def _unwritable(self, wrong: OSError) -> str:
        return f"The index cannot be written to {self.path}: {wrong}."

    def remove(self, generation: Path) -> None:
        """Take away a generation that nobody reads."""
        _remove(generation)

    def discard(self) -> None:
        """Let no generation be the one that is read."""
        with suppress(OSError):
            self._pointer.unlink()

    def tidy(self) -> None:
        """Take away what nobody reads or writes: other generations, and those of other versions."""
        try:
            kept = {self._pointer, self.current()}
        except IndexUnusable:
            return
        for one in self.path.iterdir():
            if one not in kept and not _is_written_to(one):
                _remove(one)


def mark_of(path: Path) -> Mark | None:
    """Return what tells a file from the one that takes its place, or nothing if it is missing."""
    try:
        found = os.stat(path)  # noqa: PTH116 - before every search, and a Path costs more than the call
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _is_written_to(path: Path) -> bool:
    """Tell whether a generation is being built by somebody else."""
    try:
        with (path / _LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
