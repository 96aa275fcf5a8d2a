"""A copy that follows the changes equals the server, after any edits."""

import random
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.worker import log_due_changes
from tests.clock import HandClock
from tests.conftest import embargo_key
from tests.newsroom import Newsroom
from tests.sync.offline_app import OfflineApp
from tests.sync.random_editor import RandomEditor

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive_on("postgresql")]

_FILTERS = ("", "tag=a", "category=c-1", "category=-c-2&language=en", "source=s-1")
_STEPS = 45


@pytest.mark.parametrize("seed", range(2))
def test_a_copy_equals_the_server_after_it_catches_up(
    seed: int, newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    editor = RandomEditor(newsroom, clock, random.Random(seed))
    early = embargo_key(services)
    apps = [OfflineApp(client, filters, headers) for filters in _FILTERS for headers in ({}, early)]
    possible = _edit_at_random(editor, apps, services, clock)
    for number, app in enumerate(apps):
        app.catch_up(limit=editor.rng.choice((1, 3, 100)))
        assert app.list_stories() == app.load_expected(), (app.filters, app.headers)
        # No client receives the end of a story that it could not have.
        assert app.log_ends() <= possible[number]
        assert app.refusals == []
        serials = [change["serial"] for change in app.changes]
        assert serials == sorted(serials)
    assert editor.done >= {"unpublish", "kill", "delete", "tie"}


@pytest.mark.parametrize("seed", range(2))
def test_a_client_that_obeys_410_converges_to_its_readable_stories(
    seed: int, newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    editor = RandomEditor(newsroom, clock, random.Random(seed))
    rights: tuple[dict[str, str], ...] = ({}, embargo_key(services))
    apps = [OfflineApp(client, filters) for filters in _FILTERS for _ in range(2)]

    def turn() -> None:
        for app in apps:
            if editor.rng.random() < 0.2:
                app.headers = editor.rng.choice(rights)

    _edit_at_random(editor, apps, services, clock, turn)
    for headers in (*rights, rights[0]):
        for app in apps:
            app.headers = headers
            app.catch_up(limit=editor.rng.choice((1, 3, 100)))
            assert app.list_stories() == app.load_expected(), (app.filters, headers)
    assert {code for app in apps for code in app.refusals} == {"rights_changed"}


def _edit_at_random(
    editor: RandomEditor,
    apps: list[OfflineApp],
    services: Services,
    clock: HandClock,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[set[str]]:
    """Make random changes, with some requests of apps; return what each app could have had."""
    possible: list[set[str]] = [set() for _ in apps]

    def note() -> None:
        for number, app in enumerate(apps):
            possible[number] |= app.list_allowed()

    for _ in range(_STEPS):
        clock.advance(minutes=editor.rng.randrange(30))
        note()
        editor.act()
        note()
        log_due_changes(services)
        meanwhile()
        for app in apps:
            if editor.rng.random() < 0.3:
                app.step(limit=editor.rng.choice((1, 5, 20)))
    return possible
