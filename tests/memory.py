"""A folder in memory for all files of tests: they kill processes, not machines.

On a disk, PostgreSQL's copies of its template alone take longer than many tests.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
# Bytes: far more than a run needs. Some containers have no more than 64 MiB here.
_PLENTY = 4 * 2**30


def write_in_memory() -> None:
    """Put temporary files in memory, unless the caller names a folder or there is no space.

    Processes that tests start do the same. The folder is removed with the process that created it.
    """
    if "TMPDIR" in os.environ or not _MEMORY.is_dir():
        return
    if shutil.disk_usage(_MEMORY).free < _PLENTY:
        return
    folder = tempfile.mkdtemp(prefix="dateline-tests-", dir=_MEMORY)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    # Files of failed tests stay for inspection.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
