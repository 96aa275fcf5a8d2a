"""Atomic replacement of files: a file gets its name when it is complete and on the disk."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.kit.process.file_permissions import create_file
from app.kit.process.shutdown_signals import cleanup


@contextmanager
def replace_file(target: Path, ends: tuple[str, ...] = ()) -> Iterator[Path]:
    """Yield an empty private file in the folder of `target`, which then replaces `target`.

    On any error, and if a signal ends the process, the file is removed, as well as the files with
    its name and a suffix of `ends`. Raises `OSError`.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    # Registered before the file exists: a signal may arrive between any two lines.
    with cleanup(_build_removal(part, ends)):
        try:
            create_file(part)
            yield part
            flush(part)
            part.replace(target)
            flush(target.parent)
        finally:
            _build_removal(part, ends)()


def flush(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _build_removal(part: Path, ends: tuple[str, ...]) -> Callable[[], None]:
    def remove() -> None:
        for end in ("", *ends):
            part.with_name(part.name + end).unlink(missing_ok=True)

    return remove
