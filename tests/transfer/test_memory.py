"""Import and export hold one batch in memory, never the whole file."""

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.content.transfer import importer
from app.content.transfer.export import export_lines
from app.kit import json
from tests.clock import HandClock
from tests.transfer.helpers import IMPORTER, open_newsroom, to_ndjson

pytestmark = pytest.mark.slow
FEW, MANY = 1_000, 6_000


def lines(count: int) -> Iterator[bytes]:
    """Yield stories of about five hundred bytes."""
    body = "<p>" + "A sentence of the body. " * 12 + "</p>"
    for number in range(count):
        line = {"type": "article", "slug": f"s-{number}", "language": "en", "title": f"T {number}"}
        yield from to_ndjson([line | {"body": body, "status": "published"}])


def measure_peak(work: Callable[[], None]) -> int:
    """Return the peak memory of a function."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def import_all(services: Services, count: int) -> None:
    lines_importer = importer.Importer(services.runner, IMPORTER)
    for _ in lines_importer.run(lines(count)):
        pass


def export_all(services: Services) -> None:
    with services.database.read() as session:
        for line in export_lines(session, services.clock.now()):
            json.dumps(line)


@pytest.mark.exhaustive
def test_memory_does_not_grow_with_the_number_of_lines(
    dialect: str, tmp_path: Path, clock: HandClock
) -> None:
    peaks: dict[str, list[int]] = {"import": [], "export": []}
    # The first round fills caches that stay.
    for turn, count in enumerate((FEW // 4, FEW, MANY)):
        with open_newsroom(dialect, tmp_path / str(turn), clock) as services:
            peaks["import"].append(measure_peak(lambda count=count: import_all(services, count)))  # type: ignore[misc]
            peaks["export"].append(measure_peak(lambda: export_all(services)))
    for name, (_, few, many) in peaks.items():
        assert many < few * 1.25 + 1_000_000, f"{name}: {few:,} bytes grew to {many:,}"
