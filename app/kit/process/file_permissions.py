"""File permissions: only the user who runs Dateline may read stories, key hashes and secrets.

The umask ensures it for all files that the process creates, those of SQLite and the search engine
included. Dateline's own files also get an explicit mode, for processes with another umask.
"""

import os
import stat
from pathlib import Path

FILE, FOLDER = 0o600, 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def restrict_umask() -> None:
    """Set the umask to `0077`, for this process and its children.

    The previous umask is ignored: if it restricted the owner, Dateline could not open its files.
    """
    os.umask(_OTHERS)


def create_file(path: Path) -> None:
    """Create an empty file with mode `0600`, unless the name exists."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE))
    except FileExistsError:
        return


def create_folder(path: Path) -> None:
    """Create a folder with mode `0700`, and missing parents."""
    for missing in reversed([path, *path.parents]):
        if not missing.is_dir():
            missing.mkdir(mode=FOLDER, exist_ok=True)


def restrict(path: Path) -> None:
    """Remove the permissions of other users from a file, or from a folder and its contents.

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
    """Describe the paths that other users have access to, with the command that corrects it."""
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
