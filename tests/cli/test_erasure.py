"""`dateline erase`: no byte of a story remains, and sync clients receive the removal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from starlette.testclient import TestClient

from app.access.commands.sign_in_person import sign_in_person
from app.access.people.identity import Identity
from app.access.scopes import Scope
from app.bootstrap import Services
from app.kit.sql.database import Database
from app.kit.sql.schema import Base
from app.kit.sql.unit_of_work import Actor
from app.search.index_updater import IndexUpdater
from app.syndication.push.models import PushDelivery
from tests.cli.shell import Shell
from tests.clock import HandClock
from tests.conftest import embargo_key
from tests.newsroom import Newsroom
from tests.sync.offline_app import OfflineApp
from tests.transfer.helpers import list_inconsistencies

WORDS = ("zanzibarite", "quokkaphone", "quistgaard", "xylotomy", "mumpsimus")
STORY: dict[str, Any] = {
    "title": "Zanzibarite at the harbour",
    "body": "<p>A quokkaphone was heard.</p>",
    "summary": "Of a mumpsimus.",
    "authors": [{"name": "Philomena Quistgaard"}],
    "tags": ["xylotomy", "bees"],
    "image": {"url": "https://post.example/a.jpg", "credit": "P. Quistgaard"},
}


def leftovers(database: Database, search: Path) -> list[str]:
    """Return which words occur anywhere in the stored data, without regard to case."""
    stored = b"\n".join(_read_all_bytes(database, search)).lower()
    return [word for word in WORDS if word.encode() in stored]


def _read_all_bytes(database: Database, search: Path) -> Iterator[bytes]:
    if database.file is not None:
        for file in database.file.parent.glob(f"{database.file.name}*"):
            yield file.read_bytes() if file.is_file() else b""
    with database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                for value in row:
                    yield value if isinstance(value, bytes) else str(value).encode()
    yield from (file.read_bytes() for file in search.rglob("*") if file.is_file())


def _delivery(story: dict[str, Any]) -> dict[str, Any]:
    return {
        **dict.fromkeys(("due_at", "tried_at", "status")),
        "id": "i1",
        "kind": "webhook",
        "receiver": "r",
        "event": "article.published",
        "subject": story["id"],
        "serial": 1,
        "body": b"zanzibarite",
        "answer": "quokkaphone",
        "state": "delivered",
        "attempts": 1,
        "made_at": HandClock().now(),
    }


def create_with_history(newsroom: Newsroom, services: Services, clock: HandClock) -> dict[str, Any]:
    """Return a story with versions, slugs, a correction, a preview and a stored response."""
    document = {"language": "en", "status": "published", **STORY}
    headers = {"idempotency-key": "once"}
    story = newsroom.call("POST", "/articles", json=document, headers=headers).json()
    story = newsroom.patch(story, slug="a-quokkaphone", status="published")
    clock.advance(minutes=1)
    changes = {"summary": "Of another mumpsimus."}
    note = "It was no xylotomy."
    story = newsroom.verb(story, "correct", note=note, changes=changes)
    newsroom.verb(story, "preview")
    with services.database.write() as session:
        session.execute(insert(PushDelivery), [_delivery(story)])
    return story


@pytest.mark.slow
def test_no_byte_of_an_erased_story_is_left(
    shell: Shell, services: Services, newsroom: Newsroom, clock: HandClock, tmp_path: Path
) -> None:
    story, other = (
        create_with_history(newsroom, services, clock),
        newsroom.story("Another", tags=["bees"]),
    )
    index = IndexUpdater(services.index, services.delivery)
    while index.step():
        pass
    index.close()
    assert leftovers(services.database, tmp_path / "search") == list(WORDS)
    assert "Backups keep it" in shell.run_ok("erase", story["slug"]).text
    assert leftovers(services.database, tmp_path / "search") == []
    assert newsroom.call("GET", f"/articles/{story['id']}").status_code == 404
    assert newsroom.call("GET", f"/articles/{other['id']}").status_code == 200
    rows = newsroom.call("GET", f"/audit?subject={story['id']}").json()["data"]
    assert [row["verb"] for row in rows][:2] == ["erased", "created"]
    assert all(row["before"] is row["after"] is None for row in rows if row["type"] == "article")
    assert list_inconsistencies(services) == []
    assert shell.run_ok("check").text.startswith("Sound")


@pytest.mark.parametrize(
    "filters", ["", "author=Philomena%20Quistgaard", "tag=xylotomy", "language=en"]
)
def test_sync_clients_receive_the_erasure_of_a_story(
    shell: Shell, newsroom: Newsroom, client: TestClient, filters: str
) -> None:
    app = OfflineApp(client, filters)
    story = newsroom.story(**STORY)
    app.catch_up()
    assert app.copies["article"].keys() == {story["id"]}
    shell.run_ok("erase", story["id"])
    assert [(item["id"], item["reason"]) for item in app.catch_up()] == [(story["id"], "deleted")]
    newsroom.story("A later story", authors=STORY["authors"], tags=["xylotomy"])
    assert [item["op"] for item in app.catch_up()] == ["upsert"]
    assert app.refusals == []


def test_clients_with_embargo_access_receive_the_erasure_too(
    shell: Shell, services: Services, newsroom: Newsroom, client: TestClient
) -> None:
    headers = embargo_key(services)
    partner, public = OfflineApp(client, headers=headers), OfflineApp(client)
    filtered = OfflineApp(client, "tag=xylotomy", headers=headers)
    story = newsroom.story(embargo_until="2100-01-01T00:00:00Z", **STORY)
    for app in (partner, public, filtered):
        app.catch_up()
    shell.run_ok("erase", story["id"])
    gone = [(story["id"], "deleted")]
    assert [(item["id"], item["reason"]) for item in partner.catch_up()] == gone
    assert [(item["id"], item["reason"]) for item in filtered.catch_up()] == gone
    assert public.catch_up() == []
    assert list_inconsistencies(services) == []


@pytest.mark.parametrize("filters", ["author=Philomena%20Quistgaard", "tag=xylotomy"])
def test_no_cached_list_shows_an_erased_story(
    shell: Shell, newsroom: Newsroom, client: TestClient, filters: str
) -> None:
    story = newsroom.story(**STORY)
    for _ in range(2):
        assert len(client.get(f"/v1/articles?{filters}").json()["data"]) == 1
    shell.run_ok("erase", story["id"])
    assert client.get(f"/v1/articles?{filters}").json()["data"] == []
    assert client.get(f"/v1/articles/{story['slug']}").status_code == 404


@pytest.mark.parametrize("end", ["kill", "unpublish", "delete", "draft"])
def test_a_story_is_erased_in_every_state(
    shell: Shell, services: Services, newsroom: Newsroom, client: TestClient, end: str
) -> None:
    story = newsroom.article(**STORY) if end == "draft" else newsroom.story(**STORY)
    if end == "kill":
        story = newsroom.verb(story, "kill", notice="Of a mumpsimus.")
    elif end == "unpublish":
        story = newsroom.verb(story, "unpublish", answer="gone", notice="A xylotomy.")
    elif end == "delete":
        newsroom.delete(story)
    shell.run_ok("erase", story["id"])
    assert client.get(f"/v1/articles/{story['id']}").status_code == 404
    assert leftovers(services.database, Path("/nowhere")) == []
    assert list_inconsistencies(services) == []


def test_a_slug_of_an_erased_story_is_free_again(shell: Shell, newsroom: Newsroom) -> None:
    story = newsroom.story(**STORY)
    shell.run_ok("erase", story["id"])
    assert newsroom.story(**STORY)["slug"] == story["slug"]


def test_purge_and_erase_refuse_an_unknown_story(shell: Shell, newsroom: Newsroom) -> None:
    story = newsroom.story("A story")
    assert "Delete it before" in shell.run_refused("purge", story["slug"])
    for command in ("purge", "erase"):
        assert "There is no article" in shell.run_refused(command, "nothing")
    newsroom.delete(story)
    assert shell.run_ok("purge", story["slug"]).text == f"Purged {story['slug']}.\n"


NAMED: dict[str, Any] = {
    **STORY,
    "title": "Philomena Quistgaard at the harbour",
    "body": "<p>Said PHILOMENA\u00a0QUISTGAARD on Tuesday &amp; left.</p>",
    "tags": ["Philomena Quistgaard", "bees"],
    "authors": [{"name": "Philomena Quistgaard"}, {"name": "Noor Haddad"}],
    "slug": "the-harbour",
}


NAMED_PERSON = "Philomena Quistgaard"


def has_name(database: Database, search: Path) -> bool:
    """Whether the name occurs anywhere."""
    stored = b"\n".join(_read_all_bytes(database, search)).lower()
    return any(f"philomena{space}quistgaard".encode() in stored for space in (" ", "\u00a0"))


@pytest.mark.slow
def test_no_byte_of_an_erased_name_is_left(
    shell: Shell, services: Services, newsroom: Newsroom, client: TestClient, tmp_path: Path
) -> None:
    document = {"language": "en", "status": "published", **NAMED}
    headers = {"idempotency-key": "once"}
    story = newsroom.call("POST", "/articles", json=document, headers=headers).json()
    newsroom.patch(story, title="Philomena Quistgaard, ahead of the public copy")
    other, draft = newsroom.story("Other"), newsroom.article(**NAMED | {"slug": "draft"})
    killed = newsroom.story(**NAMED | {"slug": "killed"})
    newsroom.verb(killed, "kill", notice="Philomena Quistgaard was not there.")
    who = Identity("https://login.example", "1", NAMED_PERSON, Scope.write, bytes(32), "/")
    services.runner.run(Actor(None, who.name), lambda unit: sign_in_person(unit, who, None))
    index = IndexUpdater(services.index, services.delivery)
    while index.step():
        pass
    index.close()
    apps = [OfflineApp(client, item) for item in ("", "author=Philomena%20Quistgaard", "tag=bees")]
    for app in apps:
        app.catch_up()
    assert has_name(services.database, tmp_path / "search")
    ended = shell.run_ok("erase", "--name", "philomena quistgaard")
    assert ended.text.startswith("Erased the name from 3 stories and "), ended
    assert ended.err == ""
    assert not has_name(services.database, tmp_path / "search")
    for app, reason in zip(apps, ("updated", "left", "updated"), strict=True):
        assert [(item["id"], item["reason"]) for item in app.catch_up()] == [(story["id"], reason)]
    shown = client.get("/v1/articles/the-harbour").json()
    assert (shown["title"], shown["tags"]) == ("[…] at the harbour", ["bees"])
    assert [author["name"] for author in shown["authors"]] == ["Noor Haddad"]
    assert shown["body_text"] == "Said […] on Tuesday & left."
    for entry, version in ((story, 2), (other, 1), (draft, 1)):
        assert newsroom.call("GET", f"/articles/{entry['id']}").json()["version"] == version
    assert list_inconsistencies(services) == []
    assert shell.run_ok("check").text.startswith("Sound")


def test_remaining_uses_of_an_erased_name_are_reported(shell: Shell, newsroom: Newsroom) -> None:
    newsroom.source("Philomena Quistgaard")
    newsroom.story("By Philomena Quistgaard")
    message = shell.run_ok("erase", "--name", "Philomena Quistgaard").err
    for table in ("sources (1)", "articles (1)", "public_slugs (2)", "documents (1)"):
        assert table in message


@pytest.mark.parametrize("words", [[], ["ref", "--name", "Philomena"], ["--name", "Ed"]])
def test_erase_takes_a_story_or_a_name(shell: Shell, words: list[str]) -> None:
    assert shell.run_refused("erase", *words)
