"""Prometheus metrics of this process from `/proc` (Linux only)."""

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_STATM = Path("/proc/self/statm")
_OPEN = Path("/proc/self/fd")


class ProcessCollector(Collector):
    """Memory, open files and their limit."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the values; without `/proc` there are none."""
        memory = GaugeMetricFamily(
            "dateline_memory_bytes", "Resident memory of the processes that serve."
        )
        files = GaugeMetricFamily("dateline_open_files", "Files and connections that are open.")
        limit = GaugeMetricFamily(
            "dateline_open_files_limit", "How many files and connections may be open."
        )
        with suppress(OSError):
            memory.add_metric([], int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
            # One of them is this folder. `os.listdir` is enough, since paths are not needed.
            files.add_metric([], len(os.listdir(_OPEN)) - 1)  # noqa: PTH208
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        limit.add_metric([], float("inf") if soft == resource.RLIM_INFINITY else soft)
        yield from (memory, files, limit)
