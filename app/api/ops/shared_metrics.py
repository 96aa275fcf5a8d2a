"""The metrics of several processes on one port, summed by whichever of them is asked.

Each process writes what it has counted to a file of a common folder once a second. A process that
takes the place of one that died goes on from its counters, so that no sum ever falls: Prometheus
would take that for a restart of everything.
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
# A process that has written nothing for so long is gone or hangs. What it counted stays counted.
_SILENT_SECONDS = 10.0
_GAUGE = "gauge"


class SharedMetrics(Collector):
    """What the processes of a server have counted together."""

    def __init__(self, own: CollectorRegistry, folder: Path, slot: int) -> None:
        """Take a slot of a folder, and the counters of the process that had it before."""
        self._own, self._folder = own, folder
        self._file = folder / f"{slot}.json"
        self._before = [one for one in _read(self._file) if one["type"] != _GAUGE]

    def collect(self) -> Iterator[Metric]:
        """Return the sums: of this process as of now, of the others as of their last second."""
        sums: dict[str, Metric] = {}
        _add(sums, self._totals())
        for file in self._folder.glob("*.json"):
            if file != self._file:
                _add(sums, _current(file))
        yield from sums.values()

    def publish(self) -> None:
        """Write what this process has counted for the others."""
        sums: dict[str, Metric] = {}
        _add(sums, self._totals())
        part = self._file.with_suffix(".part")
        part.write_bytes(json.dumps([_stored(one) for one in sums.values()]))
        part.replace(self._file)

    def publish_regularly(self) -> None:
        """Publish once a second, from a thread, until the folder is gone."""
        threading.Thread(target=self._publish_on, name="metrics", daemon=True).start()

    def _publish_on(self) -> None:
        with suppress(OSError):
            while True:
                self.publish()
                time.sleep(_SECONDS)

    def _totals(self) -> list[dict[str, Any]]:
        return [*map(_stored, self._own.collect()), *self._before]


def _stored(family: Metric) -> dict[str, Any]:
    samples = [(one.name, one.labels, one.value) for one in family.samples]
    return {
        "name": family.name,
        "meaning": family.documentation,
        "type": family.type,
        "samples": samples,
    }


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(file.read_bytes())
    except FileNotFoundError:
        return []
    return found


def _current(file: Path) -> Iterable[dict[str, Any]]:
    """Return what another process has written; of one that is gone, what it has counted."""
    try:
        is_silent = time.time() - file.stat().st_mtime > _SILENT_SECONDS
    except FileNotFoundError:
        return []
    return [one for one in _read(file) if not (is_silent and one["type"] == _GAUGE)]


def _add(sums: dict[str, Metric], families: Iterable[dict[str, Any]]) -> None:
    for one in families:
        name = one["name"]
        family = sums.get(name) or sums.setdefault(name, Metric(name, one["meaning"], one["type"]))
        places = {
            (sample.name, *sorted(sample.labels.items())): place
            for place, sample in enumerate(family.samples)
        }
        for sample, labels, value in one["samples"]:
            place = places.get((sample, *sorted(labels.items())))
            if place is None:
                family.add_sample(sample, labels, value)
            else:
                before = family.samples[place]
                family.samples[place] = before._replace(value=before.value + value)
