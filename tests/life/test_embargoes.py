"""Only keys with embargo access read a story under embargo."""

from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app.api.schemas import reading
from app.bootstrap import Services
from app.delivery.models import StoryTombstone
from app.worker import log_due_changes
from tests.api.reading import titles
from tests.clock import HandClock
from tests.life.log import reasons
from tests.newsroom import Newsroom
from tests.transfer.helpers import list_inconsistencies

UNTIL = "2026-11-22T18:00:00Z"


class Reader:
    """A client whose key has embargo access."""

    def __init__(self, newsroom: Newsroom) -> None:
        body = {"name": "partner", "scopes": ["read"], "embargoed": True}
        new_key = newsroom.call("POST", "/keys", json=body).json()
        assert new_key["embargoed"] is True
        self._client = newsroom.client
        self.headers = {"authorization": f"Bearer {new_key['key']}"}

    def get(self, path: str, **headers: str) -> Any:
        return self._client.get(path, headers=self.headers | headers)

    def titles(self, path: str = "/v1/headlines") -> list[str]:
        return [story["title"] for story in self.get(path).json()["data"]]


@pytest.fixture
def entitled(newsroom: Newsroom) -> Reader:
    return Reader(newsroom)


def test_a_key_with_embargo_access_reads_a_story_under_embargo(
    newsroom: Newsroom, client: TestClient, entitled: Reader, clock: HandClock
) -> None:
    assert entitled.titles() == titles(client) == []
    story = newsroom.story("Held", embargo_until=UNTIL, tags=["t"])
    assert entitled.titles() == ["Held"]
    assert entitled.titles("/v1/articles?tag=t&sort=published_at") == ["Held"]
    whole = entitled.get(f"/v1/articles/{story['slug']}").json()
    assert (whole["embargoed"], whole["embargo_until"]) == (True, UNTIL)
    assert whole["published_at"] == UNTIL
    clock.advance(hours=6)
    assert titles(client) == entitled.titles() == ["Held"]
    assert "embargoed" not in entitled.get("/v1/articles/held").json()


def test_other_readers_get_a_404_for_a_story_under_embargo(
    newsroom: Newsroom, client: TestClient, entitled: Reader, services: Services
) -> None:
    public = newsroom.story("Public")
    before = {path: client.get(path) for path in _paths()}
    held = newsroom.story("Held", embargo_until=UNTIL, translation_of=public["id"], language="fr")
    newsroom.verb(newsroom.patch(held, summary="S"), "publish")
    for path, answer in before.items():
        now = client.get(path)
        assert now.content == answer.content, path
        assert dict(now.headers) | _ANY == dict(answer.headers) | _ANY, path
    assert reasons(services) == ["published"]
    for ref in (held["id"], held["slug"]):
        nothing, hidden = client.get("/v1/articles/none"), client.get(f"/v1/articles/{ref}")
        assert hidden.json() | {"request_id": ""} == nothing.json() | {"request_id": ""}
    assert [
        translation["id"]
        for translation in entitled.get("/v1/articles/public").json()["translations"]
    ] == [held["id"]]


_ANY = {"x-request-id": ""}


def _paths() -> list[str]:
    return [
        "/v1/headlines?count=exact",
        "/v1/articles?include=body&count=estimated",
        "/v1/articles?language=fr&count=exact",
        "/v1/headlines?updated_after=2020-01-01&sort=updated_at",
        "/v1/articles/public",
    ]


@pytest.mark.parametrize(("answer", "status"), [("not_found", 404), ("gone", 410)])
def test_a_withdrawn_story_under_embargo_is_offered_again_immediately(
    newsroom: Newsroom, client: TestClient, entitled: Reader, answer: str, status: int
) -> None:
    story = newsroom.story("Held", embargo_until=UNTIL)
    story = newsroom.verb(story, "unpublish", answer=answer)
    assert (story["published_at"], entitled.titles()) == (None, [])
    story = newsroom.verb(story, "publish")
    assert (story["state"], story["published_at"]) == ("scheduled", UNTIL)
    newsroom.verb(newsroom.delete(story).json(), "restore")
    assert entitled.get("/v1/articles/held").status_code == status
    newsroom.call("POST", "/articles/held/publish", headers={"if-match": "*"})
    assert entitled.get("/v1/articles/held").status_code == 200
    assert client.get("/v1/articles/held").status_code == 404


