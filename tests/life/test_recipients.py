"""The newsroom learns which partner received a story, in which version, and its removal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from app.access.caller import Caller
from app.access.entitlement import HEADLINES, PUBLIC, Entitlement
from app.access.keys import verify_key
from app.bootstrap import Services
from app.kit.errors import DatabaseUnavailable
from app.partners import receipts
from app.partners.receipts import Receipts
from app.partners.sent_story import REMOVED, SentStory
from app.partners.store.receipts import load_receipts
from tests.clock import HandClock
from tests.conftest import key_for
from tests.newsroom import Newsroom

PARTNER, OTHER = "01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002"


@contextmanager
def partner(
    services: Services, id_: str | None = PARTNER, entitlement: Entitlement = PUBLIC
) -> Iterator[dict[str, str]]:
    """Let a key belong to a partner, and yield its headers."""
    key = key_for(services, "read")

    def verify(*asked: Any, **named: Any) -> Caller:
        caller = verify_key(*asked, **named)
        if asked[1] != key:
            return caller
        return replace(caller, partner_id=id_, entitlement=entitlement)

    with patch("app.access.keys.verify_key", verify):
        yield {"authorization": f"Bearer {key}"}


def recipients(newsroom: Newsroom, services: Services, story: dict[str, Any]) -> list[Any]:
    """Write the receipts, and return the recipients of a story."""
    services.receipts.write()
    answer = newsroom.call("GET", f"/articles/{story['id']}/recipients")
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["data"]
    return found


ROUTES = {
    "/v1/headlines": ("/v1/headlines", "headline"),
    "/v1/headlines?fields=title": ("/v1/headlines", "headline"),
    "/v1/articles": ("/v1/articles", "headline"),
    "/v1/articles?include=body": ("/v1/articles", "full"),
    "/v1/articles/hives": ("/v1/articles/{ref}", "full"),
    "/v1/articles/hives.md": ("/v1/articles/{ref}.{ext}", "full"),
    "/v1/search?q=hives": ("/v1/search", "headline"),
    "/v1/articles/frost/related": ("/v1/articles/{ref}/related", "headline"),
    "/v1/changes": ("/v1/changes", "full"),
    **{f"/feeds/latest.{ext}": ("/feeds/latest.{ext}", "full") for ext in ("rss", "atom", "csv")},
}


def test_every_route_that_shows_stories_gives_receipts(
    newsroom: Newsroom, services: Services, client: TestClient
) -> None:
    story = newsroom.story("Hives", slug="hives", tags=["bees"], body="<p>Bees in hives.</p>")
    newsroom.story("Frost", slug="frost", tags=["bees"], body="<p>Bees in hives, and frost.</p>")
    with partner(services) as headers:
        for path, (route, form) in ROUTES.items():
            services.receipts.write()
            assert client.get(path, headers=headers).status_code == 200
            (found,) = recipients(newsroom, services, story)
            assert (found["route"], found["form"], found["version"]) == (route, form, 1), path
            assert (found["partner_id"], found["removal"]) == (PARTNER, "none")
    for path in ROUTES:
        client.get(path)
    assert len(recipients(newsroom, services, story)) == 1


def test_an_answer_from_the_cache_gives_a_receipt(
    newsroom: Newsroom, services: Services, client: TestClient, clock: HandClock
) -> None:
    story = newsroom.story("Hives")
    client.get("/v1/headlines", headers={"authorization": f"Bearer {key_for(services, 'read')}"})
    for id_ in (PARTNER, OTHER):
        with (
            partner(services, id_) as headers,
            patch("app.api.delivery.story_lists._answer_list", side_effect=AssertionError),
        ):
            clock.advance(minutes=1)
            answer = client.get("/v1/headlines", headers=headers)
            assert client.head("/v1/headlines", headers=headers).status_code == 200
            headers |= {"if-none-match": answer.headers["etag"]}
            assert client.get("/v1/headlines", headers=headers).status_code == 304
    found = recipients(newsroom, services, story)
    assert [row["partner_id"] for row in found] == [PARTNER, OTHER]
    assert found[0]["last_at"] < found[1]["last_at"]
    first = newsroom.call("GET", f"/articles/{story['id']}/recipients?limit=1").json()
    path = f"/articles/{story['id']}/recipients?limit=1&cursor={first['page']['next']}"
    second = newsroom.call("GET", path).json()
    assert [first["data"], second["data"]] == [found[:1], found[1:]]


def test_a_partner_receives_new_versions_and_the_removal(
    newsroom: Newsroom, services: Services, client: TestClient, clock: HandClock
) -> None:
    story = newsroom.story("Hives")
    with partner(services) as headers:
        changes = client.get("/v1/changes", headers=headers).json()
        first = recipients(newsroom, services, story)[0]
        clock.advance(minutes=5)
        story = newsroom.verb(story, "correct", note="N.", changes={"title": "Bees"})
        assert recipients(newsroom, services, story) == [first]
        changes = client.get(f"/v1/changes?cursor={changes['cursor']}", headers=headers).json()
        (found,) = recipients(newsroom, services, story)
        assert (found["first_at"], found["version"]) == (first["first_at"], 2)
        assert found["last_at"] > first["last_at"]
        newsroom.verb(story, "kill", notice="Wrong.")
        assert recipients(newsroom, services, story)[0]["removal"] == "pending"
        clock.advance(minutes=5)
        removed = client.get(f"/v1/changes?cursor={changes['cursor']}", headers=headers).json()
        assert [entry["op"] for entry in removed["data"]] == ["remove"]
        (found,) = recipients(newsroom, services, story)
        assert (found["removal"], found["removal_route"]) == ("received", "/v1/changes")
        assert found["removal_at"] > found["last_at"]
        assert client.get(f"/v1/articles/{story['id']}", headers=headers).status_code == 410
        assert recipients(newsroom, services, story) == [found], "the first removal counts"


def test_a_410_is_a_removal_for_those_who_had_the_story(
    newsroom: Newsroom, services: Services, client: TestClient, clock: HandClock
) -> None:
    story = newsroom.story("Hives", slug="hives")
    with partner(services, entitlement=HEADLINES) as headers:
        client.get("/v1/articles/hives", headers=headers)
        assert recipients(newsroom, services, story)[0]["form"] == "headline"
        story = newsroom.verb(story, "unpublish", answer="gone", notice="N.")
        assert client.get("/v1/articles/hives", headers=headers).status_code == 410
        with partner(services, OTHER) as others:
            assert client.get("/v1/articles/hives", headers=others).status_code == 410
        (found,) = recipients(newsroom, services, story)
        assert (found["removal"], found["removal_route"]) == ("received", "/v1/articles/{ref}")
        clock.advance(minutes=1)
        story = newsroom.verb(story, "publish")
        client.get("/v1/articles/hives", headers=headers)
        (found,) = recipients(newsroom, services, story)
        assert (found["removal"], found["removal_at"]) == ("none", None)
    newsroom.delete(story)
    story = newsroom.call("GET", f"/articles/{story['id']}").json()
    purged = {"if-match": f'"v{story["version"]}"'}
    services.receipts.add(OTHER, [SentStory(story["id"], 9, "full")], "/v1/articles")
    assert newsroom.call("POST", f"/articles/{story['id']}/purge", headers=purged).is_success
    services.receipts.write()
    with services.database.read() as session:
        assert load_receipts(session, story["id"], None, 9, backwards=False) == []


def test_batches_may_arrive_in_another_order(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    story = newsroom.story("Hives")
    early, late = (Receipts(services.database, clock) for _ in range(2))
    early.add(PARTNER, [SentStory(story["id"], 1, "full")], "/v1/changes")
    clock.advance(minutes=1)
    late.add(PARTNER, [SentStory(story["id"], 2, "headline")], "/v1/search")
    clock.advance(minutes=1)
    late.add(PARTNER, [SentStory(story["id"], 0, REMOVED)], "/v1/changes")
    late.write()
    early.write()
    (found,) = recipients(newsroom, services, story)
    assert (found["version"], found["form"], found["route"]) == (2, "headline", "/v1/search")
    assert found["removal"] == "received"
    assert found["first_at"] < found["last_at"] < found["removal_at"]


def test_receipts_are_kept_while_they_cannot_be_written(
    newsroom: Newsroom, services: Services, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    stories = [newsroom.story(f"Story {number}") for number in range(3)]
    sent = [SentStory(story["id"], 1, "full") for story in stories]
    down = DatabaseUnavailable("Down.")
    with (
        patch.object(receipts, "MOST_PENDING", 2),
        patch.object(receipts, "write_receipts", side_effect=down),
    ):
        services.receipts.add(PARTNER, sent, "/v1/changes")
        with pytest.raises(DatabaseUnavailable):
            services.receipts.write_if_due()
        services.receipts.write_if_due()
        clock.advance(seconds=5)
        with pytest.raises(DatabaseUnavailable):
            services.receipts.write_if_due()
    assert [record.message for record in caplog.records if "lost" in record.message] == [
        "receipts of partners are lost: they cannot be written at present"
    ]
    assert [len(recipients(newsroom, services, story)) for story in stories] == [1, 1, 0]


def test_only_an_admin_sees_the_recipients(
    newsroom: Newsroom, services: Services, client: TestClient
) -> None:
    story = newsroom.story("Hives")
    editor = Newsroom(client, key_for(services, "publish"))
    assert editor.call("GET", f"/articles/{story['id']}/recipients").status_code == 403
    assert newsroom.call("GET", "/articles/nothing/recipients").status_code == 404
