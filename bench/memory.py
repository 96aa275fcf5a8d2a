"""Measure the memory of a process."""

import re
import subprocess
import time
from pathlib import Path

import psutil

_POLL_SECONDS = 0.05
_HIGH_WATER = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


def measure_peak(process: subprocess.Popen[bytes], timeout: float) -> int:
    """Wait for a process; return its peak memory in bytes.

    The process is ended after a time limit. `wait4` is not usable: on Linux it never reports less
    than the parent's memory at the start.
    """
    until = time.monotonic() + timeout
    peak = 0
    try:
        while process.poll() is None:
            peak = max(peak, _high_water(process.pid))
            if time.monotonic() > until:
                raise TimeoutError(f"Not done after {timeout:.0f} seconds.")
            time.sleep(_POLL_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return peak


def _high_water(pid: int) -> int:
    """Return the high-water mark if the system records one, else the current use."""
    try:
        match = _HIGH_WATER.search(Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
        return int(match[1]) * 1024 if match else 0
    except OSError:
        return measure_resident(pid)


def measure_resident(pid: int) -> int:
    """Return the resident bytes of a process, or None if it has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
