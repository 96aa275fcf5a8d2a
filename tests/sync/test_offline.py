"""Whatever is done, a copy that was kept by following is what the server shows."""

import random

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.worker import run_due
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.sync.desk import Desk
from tests.sync.offline import OfflineApp

_FILTERS = ("", "tag=a", "category=c-1", "category=-c-2&language=en", "source=s-1")
_STEPS = 45


@pytest.mark.parametrize("seed", range(2))
def test_a_copy_is_true_whenever_it_catches_up(
    seed: int, newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    desk = Desk(newsroom, clock, random.Random(seed))
    apps = [OfflineApp(client, filters) for filters in _FILTERS]
    public: dict[str, set[str]] = {app.filters: set() for app in apps}

    def note_public() -> None:
        for app in apps:
            public[app.filters] |= app.listed()

    for _ in range(_STEPS):
        clock.advance(minutes=desk.rng.randrange(30))
        note_public()
        desk.act()
        note_public()
        run_due(services)
        for app in apps:
            if desk.rng.random() < 0.3:
                app.step(limit=desk.rng.choice((1, 2, 5)))
    for app in apps:
        app.catch_up(limit=desk.rng.choice((1, 3, 100)))
        assert app.shown() == app.expected(), app.filters
        # Nobody hears of the end of what could not be had.
        assert app.ends() <= public[app.filters]
        serials = [one["serial"] for one in app.heard]
        assert serials == sorted(serials)
    assert desk.done >= {"unpublish", "kill", "delete", "tie"}
