"""Purging deletes a story permanently, and nothing else."""

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.settings import Settings
from app.worker import purge_trash_in_batches
from tests.clock import HandClock
from tests.conftest import key_for
from tests.newsroom import Newsroom
from tests.sync.offline_app import OfflineApp
from tests.transfer.helpers import list_inconsistencies


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, trash_days=30)


def purge(newsroom: Newsroom, article: dict[str, Any]) -> Response:
    """Purge an article under its version."""
    headers = {"if-match": f'"v{article["version"]}"'}
    return newsroom.call("POST", f"/articles/{article['id']}/purge", headers=headers)


def delete_story(newsroom: Newsroom, article: dict[str, Any]) -> dict[str, Any]:
    answer = newsroom.delete(article)
    assert answer.is_success
    document: dict[str, Any] = answer.json()
    return document


def test_purging_a_story_frees_its_source_and_category(
    newsroom: Newsroom, services: Services
) -> None:
    source, category = newsroom.source("Post"), newsroom.category("Asia")
    story = newsroom.story("A story", source="post", categories=["asia"])
    newsroom.verb(story, "preview")
    story = delete_story(newsroom, story)
    assert newsroom.delete(source, "sources").json()["code"] == "in_use"
    answer = purge(newsroom, story)
    assert (answer.status_code, answer.content) == (204, b"")
    for path in (f"/articles/{story['id']}", f"/articles/{story['id']}/revisions"):
        assert newsroom.call("GET", path).status_code == 404
    assert newsroom.call("GET", "/articles?state=deleted").json()["data"] == []
    assert newsroom.delete(source, "sources").status_code == 204
    assert newsroom.delete(category, "categories").status_code == 204
    (row,) = newsroom.call("GET", "/audit?verb=purged").json()["data"]
    assert (row["subject"], row["before"], row["after"]) == (story["id"], None, None)
    assert list_inconsistencies(services) == []


def test_only_an_admin_purges_only_deleted_stories(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    story = newsroom.story("A story")
    answer = purge(newsroom, story)
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    story = delete_story(newsroom, story)
    editor = Newsroom(client, key_for(services, "publish"))
    assert purge(editor, story).json()["code"] == "forbidden"
    assert purge(newsroom, story | {"version": 1}).json()["code"] == "version_mismatch"
    assert newsroom.verb(story, "restore")["state"] == "unpublished"


def test_the_slug_of_a_purged_story_is_not_reused(newsroom: Newsroom) -> None:
    story = newsroom.story("A story")
    assert purge(newsroom, delete_story(newsroom, story)).status_code == 204
    assert newsroom.story("A story")["slug"] != story["slug"]


def test_purging_deletes_the_tombstone(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    app = OfflineApp(client)
    story = newsroom.story("A story")
    app.catch_up()
    story = newsroom.verb(story, "unpublish", answer="gone", notice="A reason.")
    assert client.get(f"/v1/articles/{story['id']}").status_code == 410
    app.catch_up()
    assert purge(newsroom, delete_story(newsroom, story)).status_code == 204
    assert client.get(f"/v1/articles/{story['id']}").status_code == 404
    assert client.get(f"/v1/articles/{story['slug']}").status_code == 404
    assert [change["reason"] for change in app.catch_up()] == ["deleted"]
    assert app.list_stories() == app.load_expected()
    assert list_inconsistencies(services) == []


def test_the_first_translation_replaces_a_purged_original(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    app = OfflineApp(client)
    original = newsroom.story("Original")
    french = newsroom.story("Français", language="fr", translation_of=original["id"])
    arabic = newsroom.story("عربي", language="ar", translation_of=original["id"])
    draft = newsroom.article("Entwurf", language="de", translation_of=original["id"])
    app.catch_up()
    assert purge(newsroom, delete_story(newsroom, original)).status_code == 204
    tied = {
        story["id"]: newsroom.call("GET", f"/articles/{story['id']}").json()["translation_of"]
        for story in (french, arabic, draft)
    }
    assert tied == {french["id"]: None, arabic["id"]: "francais", draft["id"]: "francais"}
    shown = client.get(f"/v1/articles/{arabic['id']}").json()["translations"]
    assert [story["id"] for story in shown] == [french["id"]]
    app.catch_up()
    assert app.list_stories() == app.load_expected()
    assert list_inconsistencies(services) == []


def test_the_worker_purges_the_trash_after_its_retention(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    old = delete_story(newsroom, newsroom.story("Old"))
    clock.advance(days=20)
    young, other = delete_story(newsroom, newsroom.story("Young")), newsroom.story("Kept")
    restored = newsroom.verb(delete_story(newsroom, newsroom.article("Restored")), "restore")
    clock.advance(days=11)
    purge_trash_in_batches(services)
    there = {
        story["id"]: newsroom.call("GET", f"/articles/{story['id']}").status_code
        for story in (old, young, other, restored)
    }
    assert there == {old["id"]: 404, young["id"]: 200, other["id"]: 200, restored["id"]: 200}
    (row,) = newsroom.call("GET", "/audit?verb=purged").json()["data"]
    assert row["by"]["name"] == "worker"


def test_the_trash_is_never_purged_without_a_retention(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    from functools import partial

    from app.content.commands.purge_article import purge_trash as empty
    from app.kit.sql.unit_of_work import Actor

    story = delete_story(newsroom, newsroom.article("Old"))
    clock.advance(days=3650)
    assert services.runner.run(Actor(None, "tests"), partial(empty, days=0)) == 0
    assert newsroom.call("GET", f"/articles/{story['id']}").status_code == 200
