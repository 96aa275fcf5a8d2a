"""The newsroom learns which partner received a story, in which version, and its removal."""

from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from app.api.app import create_app
from app.bootstrap import Services
from app.kit.errors import DatabaseUnavailable
from app.partners import receipts
from app.partners.receipts import Receipts
from app.partners.sent_story import REMOVED, SentStory
from app.partners.store.receipts import load_receipts
from app.settings import Settings
from tests.clock import HandClock
from tests.conftest import key_for
from tests.newsroom import Newsroom
from tests.push.conftest import Pushing
from tests.receiver import receiving
from tests.server.serving import port_of, serve
from tests.sync.stream_client import StreamClient

PARTNER = "01900000-0000-7000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner, and the headers of its key."""

    id: str
    headers: dict[str, str]


def add_partner(newsroom: Newsroom, slug: str, **terms: Any) -> Partner:
    """Create a partner with one product, and a key."""
    product = {"name": slug, "slug": slug, "filter": {}, "form": "full", **terms}
    assert newsroom.call("POST", "/products", json=product).is_success
    written = {"name": slug, "slug": slug, "products": [slug]}
    partner = newsroom.call("POST", "/partners", json=written).json()
    key = newsroom.call("POST", "/keys", json={"name": slug, "scopes": ["read"], "partner": slug})
    return Partner(partner["id"], {"authorization": f"Bearer {key.json()['key']}"})


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment that may send to webhooks on this machine."""
    return Settings(database_url=database_url, push_networks="127.0.0.0/8")


@pytest.fixture
def north(newsroom: Newsroom) -> Partner:
    return add_partner(newsroom, "north")


def recipients(newsroom: Newsroom, services: Services, story: dict[str, Any]) -> list[Any]:
    """Write the receipts, and return the recipients of a story."""
    services.receipts.write(services.receipts.take())
    answer = newsroom.call("GET", f"/articles/{story['id']}/recipients")
    assert answer.status_code == 200, answer.text
    rows: list[Any] = answer.json()["data"]
    return rows


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
    newsroom: Newsroom, services: Services, client: TestClient, north: Partner
) -> None:
    story = newsroom.story("Hives", slug="hives", tags=["bees"], body="<p>Bees in hives.</p>")
    newsroom.story("Frost", slug="frost", tags=["bees"], body="<p>Bees in hives, and frost.</p>")
    for path, (route, form) in ROUTES.items():
        assert client.get(path, headers=north.headers).status_code == 200
        (recipient,) = recipients(newsroom, services, story)
        assert (recipient["route"], recipient["form"], recipient["version"]) == (route, form, 1), (
            path
        )
        assert (recipient["partner_id"], recipient["partner"]) == (north.id, "north")
    for path in ROUTES:
        client.get(path)
    assert len(recipients(newsroom, services, story)) == 1


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_preview_for_administrators_gives_no_receipt(
    newsroom: Newsroom, services: Services, north: Partner
) -> None:
    story = newsroom.story("Hives")
    answer = newsroom.call("GET", "/partners/north/preview?path=%2Fv1%2Fheadlines")
    assert [row["id"] for row in answer.json()["data"]] == [story["id"]]
    assert recipients(newsroom, services, story) == []


def test_an_answer_from_the_cache_gives_a_receipt(
    newsroom: Newsroom,
    services: Services,
    client: TestClient,
    clock: HandClock,
    north: Partner,
) -> None:
    south, story = add_partner(newsroom, "south"), newsroom.story("Hives")
    client.get("/v1/headlines", headers={"authorization": f"Bearer {key_for(services, 'read')}"})
    client.get("/v1/headlines", headers=north.headers)
    with patch("app.api.delivery.story_lists._answer_list", side_effect=AssertionError):
        clock.advance(minutes=1)
        answer = client.get("/v1/headlines", headers=south.headers)
        clock.advance(minutes=1)
        conditional = {**north.headers, "if-none-match": answer.headers["etag"]}
        assert client.get("/v1/headlines", headers=conditional).status_code == 304
        clock.advance(minutes=1)
        refused = {**north.headers, "if-match": '"other"'}
        assert client.get("/v1/headlines", headers=refused).status_code == 412
        assert client.head("/v1/headlines", headers=north.headers).status_code == 200
    by_partner = {row["partner"]: row for row in recipients(newsroom, services, story)}
    assert [row["last_at"][14:16] for row in (by_partner["south"], by_partner["north"])] == [
        "01",
        "02",
    ]
    assert [row["first_at"][14:16] for row in (by_partner["south"], by_partner["north"])] == [
        "01",
        "00",
    ]
    path = f"/articles/{story['id']}/recipients?limit=1"
    first = newsroom.call("GET", path).json()
    second = newsroom.call("GET", f"{path}&cursor={first['page']['next']}").json()
    assert {row["partner"] for page in (first, second) for row in page["data"]} == set(by_partner)


def test_a_partner_receives_new_versions_and_the_removal(
    newsroom: Newsroom,
    services: Services,
    client: TestClient,
    clock: HandClock,
    north: Partner,
) -> None:
    story = newsroom.story("Hives")
    changes = client.get("/v1/changes", headers=north.headers).json()
    (first,) = recipients(newsroom, services, story)
    assert (first["version"], first["removal"]) == (1, "none")
    clock.advance(minutes=5)
    story = newsroom.verb(story, "correct", note="N.", changes={"title": "Bees"})
    assert recipients(newsroom, services, story) == [first]
    path = f"/v1/changes?cursor={changes['cursor']}"
    changes = client.get(path, headers=north.headers).json()
    (recipient,) = recipients(newsroom, services, story)
    assert (recipient["first_at"], recipient["version"]) == (first["first_at"], 2)
    assert recipient["last_at"] > first["last_at"]
    newsroom.verb(story, "kill", notice="Wrong.")
    assert recipients(newsroom, services, story)[0]["removal"] == "pending"
    clock.advance(minutes=5)
    path = f"/v1/changes?cursor={changes['cursor']}"
    removed = client.get(path, headers=north.headers).json()
    assert [entry["op"] for entry in removed["data"]] == ["remove"]
    (recipient,) = recipients(newsroom, services, story)
    assert (recipient["removal"], recipient["removal_route"]) == ("received", "/v1/changes")
    assert recipient["removal_at"] > recipient["last_at"]
    answer = client.get(f"/v1/articles/{story['id']}", headers=north.headers)
    assert answer.status_code == 410
    assert recipients(newsroom, services, story) == [recipient], "the first removal counts"


def test_a_410_is_a_removal_for_recipients_of_the_story(
    newsroom: Newsroom, services: Services, client: TestClient, clock: HandClock
) -> None:
    story = newsroom.story("Hives", slug="hives")
    north = add_partner(newsroom, "north", form="headline")
    south = add_partner(newsroom, "south")
    client.get("/v1/articles/hives", headers=north.headers)
    assert recipients(newsroom, services, story)[0]["form"] == "headline"
    clock.advance(minutes=1)
    story = newsroom.verb(story, "unpublish", answer="gone", notice="N.")
    for partner in (north, south):
        assert client.get("/v1/articles/hives", headers=partner.headers).status_code == 410
    (recipient,) = recipients(newsroom, services, story)
    assert (recipient["removal"], recipient["removal_route"]) == ("received", "/v1/articles/{ref}")
    clock.advance(minutes=1)
    story = newsroom.verb(story, "publish")
    client.get("/v1/articles/hives", headers=north.headers)
    (recipient,) = recipients(newsroom, services, story)
    assert (recipient["removal"], recipient["removal_at"]) == ("none", None)
    newsroom.delete(story)
    story = newsroom.call("GET", f"/articles/{story['id']}").json()
    version = {"if-match": f'"v{story["version"]}"'}
    services.receipts.add(PARTNER, [SentStory(story["id"], 9, "full")], "/v1/articles")
    assert newsroom.call("POST", f"/articles/{story['id']}/purge", headers=version).is_success
    services.receipts.write(services.receipts.take())
    with services.database.read() as session:
        assert load_receipts(session, story["id"], None, 9, backwards=False) == []


def test_a_webhook_gives_receipts(
    newsroom: Newsroom, services: Services, client: TestClient, clock: HandClock
) -> None:
    pushing = Pushing(services, newsroom)
    with receiving() as receiver:
        for slug, shown in (("north", {"document": True}), ("south", {})):
            add_partner(newsroom, slug)
            key = {"name": slug, "scopes": ["webhooks"], "partner": slug}
            headers = {"x-api-key": newsroom.call("POST", "/keys", json=key).json()["key"]}
            webhook = {"url": receiver.url, "events": ["*"], **shown}
            assert client.post("/v1/me/webhooks", json=webhook, headers=headers).is_success
        receiver.answer = lambda _: 500
        story = newsroom.story("Hives")
        pushing.settle()
        assert recipients(newsroom, services, story) == []
        receiver.answer = lambda _: 204
        story = newsroom.patch(story, title="Bees", status="published")
        newsroom.source("A source")
        clock.advance(minutes=30)
        pushing.settle()
        by_partner = {row["partner"]: row for row in recipients(newsroom, services, story)}
        assert {slug: row["form"] for slug, row in by_partner.items()} == {
            "north": "full",
            "south": "headline",
        }
        assert {(row["route"], row["version"]) for row in by_partner.values()} == {("webhook", 2)}
        newsroom.verb(story, "kill", notice="Wrong.")
        pushing.settle()
    for row in recipients(newsroom, services, story):
        assert (row["removal"], row["removal_route"]) == ("received", "webhook")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_stream_gives_receipts(newsroom: Newsroom, services: Services, north: Partner) -> None:
    with serve(create_app(services)) as server:
        streams = [
            StreamClient(port_of(server), **headers).wait_for_start()
            for headers in (north.headers, {})
        ]
        story = newsroom.story("Hives")
        assert [stream.next().name for stream in streams] == ["upsert", "upsert"]
        newsroom.verb(story, "kill", notice="Wrong.")
        assert [stream.next().name for stream in streams] == ["remove", "remove"]
        for stream in streams:
            stream.close()
    (recipient,) = recipients(newsroom, services, story)
    assert (recipient["partner"], recipient["route"]) == ("north", "/v1/stream")
    assert (recipient["form"], recipient["version"]) == ("full", 1)
    assert (recipient["removal"], recipient["removal_route"]) == ("received", "/v1/stream")


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
    late.write(late.take())
    early.write(early.take())
    (recipient,) = recipients(newsroom, services, story)
    assert (recipient["version"], recipient["form"], recipient["route"]) == (
        2,
        "headline",
        "/v1/search",
    )
    assert recipient["removal"] == "received"
    assert recipient["first_at"] < recipient["last_at"] < recipient["removal_at"]


def test_receipts_stay_in_memory_while_they_cannot_be_written(
    newsroom: Newsroom, services: Services, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    stories = [newsroom.story(f"Story {number}") for number in range(3)]
    sent = [[SentStory(story["id"], 1, "full")] for story in stories]
    down = DatabaseUnavailable("Down.")
    with (
        patch.object(receipts, "MOST_PENDING", 2),
        patch.object(receipts, "write_receipts", side_effect=down),
    ):
        # The limit holds from the next write on.
        services.receipts.write(services.receipts.take())
        for shown in sent:
            services.receipts.add(PARTNER, shown, "/v1/changes")
        with pytest.raises(DatabaseUnavailable):
            services.usage.write_if_due()
        clock.advance(seconds=5)
        services.receipts.add(PARTNER, sent[0], "/v1/changes")
        with pytest.raises(DatabaseUnavailable):
            services.usage.write_if_due()
    assert "receipts of partners are lost" in caplog.text
    rows = [recipients(newsroom, services, story) for story in stories]
    assert [len(row) for row in rows] == [1, 1, 0]
    assert rows[0][0]["first_at"] < rows[0][0]["last_at"]


def test_only_an_admin_sees_the_recipients(
    newsroom: Newsroom, services: Services, client: TestClient
) -> None:
    story = newsroom.story("Hives")
    editor = Newsroom(client, key_for(services, "publish"))
    assert editor.call("GET", f"/articles/{story['id']}/recipients").status_code == 403
    assert newsroom.call("GET", "/articles/nothing/recipients").status_code == 404