def test_a_story_is_offered_at_its_requested_publication_time(
    newsroom: Newsroom, entitled: Reader, client: TestClient, clock: HandClock
) -> None:
    story = newsroom.article("Held", embargo_until=UNTIL)
    story = newsroom.verb(story, "schedule", at="2026-11-22T15:00:00Z")
    assert (story["published_at"], entitled.titles()) == (UNTIL, [])
    clock.advance(hours=3)
    assert (entitled.titles(), titles(client)) == (["Held"], [])
    story = newsroom.verb(newsroom.patch(story, summary="S"), "publish")
    assert (entitled.titles(), story["published_at"]) == (["Held"], UNTIL)
    later = newsroom.patch(story, embargo_until="2026-11-22T20:00:00Z", status="published")
    assert (entitled.titles(), later["published_at"]) == (["Held"], "2026-11-22T20:00:00Z")
    lifted = newsroom.patch(later, embargo_until=None, status="published")
    assert lifted["published_at"] == "2026-11-22T15:00:00Z"
    assert titles(client) == ["Held"]


def test_lists_and_counts_include_embargoed_stories_with_embargo_access_only(
    newsroom: Newsroom, entitled: Reader, client: TestClient
) -> None:
    newsroom.category("World")
    for number in range(3):
        newsroom.story(f"Held {number}", embargo_until=UNTIL, categories=["world"])
        newsroom.story(f"Out {number}", categories=["world"])
    for path in ("/v1/headlines", "/v1/articles", "/v1/headlines?category=world"):
        joint = "&" if "?" in path else "?"
        page = entitled.get(f"{path}{joint}count=exact&limit=4").json()
        rest = entitled.get(f"{path}{joint}limit=4&cursor={page['page']['next']}").json()
        listed_titles = [story["title"] for story in page["data"] + rest["data"]]
        assert (page["page"]["count"], len(listed_titles), len(set(listed_titles))) == (6, 6, 6)
        assert client.get(f"{path}{joint}count=exact").json()["page"]["count"] == 3
        public = client.get(f"{path}{joint}limit=4&cursor={page['page']['next']}")
        assert "Held" not in public.text


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_every_form_of_a_story_has_its_embargo(newsroom: Newsroom, entitled: Reader) -> None:
    newsroom.story("Held", embargo_until=UNTIL)
    newsroom.story("Out")
    for path, model in (
        ("/v1/headlines", reading.HeadlinePage),
        ("/v1/articles", reading.StoryPage),
        ("/v1/articles?include=body", reading.StoryPage),
    ):
        answer = entitled.get(path).json()
        assert model.model_validate(answer).model_dump(exclude_unset=True) == answer
        assert [story.get("embargoed") for story in answer["data"]] == [True, None]
    (held, out) = entitled.get("/v1/headlines?fields=title").json()["data"]
    assert held == {"title": "Held", "embargoed": True, "embargo_until": UNTIL}
    assert out == {"title": "Out"}
    assert entitled.get("/v1/me").json()["embargoed"] is True


def test_answers_with_embargoed_stories_are_not_cached(
    newsroom: Newsroom, entitled: Reader, client: TestClient
) -> None:
    story = newsroom.story("Held", embargo_until=UNTIL)
    answer = entitled.get("/v1/articles/held")
    assert answer.headers["cache-control"].startswith("private, max-age=0")
    assert "last-modified" not in answer.headers
    tag = answer.headers["etag"]
    assert entitled.get("/v1/articles/held", **{"if-none-match": tag}).status_code == 304
    newsroom.verb(newsroom.patch(story, title="Changed"), "publish")
    again = entitled.get("/v1/articles/held", **{"if-none-match": tag})
    assert (again.status_code, again.json()["title"]) == (200, "Changed")
    assert client.get("/v1/articles/held").status_code == 404
    plain = newsroom.call("GET", "/keys").json()["data"]
    assert [element["embargoed"] for element in plain] == [False, True]


def test_a_kill_under_embargo_reaches_readers_with_embargo_access(
    newsroom: Newsroom,
    client: TestClient,
    entitled: Reader,
    services: Services,
    clock: HandClock,
) -> None:
    story = newsroom.story("Held", embargo_until=UNTIL)
    newsroom.verb(story, "kill", notice="Wrong.")
    for ref in ("held", story["id"]):
        answer = entitled.get(f"/v1/articles/{ref}")
        assert (answer.status_code, answer.json()["detail"]) == (410, "Wrong.")
    clock.advance(days=1)
    log_due_changes(services)
    for ref in ("held", story["id"]):
        assert client.get(f"/v1/articles/{ref}").status_code == 404
    assert (reasons(services), list_inconsistencies(services)) == ([], [])


