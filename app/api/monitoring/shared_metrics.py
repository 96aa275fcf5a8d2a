"""The sums of the metrics of several processes on one port; each process can compute them.

Each process writes its metrics to a file in a common folder once a second. A process that replaces
one that died continues its counters, so that no sum decreases: Prometheus would take that for a
reset of the counter.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from app.kit import json

_SECONDS = 1.0
# A process that has written nothing for this long has died or hangs. Its counters stay in the sums.
_SILENT_SECONDS = 10.0
_GAUGE = "gauge"


class SharedMetrics(Collector):
    """The sums of the metrics of all processes of a server."""

    def __init__(self, own: CollectorRegistry, folder: Path, slot: int) -> None:
        """Use a slot of a folder, and continue the counters of the process that had it before."""
        self._own, self._folder = own, folder
        self._file = folder / f"{slot}.json"
        self._before = [family for family in _read(self._file) if family["type"] != _GAUGE]

    def collect(self) -> Iterator[Metric]:
        """Compute the sums, with the current values of this process and the files of the others."""
        sums: dict[str, Metric] = {}
        _add(sums, self._totals())
        for file in self._folder.glob("*.json"):
            if file != self._file:
                _add(sums, _read_current(file))
        yield from sums.values()

    def publish(self) -> None:
        """Write the metrics of this process to its file."""
        sums: dict[str, Metric] = {}
        _add(sums, self._totals())
        part = self._file.with_suffix(".part")
        part.write_bytes(json.dumps([_to_json(family) for family in sums.values()]))
        part.replace(self._file)

    def publish_regularly(self) -> None:
        """Publish once a second in a thread, until the folder is removed."""
        threading.Thread(target=self._publish_until_removed, name="metrics", daemon=True).start()

    def _publish_until_removed(self) -> None:
        with suppress(OSError):
            while True:
                self.publish()
                time.sleep(_SECONDS)

    def _totals(self) -> list[dict[str, Any]]:
        return [*map(_to_json, self._own.collect()), *self._before]


def _to_json(family: Metric) -> dict[str, Any]:
    samples = [(sample.name, sample.labels, sample.value) for sample in family.samples]
    return {
        "name": family.name,
        "meaning": family.documentation,
        "type": family.type,
        "samples": samples,
    }


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        families: list[dict[str, Any]] = json.loads(file.read_bytes())
    except FileNotFoundError:
        return []
    return families


def _read_current(file: Path) -> Iterable[dict[str, Any]]:
    """Read the file of another process; without gauges if the process has died."""
    try:
        is_silent = time.time() - file.stat().st_mtime > _SILENT_SECONDS
    except FileNotFoundError:
        return []
    return [family for family in _read(file) if not (is_silent and family["type"] == _GAUGE)]


def _add(sums: dict[str, Metric], families: Iterable[dict[str, Any]]) -> None:
    for family in families:
        name = family["name"]
        total = sums.get(name)
        if total is None:
            total = sums[name] = Metric(name, family["meaning"], family["type"])
        indexes = {
            (sample.name, *sorted(sample.labels.items())): index
            for index, sample in enumerate(total.samples)
        }
        for sample, labels, value in family["samples"]:
            index = indexes.get((sample, *sorted(labels.items())))
            if index is None:
                total.add_sample(sample, labels, value)
            else:
                before = total.samples[index]
                total.samples[index] = before._replace(value=before.value + value)
