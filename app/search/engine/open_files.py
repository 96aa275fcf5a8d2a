"""The files of one state of an index, held open to see before each search that none was cut."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from weakref import finalize


class Files:
    """Files with the length that they should have.

    The engine reads them as memory, and the system ends a process that reads beyond the end of a
    file. One that was removed or replaced stays readable for those who have it open, so length is
    all that counts; to ask an open file for it takes an eighth of what it takes by name.
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        """Hold files open, for as long as this lives; one that is missing raises `OSError`."""
        opened: list[int] = []
        finalize(self, _close, opened)
        self._sizes: list[tuple[int, int]] = []
        for name, size in sizes.items():
            opened.append(os.open(name, os.O_RDONLY | os.O_CLOEXEC))
            self._sizes.append((opened[-1], size))

    def are_whole(self) -> bool:
        """Tell whether all files are as long as they should be."""
        return all(os.lseek(file, 0, os.SEEK_END) == size for file, size in self._sizes)


def _close(files: Sequence[int]) -> None:
    for one in files:
        with suppress(OSError):
            os.close(one)
