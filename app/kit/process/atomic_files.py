"""Files that take their name only when they are whole and on the disk."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.kit.process.file_permissions import create_file
from app.kit.process.shutdown_signals import cleanup


@contextmanager
def replace_file(target: Path, ends: tuple[str, ...] = ()) -> Iterator[Path]:
    """Give an empty private file in the folder of `target` to write, which then takes its place.

    Whatever goes wrong, and if a signal ends the process, the file is removed, with those whose
    names are its own and one of `ends`. Raises `OSError`.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    # Before it is there: a signal may come between any two lines.
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
    """Wait until the disk has what was written to a file, or the names in a folder."""
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
