"""Files that only the user who runs Dateline may read: stories, hashes of keys, secrets.

The umask makes it so for every file that this process creates, those of SQLite and of the search
engine included. What can be created with an explicit mode is, for processes with another umask.
"""

import os
import stat
from pathlib import Path

FILE, FOLDER = 0o600, 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def restrict_umask() -> None:
    """Create files as `0600` and folders as `0700` from now on, in this process and its children.

    The umask is replaced, not widened or narrowed: one that took rights away from the owner would
    make files that Dateline itself cannot open.
    """
    os.umask(_OTHERS)


def create_file(path: Path) -> None:
    """Create an empty file for its owner only, unless something has that name already."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE))
    except FileExistsError:
        return


def create_folder(path: Path) -> None:
    """Create a folder for its owner only, with those above it that are missing."""
    for missing in reversed([path, *path.parents]):
        if not missing.is_dir():
            missing.mkdir(mode=FOLDER, exist_ok=True)


def restrict(path: Path) -> None:
    """Take the rights of others off a file, or off a folder and all that is in it.

    Files of other users and files that disappear meanwhile are skipped; `describe_exposed` reports
    them. Symbolic links inside a folder are not followed.
    """
    if not _is_exposed(path):
        return
    path = path.resolve()
    _restrict(path)
    for folder, names, files in os.walk(path):
        for name in (*names, *files):
            _restrict(Path(folder) / name)


def describe_exposed(paths: list[Path]) -> list[str]:
    """Return which of some files and folders others may use, with the command that mends it."""
    return [
        f"{path} is open to other users; `chmod {'700' if path.is_dir() else '600'} {path}` as "
        "its owner mends that."
        for path in paths
        if _is_exposed(path)
    ]


def _is_exposed(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & _OTHERS)
    except OSError:
        return False


def _restrict(path: Path) -> None:
    try:
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_OTHERS)
    except OSError:
        return
