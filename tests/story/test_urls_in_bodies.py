"""Relative URLs in bodies are resolved when they are stored."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.content.transfer.export import export_lines
from app.content.transfer.importer import Importer
from app.delivery.consistency import find_inconsistencies
from app.kit import json
from app.kit.sql.unit_of_work import Actor
from tests.clock import HandClock
from tests.newsroom import Newsroom

BODIES = {"html": '<p><a href="/more">more</a></p>', "markdown": "[more](/more)"}


@pytest.fixture(params=BODIES)
def story(request: pytest.FixtureRequest, newsroom: Newsroom) -> dict[str, Any]:
    """A story whose source has an address that changes afterwards."""
    source = newsroom.source("Wire", url="https://old.example")
    form: str = request.param
    created = newsroom.story("A", source="wire", body=BODIES[form], body_format=form)
    newsroom.patch(source, "sources", url="https://new.example")
    return created


def test_resolved_urls_stay_when_the_url_of_the_source_changes(
    story: dict[str, Any], newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    newsroom.patch(story, title="B", status="published")
    shown = client.get(f"/v1/articles/{story['id']}").json()
    assert 'href="https://old.example/more"' in shown["body_html"]
    with services.database.read() as session:
        assert list(find_inconsistencies(session, services.clock.now())) == []


def test_an_export_keeps_resolved_urls(story: dict[str, Any], services: Services) -> None:
    with services.database.read() as session:
        lines = [json.dumps(line) for line in export_lines(session, services.clock.now())]
    importer = Importer(services.runner, Actor(None, "tests"))
    outcomes = [outcome for batch in importer.run(lines) for outcome in batch]
    assert {outcome.status for outcome in outcomes} == {"unchanged"}


def test_a_clock_set_back_after_an_expiry_leaves_the_database_consistent(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    from app.worker import log_due_changes

    newsroom.story("Brief", expires_at="2026-11-22T13:00:00Z")
    clock.advance(hours=2)
    assert log_due_changes(services) == 1
    clock.advance(hours=-2)
    with services.database.read() as session:
        assert list(find_inconsistencies(session, services.clock.now())) == []
