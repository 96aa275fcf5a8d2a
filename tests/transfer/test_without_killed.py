"""An export without killed stories keeps groups of translations together, and an import them."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.kit import json
from tests.clock import HandClock
from tests.conftest import key_for
from tests.newsroom import Newsroom
from tests.transfer.moving import bring, reader, statuses, take, unsound

pytestmark = pytest.mark.slow


def translations(client: TestClient, slug: str) -> list[str]:
    shown = client.get(f"/v1/articles/{slug}").json()
    return [one["slug"] for one in shown["translations"]]


@pytest.fixture
def group(newsroom: Newsroom, clock: HandClock) -> dict[str, dict[str, Any]]:
    """Stories of one group whose original was killed; one is deleted, one runs ahead."""
    made = {"en": newsroom.story("English")}
    for language in ("fr", "es", "ar", "de"):
        clock.advance(minutes=1)
        fields = {"language": language, "translation_of": "english"}
        made[language] = newsroom.story(f"In {language}", **fields)
    newsroom.patch(made["es"], title="Otra vez")
    newsroom.verb(made["ar"], "kill", notice="N.")
    newsroom.delete(made["de"])
    newsroom.verb(made["en"], "kill", notice="N.")
    return made


@pytest.mark.postgresql
@pytest.mark.usefixtures("group")
def test_the_group_of_a_killed_original_moves(
    services: Services, elsewhere: Services, client: TestClient
) -> None:
    exported = take(services, killed=False)
    assert len(exported) == 3
    assert translations(client, "in-fr") == ["in-es"]
    # As one file, and line by line.
    assert statuses(bring(elsewhere, exported[:1])) == ["created"]
    assert statuses(bring(elsewhere, exported)) == ["unchanged", "created", "created"]
    with reader(elsewhere) as there:
        assert translations(there, "in-fr") == ["in-es"]
        assert translations(there, "in-es") == ["in-fr"]
        newsroom = Newsroom(there, key_for(elsewhere, "admin"))
        again = [newsroom.call("GET", f"/articles/in-{one}").json() for one in ("fr", "es", "de")]
        assert [one["translation_of"] for one in again] == [None, "in-fr", "in-fr"]
        assert newsroom.verb(again[1], "publish")["title"] == "Otra vez"
        assert translations(there, "in-fr") == ["in-es"]
    assert unsound(elsewhere) == []


@pytest.mark.postgresql
@pytest.mark.usefixtures("group")
def test_it_changes_nothing_where_it_came_from_nor_when_it_comes_twice(
    services: Services, elsewhere: Services
) -> None:
    exported, whole = take(services, killed=False), take(services)
    assert statuses(bring(services, exported)) == ["unchanged"] * 3
    assert take(services) == whole
    assert statuses(bring(elsewhere, exported, dry_run=True)) == ["created"] * 3
    bring(elsewhere, exported)
    moved = take(elsewhere)
    assert statuses(bring(elsewhere, exported)) == ["unchanged"] * 3
    assert take(elsewhere) == moved
    # With the killed ones nothing has to stand in for an original.
    assert b"translated_with" not in b"".join(whole)


@pytest.mark.postgresql
def test_an_editor_moves_what_an_editor_exports(
    group: dict[str, dict[str, Any]], newsroom: Newsroom, services: Services, elsewhere: Services
) -> None:
    editor = Newsroom(newsroom.client, key_for(services, "publish"))
    exported = editor.call("GET", "/export").content
    lines = [json.loads(line) for line in exported.splitlines()]
    assert [one["language"] for one in lines] == ["fr", "es", "de"]
    assert {one["translated_with"] for one in lines} == {group["fr"]["id"]}
    assert statuses(bring(elsewhere, exported.splitlines(keepends=True))) == ["created"] * 3


@pytest.mark.postgresql
def test_a_public_copy_that_is_still_tied_moves(
    newsroom: Newsroom, services: Services, elsewhere: Services, client: TestClient
) -> None:
    first = newsroom.story("First", language="fr")
    newsroom.story("Original")
    newsroom.patch(first, translation_of="original", status="published")
    tied = newsroom.call("GET", f"/articles/{first['id']}").json()
    newsroom.patch(tied, translation_of=None)
    assert translations(client, "first") == ["original"]
    exported = take(services)
    assert statuses(bring(elsewhere, exported)) == ["created", "created"]
    with reader(elsewhere) as there:
        assert translations(there, "first") == ["original"]
    assert (take(elsewhere), unsound(elsewhere)) == (exported, [])
