"""Webhooks of partners send what their agreements grant, in that form, when it is due."""

import json
from typing import Any

import pytest

from app.access.keys import PREFIX_LENGTH
from app.bootstrap import Services
from app.worker import log_due_changes
from tests.clock import HandClock
from tests.newsroom import MERGE_PATCH, Newsroom
from tests.push.conftest import Pushing
from tests.receiver import Receiver

_URL = "https://receiver.example/hook"


class Partner:
    """A partner with a key for its webhooks."""

    def __init__(self, newsroom: Newsroom, slug: str, **product: Any) -> None:
        self._newsroom = newsroom
        product = {"form": "full", "filter": {}, **product}
        self.product = self._create("/products", slug=f"{slug}-product", name=slug, **product)
        self.agreement = self._create(
            "/partners", slug=slug, name=slug, products=[f"{slug}-product"]
        )
        self.headers = self.key("read", "webhooks")

    def key(self, *scopes: str) -> dict[str, str]:
        """Create a key with scopes."""
        partner = self.agreement["id"]
        new_key = self._create("/keys", name="K", scopes=list(scopes), partner=partner)
        return {"authorization": f"Bearer {new_key['key']}"}

    def call(self, method: str, path: str = "", **more: Any) -> Any:
        """Send a request to the webhooks of this partner."""
        headers = {**self.headers, **more.pop("headers", {})}
        url = f"/v1/me/webhooks{path}"
        return self._newsroom.client.request(method, url, headers=headers, **more)

    def webhook(self, url: str, **more: Any) -> dict[str, Any]:
        """Create a webhook for all events."""
        answer = self.call("POST", json={"url": url, "events": ["*"], **more})
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def _create(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self._newsroom.call("POST", path, json=body)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created


def take(receiver: Receiver) -> list[tuple[str, dict[str, Any]]]:
    """Return types and data of the story events since the last call."""
    bodies = [json.loads(request.body) for request in receiver.requests]
    receiver.requests.clear()
    return [(body["type"], body["data"]) for body in bodies if "article." in body["type"]]


def test_a_partner_manages_its_own_webhooks_only(newsroom: Newsroom) -> None:
    first, second = Partner(newsroom, "first"), Partner(newsroom, "second")
    created = first.webhook(_URL, document=True, filter={"language": ["en"]})
    assert (created["partner"], created["document"]) == (first.agreement["id"], True)
    theirs = second.webhook(_URL)
    newsroom.call("POST", "/webhooks", json={"url": _URL, "events": ["*"]})
    assert [row["id"] for row in first.call("GET").json()["data"]] == [created["id"]]
    match = {"if-match": '"v1"'}
    patch = {**match, "content-type": MERGE_PATCH}
    path = f"/{theirs['id']}"
    for method, end, headers in (
        ("GET", "", {}),
        ("PATCH", "", patch),
        ("DELETE", "", match),
        ("POST", "/rotate", {}),
        ("POST", "/resume", {}),
        ("POST", "/test", {}),
    ):
        answer = first.call(
            method,
            path + end,
            headers=headers,
            **({} if method in {"GET", "DELETE"} else {"json": {}}),
        )
        assert answer.status_code == 404, (method, end, answer.text)
    changed = first.call("PATCH", f"/{created['id']}", headers=patch, json={"document": False})
    assert (changed.json()["document"], changed.json()["filter"]) == (False, {"language": ["en"]})
    internal = first.call("POST", json={"url": "http://10.0.0.1/", "events": ["*"]})
    assert internal.json()["errors"][0]["pointer"] == "#/url"
    assert "network" not in internal.text.casefold()
    for headers, status in (
        (first.key("read"), 403),
        (newsroom.headers, 403),
        ({}, 401),
        (first.key("webhooks"), 200),
    ):
        answer = newsroom.client.get("/v1/me/webhooks", headers=headers)
        assert answer.status_code == status, answer.text
    assert first.call("DELETE", f"/{created['id']}", headers={"if-match": "*"}).status_code == 204


def test_events_are_about_granted_stories_and_contain_their_form(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver
) -> None:
    newsroom.category("In")
    newsroom.category("Out")
    partner = Partner(newsroom, "p", form="headline", images=False, filter={"category": ["in"]})
    partner.webhook(receiver.url, document=True)
    image = {"url": "https://pictures.example/1.jpg"}
    story = newsroom.story("One", categories=["in"], body="<p>Body</p>", image=image)
    other = newsroom.story("Other", categories=["out"])
    pushing.settle()
    ((event, data),) = take(receiver)
    assert (event, data["id"], data["version"]) == ("article.published", story["id"], 1)
    assert data["document"]["title"] == "One"
    assert data["document"]["image"] is None
    assert "body_html" not in data["document"]
    newsroom.patch(story, categories=["out"], status="published")
    newsroom.verb(other, "kill", notice="Wrong.")
    pushing.settle()
    ((event, data),) = take(receiver)
    assert (event, data["id"]) == ("article.left", story["id"])
    assert "document" not in data


def test_a_delayed_story_is_sent_in_its_state_at_the_due_time(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    partner = Partner(newsroom, "p", delay_minutes=30)
    webhook = partner.webhook(receiver.url)
    story, killed, gone = (newsroom.story(title) for title in ("Kept", "Killed", "Gone"))
    pushing.settle()
    clock.advance(minutes=10)
    story = newsroom.patch(story, title="Changed", slug="changed", status="published")
    newsroom.verb(killed, "kill", notice="Wrong.")
    gone = newsroom.verb(gone, "unpublish")
    pushing.settle()
    # A pause ends before the delay does.
    newsroom.call("POST", f"/webhooks/{webhook['id']}/pause")
    pushing.settle()
    assert partner.call("POST", f"/{webhook['id']}/resume").json()["state"] == "active"
    pushing.settle()
    assert take(receiver) == []
    clock.advance(minutes=20)
    pushing.settle()
    ((event, data),) = take(receiver)
    assert (event, data["id"]) == ("article.published", story["id"])
    assert (data["slug"], data["version"]) == ("changed", story["version"])
    # Later versions are not delayed, and removals follow what was sent.
    story = newsroom.patch(story, title="Again", status="published")
    newsroom.verb(story, "kill", notice="Wrong.")
    # The partner never had this story.
    newsroom.verb(gone, "kill", notice="Wrong.")
    pushing.settle()
    assert [(event, data["id"]) for event, data in take(receiver)] == [
        ("article.killed", story["id"])
    ]


def test_a_partner_receives_events_of_readable_stories_under_embargo(
    pushing: Pushing,
    newsroom: Newsroom,
    services: Services,
    receiver: Receiver,
    clock: HandClock,
) -> None:
    Partner(newsroom, "early", embargoed=True).webhook(receiver.url, document=True)
    Partner(newsroom, "other").webhook(receiver.url)
    pushing.webhook(receiver.url, "article.published")
    until = "2026-11-22T18:00:00Z"
    story, gone = (newsroom.story(title, embargo_until=until) for title in ("Held", "Gone"))
    pushing.settle()
    # Events about different stories come in any order.
    _, (event, data) = sorted(take(receiver), key=lambda event: event[1]["slug"])
    assert (event, data["id"], data["slug"]) == ("article.published", story["id"], "held")
    assert (data["embargoed"], data["embargo_until"]) == (True, until)
    assert (data["document"]["title"], data["document"]["embargo_until"]) == ("Held", until)
    newsroom.patch(story, title="Changed", status="published")
    newsroom.verb(gone, "kill", notice="Wrong.")
    pushing.settle()
    removal, (event, data) = sorted(take(receiver), key=lambda event: event[0])
    assert (event, data["document"]["title"]) == ("article.updated", "Changed")
    assert (removal[0], removal[1]["id"]) == ("article.killed", gone["id"])
    clock.advance(hours=7)
    log_due_changes(services)
    pushing.settle()
    released = take(receiver)
    assert [(event, data["id"]) for event, data in released] == [
        ("article.published", story["id"])
    ] * 3
    assert not any("embargoed" in data for _, data in released)


def test_nothing_is_sent_after_the_end_of_an_agreement(
    pushing: Pushing,
    newsroom: Newsroom,
    services: Services,
    receiver: Receiver,
    clock: HandClock,
) -> None:
    partner = Partner(newsroom, "p", delay_minutes=30)
    partner.webhook(receiver.url)
    newsroom.story("Delayed")
    pushing.settle()
    end = clock.now().replace(minute=20)
    newsroom.patch(partner.agreement, "partners", ends_at=end.isoformat())
    clock.advance(minutes=31)
    newsroom.story("Late")
    newsroom.source("Source")
    pushing.settle()
    assert receiver.requests == []
    assert services.push.status().pending == 0


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_webhooks_are_deleted_with_their_partner(newsroom: Newsroom) -> None:
    first, second = Partner(newsroom, "first"), Partner(newsroom, "second")
    deleted, remaining = first.webhook(_URL), second.webhook(_URL)
    key = first.headers["authorization"].removeprefix("Bearer ")
    newsroom.call("DELETE", f"/keys/{key[:PREFIX_LENGTH]}")
    assert newsroom.delete(first.agreement, "partners").status_code == 204
    listed = newsroom.call("GET", "/webhooks").json()["data"]
    assert [webhook["id"] for webhook in listed] == [remaining["id"]]
    audit = newsroom.call("GET", "/audit?type=webhook&verb=deleted").json()["data"]
    assert [entry["subject"] for entry in audit] == [deleted["id"]]
