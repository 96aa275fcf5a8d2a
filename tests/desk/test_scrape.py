"""A scrape is told what the desk has counted, and is itself counted once."""

from pathlib import Path
from typing import Any

import pytest

from app.api.app import create_app
from app.api.edge.asgi import Scope
from app.bootstrap import Services
from tests.desk.talking import asked, body, desk, parts, run, scope
from tests.desk.test_counting import samples

_HOST = {"headers": [(b"host", b"localhost")]}
_SCRAPES = "dateline_requests_total[('method', 'GET'), ('route', '/metrics'), ('status', '200')]"
_TURNED_AWAY = (
    "dateline_requests_total"
    "[('method', 'POST'), ('route', '/v1/manage/articles'), ('status', '401')]"
)


def _whole(path: str, **more: Any) -> Scope:
    known = {"http_version": "1.1", "scheme": "http", "root_path": "", "client": ("::1", 5)}
    return scope(path=path, raw_path=path.encode(), state={}, **known, **_HOST, **more)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_scrape_is_counted_once(services: Services, tmp_path: Path) -> None:
    told: list[dict[str, float]] = []

    async def test() -> None:
        async with desk(create_app(services), tmp_path / "desk") as relay:
            front = create_app(services, desk=relay)
            for _ in range(3):
                await asked(front, parts(b""), _whole(path="/v1/manage/articles"))
                scrape = _whole(method="GET", path="/metrics")
                told.append(samples(body(await asked(front, parts(b""), scrape))))

    run(test())
    assert told[-1][_SCRAPES] == 2
    assert told[-1][_TURNED_AWAY] == 3
