"""A folder in memory for all that tests write: they kill processes, not machines.

On a disk, PostgreSQL's copies of its template alone take longer than much of what is tested.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
# Bytes: far more than a run takes. Some containers have no more than 64 MiB here.
_PLENTY = 4 * 2**30


def write_in_memory() -> None:
    """Let temporary files stand in memory, unless the caller names a folder or there is no room.

    Processes that tests start do the same. The folder goes with the process that made it.
    """
    if "TMPDIR" in os.environ or not _MEMORY.is_dir():
        return
    if shutil.disk_usage(_MEMORY).free < _PLENTY:
        return
    folder = tempfile.mkdtemp(prefix="dateline-tests-", dir=_MEMORY)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    # What is left of tests that failed stays, for a look.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