def test_a_kill_reaches_readers_of_a_story_unpublished_without_notice(
    newsroom: Newsroom, client: TestClient, entitled: Reader, services: Services
) -> None:
    story = newsroom.story("Held", embargo_until=UNTIL)
    story = newsroom.verb(story, "unpublish")
    assert entitled.get("/v1/articles/held").status_code == 404
    assert list_inconsistencies(services) == []
    newsroom.verb(story, "kill", notice="Wrong.")
    answer = entitled.get("/v1/articles/held")
    assert (answer.status_code, answer.json()["detail"]) == (410, "Wrong.")
    assert client.get("/v1/articles/held").status_code == 404
    assert (reasons(services), list_inconsistencies(services)) == ([], [])


def _create_removed_story(
    newsroom: Newsroom, how: str, clock: HandClock, services: Services
) -> Any:
    """Return a story that was under embargo, and is now hidden from all readers."""
    ends = "2026-11-22T14:00:00Z" if how == "expired" else None
    story = newsroom.story("Held", slug="held", embargo_until=UNTIL, expires_at=ends)
    if how == "scheduled":
        return newsroom.verb(story, "schedule", at="2026-11-23T08:00:00Z")
    if how == "published":
        # Under another slug as well.
        later = newsroom.patch(story, slug="later", published_at="2026-11-23T08:00:00Z")
        return newsroom.verb(later, "publish")
    clock.advance(hours=3)
    log_due_changes(services)
    return story


def _require_hidden(client: TestClient, *refs: str) -> None:
    """Require that refs get the same bytes and headers as unknown stories."""
    never = client.get("/v1/articles/never")
    for ref in refs:
        hidden = client.get(f"/v1/articles/{ref}")
        assert hidden.json() | {"request_id": ""} == never.json() | {"request_id": ""}
        assert dict(hidden.headers) | _ANY == dict(never.headers) | _ANY


@pytest.mark.parametrize("how", ["scheduled", "published", "expired"])
def test_a_kill_reaches_readers_of_a_story_rescheduled_or_expired(
    how: str,
    newsroom: Newsroom,
    client: TestClient,
    entitled: Reader,
    services: Services,
    clock: HandClock,
) -> None:
    story = _create_removed_story(newsroom, how, clock, services)
    refs = ("held", story["id"])
    assert {entitled.get(f"/v1/articles/{ref}").status_code for ref in refs} == {404}
    newsroom.verb(story, "kill", notice="Wrong.")
    for ref in refs:
        answer = entitled.get(f"/v1/articles/{ref}")
        assert (answer.status_code, answer.json()["detail"]) == (410, "Wrong.")
    _require_hidden(client, *refs)
    assert (reasons(services), list_inconsistencies(services)) == ([], [])


def test_a_kill_of_a_story_that_was_never_readable_is_not_announced(
    newsroom: Newsroom, client: TestClient, entitled: Reader, services: Services
) -> None:
    story = newsroom.story("Ahead", published_at="2026-11-22T13:00:00Z", embargo_until=UNTIL)
    newsroom.verb(story, "schedule", at="2026-11-23T08:00:00Z")
    again = newsroom.call("GET", f"/articles/{story['id']}").json()
    newsroom.verb(again, "kill", notice="Wrong.")
    assert entitled.get("/v1/articles/ahead").status_code == 404
    _require_hidden(client, "ahead", story["id"])
    assert (reasons(services), list_inconsistencies(services)) == ([], [])


def test_a_rescheduled_story_is_published_without_a_tombstone(
    newsroom: Newsroom, client: TestClient, entitled: Reader, services: Services, clock: HandClock
) -> None:
    _create_removed_story(newsroom, "scheduled", clock, services)
    clock.advance(hours=20)
    assert titles(client) == entitled.titles() == ["Held"]
    log_due_changes(services)
    with services.database.read() as session:
        stones = session.scalars(select(StoryTombstone.id))
    assert (stones, reasons(services), list_inconsistencies(services)) == ([], ["published"], [])


def test_a_clock_jump_neither_releases_nor_hides_a_story(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    newsroom.story("Held", embargo_until=UNTIL)
    newsroom.story("Out")
    clock.advance(hours=-1)
    assert titles(client) == ["Out"]
    clock.advance(hours=7)
    assert (log_due_changes(services), titles(client)) == (1, ["Held", "Out"])
    clock.advance(hours=-3)
    assert titles(client) == ["Held", "Out"]
