"""The folder of an index: generations, and a pointer file that names the current one.

Each generation is an index. A new one is built next to the current one and replaces it by one
rename. Versions of Dateline with different schemas ignore each other's generations.
"""

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path

from app.kit.ids import new_id
from app.kit.process.file_permissions import FILE, FOLDER, create_folder
from app.search.engine.schema import version_stamp
from app.search.errors import IndexUnavailable, IndexUnusable, index_failure

# Modification time and inode: they change when a file is replaced.
FileVersion = tuple[int, int]
# The engine's lock file: the writer of a generation holds the lock.
_LOCK = ".tantivy-writer.lock"
# A full file system still accepts empty files.
_PROBE_BYTES = 4_096


class IndexFolder:
    """The folder with all generations."""

    def __init__(self, path: Path) -> None:
        """Remember the path; nothing is created before the first write."""
        self.path = path
        self._stamp = version_stamp()
        self._pointer = path / f"current-{self._stamp}"

    def pointer_version(self) -> FileVersion | None:
        """Return a value that changes with the current generation, or None if there is none."""
        return file_version(self._pointer)

    def current(self) -> Path:
        """Return the current generation; raise `IndexUnusable` if there is none."""
        try:
            name = self._pointer.read_text().strip()
            is_there = name and "/" not in name and (self.path / name).is_dir()
        except (OSError, UnicodeDecodeError) as wrong:
            raise index_failure(f"There is no index that can be read: {wrong}.", wrong) from wrong
        if not is_there:
            raise IndexUnusable("The index is missing.")
        return self.path / name

    def create_generation(self) -> Path:
        """Create an empty generation."""
        made = self.path / f"{self._stamp}-{new_id()}"
        try:
            create_folder(self.path)
            made.mkdir(mode=FOLDER)
        except OSError as wrong:
            raise IndexUnavailable(self._unwritable(wrong)) from wrong
        return made

    def adopt(self, generation: Path) -> None:
        """Make a generation the current one."""
        part = self._pointer.with_suffix(f".{os.getpid()}")
        try:
            part.write_text(generation.name)
            part.replace(self._pointer)
        except OSError as wrong:
            raise IndexUnavailable(self._unwritable(wrong)) from wrong

    def write_fault(self) -> str | None:
        """Return why the folder is not writable, or None; found by writing a file."""
        existing = next(path for path in (self.path, *self.path.parents) if path.exists())
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
        """Delete a generation that nobody reads."""
        _remove(generation)

    def discard(self) -> None:
        """Remove the pointer, so that there is no current generation."""
        with suppress(OSError):
            self._pointer.unlink()

    def tidy(self) -> None:
        """Delete generations that nobody reads or writes, those of other versions included."""
        try:
            kept = {self._pointer, self.current()}
        except IndexUnusable:
            return
        for path in self.path.iterdir():
            if path not in kept and not _is_written_to(path):
                _remove(path)


def file_version(path: Path) -> FileVersion | None:
    """Return a value that changes when a file is replaced, or None if the file is missing."""
    try:
        found = os.stat(path)  # noqa: PTH116 - before every search, and a Path costs more than the call
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _is_written_to(path: Path) -> bool:
    """Tell whether another writer is building a generation."""
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
