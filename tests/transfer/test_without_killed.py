"""An export without killed stories keeps translation groups together."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.kit import json
from tests.clock import HandClock
from tests.conftest import key_for
from tests.newsroom import Newsroom
from tests.transfer.helpers import (
    export_all,
    import_lines,
    list_inconsistencies,
    list_statuses,
    open_client,
)

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive_on("postgresql")]


def list_translations(client: TestClient, slug: str) -> list[str]:
    shown = client.get(f"/v1/articles/{slug}").json()
    return [translation["slug"] for translation in shown["translations"]]


@pytest.fixture
def group(newsroom: Newsroom, clock: HandClock) -> dict[str, dict[str, Any]]:
    """Stories of a group whose original was killed; one is deleted, one has newer changes."""
    stories = {"en": newsroom.story("English")}
    for language in ("fr", "es", "ar", "de"):
        clock.advance(minutes=1)
        fields = {"language": language, "translation_of": "english"}
        stories[language] = newsroom.story(f"In {language}", **fields)
    newsroom.patch(stories["es"], title="Otra vez")
    newsroom.verb(stories["ar"], "kill", notice="N.")
    newsroom.delete(stories["de"])
    newsroom.verb(stories["en"], "kill", notice="N.")
    return stories


@pytest.mark.postgresql
@pytest.mark.usefixtures("group")
def test_the_group_of_a_killed_original_is_exported_together(
    services: Services, elsewhere: Services, client: TestClient
) -> None:
    exported = export_all(services, killed=False)
    assert len(exported) == 3
    assert list_translations(client, "in-fr") == ["in-es"]
    # As one file, and line by line.
    assert list_statuses(import_lines(elsewhere, exported[:1])) == ["created"]
    assert list_statuses(import_lines(elsewhere, exported)) == ["unchanged", "created", "created"]
    with open_client(elsewhere) as there:
        assert list_translations(there, "in-fr") == ["in-es"]
        assert list_translations(there, "in-es") == ["in-fr"]
        newsroom = Newsroom(there, key_for(elsewhere, "admin"))
        again = [
            newsroom.call("GET", f"/articles/in-{language}").json()
            for language in ("fr", "es", "de")
        ]
        assert [story["translation_of"] for story in again] == [None, "in-fr", "in-fr"]
        assert newsroom.verb(again[1], "publish")["title"] == "Otra vez"
        assert list_translations(there, "in-fr") == ["in-es"]
    assert list_inconsistencies(elsewhere) == []


@pytest.mark.postgresql
@pytest.mark.usefixtures("group")
def test_importing_the_export_again_changes_nothing(
    services: Services, elsewhere: Services
) -> None:
    exported, whole = export_all(services, killed=False), export_all(services)
    assert list_statuses(import_lines(services, exported)) == ["unchanged"] * 3
    assert export_all(services) == whole
    assert list_statuses(import_lines(elsewhere, exported, dry_run=True)) == ["created"] * 3
    import_lines(elsewhere, exported)
    moved = export_all(elsewhere)
    assert list_statuses(import_lines(elsewhere, exported)) == ["unchanged"] * 3
    assert export_all(elsewhere) == moved
    # With the killed stories, the group keeps its original.
    assert b"translated_with" not in b"".join(whole)


@pytest.mark.postgresql
def test_an_editor_can_import_an_export_of_an_editor(
    group: dict[str, dict[str, Any]], newsroom: Newsroom, services: Services, elsewhere: Services
) -> None:
    editor = Newsroom(newsroom.client, key_for(services, "publish"))
    exported = editor.call("GET", "/export").content
    lines = [json.loads(line) for line in exported.splitlines()]
    assert [line["language"] for line in lines] == ["fr", "es", "de"]
    assert {line["translated_with"] for line in lines} == {group["fr"]["id"]}
    assert (
        list_statuses(import_lines(elsewhere, exported.splitlines(keepends=True)))
        == ["created"] * 3
    )


@pytest.mark.postgresql
def test_a_public_copy_that_is_still_linked_is_exported(
    newsroom: Newsroom, services: Services, elsewhere: Services, client: TestClient
) -> None:
    first = newsroom.story("First", language="fr")
    newsroom.story("Original")
    newsroom.patch(first, translation_of="original", status="published")
    tied = newsroom.call("GET", f"/articles/{first['id']}").json()
    newsroom.patch(tied, translation_of=None)
    assert list_translations(client, "first") == ["original"]
    exported = export_all(services)
    assert list_statuses(import_lines(elsewhere, exported)) == ["created", "created"]
    with open_client(elsewhere) as there:
        assert list_translations(there, "first") == ["original"]
    assert (export_all(elsewhere), list_inconsistencies(elsewhere)) == (exported, [])
