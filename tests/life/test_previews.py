"""Preview links are signed, expire, can be revoked, are not cached, and end with their story."""

from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app.api.schemas import documents
from app.bootstrap import Services
from app.content.models import PreviewRow
from app.worker import clean_up
from tests.clock import HandClock
from tests.faults.concurrency import run_concurrently
from tests.newsroom import Newsroom


def create_link(newsroom: Newsroom, article: dict[str, Any], **order: Any) -> str:
    answer = newsroom.call("POST", f"/articles/{article['id']}/preview", json=order)
    assert answer.status_code == 201, answer.text
    url: str = answer.json()["url"]
    return url


def test_a_preview_link_shows_the_working_copy_without_a_key(
    newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.source("Wire")
    newsroom.category("World")
    draft = newsroom.article("Draft", source="wire", categories=["world"], body="<p>B.</p>")
    url = create_link(newsroom, draft)
    answer = client.get(url)
    shown = answer.json()
    assert documents.Story.model_validate(shown).model_dump(exclude_unset=True) == shown
    assert (shown["title"], shown["source"]["slug"], shown["body_text"]) == ("Draft", "wire", "B.")
    assert [category["slug"] for category in shown["categories"]] == ["world"]
    newsroom.patch(draft, title="Changed")
    assert client.get(url).json()["title"] == "Changed"
    assert client.get("/v1/articles/draft").status_code == 404


def test_a_preview_link_shows_the_public_side_at_a_future_time(
    newsroom: Newsroom, client: TestClient
) -> None:
    story = newsroom.article("Soon", expires_at="2026-11-24T00:00:00Z")
    story = newsroom.verb(story, "schedule", at="2026-11-23T00:00:00Z")
    newsroom.patch(story, title="Not this one")
    for as_of, status in (
        ("2026-11-22T23:59:59Z", 404),
        ("2026-11-23T00:00:00Z", 200),
        ("2026-11-24T00:00:00Z", 404),
    ):
        answer = client.get(create_link(newsroom, story, as_of=as_of))
        assert answer.status_code == status, as_of
        assert status == 404 or answer.json()["title"] == "Soon"


def _translations(client: TestClient, url: str) -> list[tuple[str, str]]:
    shown = client.get(url).json()
    return [(translation["language"], translation["slug"]) for translation in shown["translations"]]


def test_a_preview_link_shows_the_public_translations(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    def translate(title: str, language: str, **fields: Any) -> dict[str, Any]:
        return newsroom.article(
            title, language=language, translation_of="english", **{"status": "published", **fields}
        )

    english = newsroom.article("English")
    translate("Español", "es")
    translate("Deutsch", "de", embargo_until="2026-11-22T18:00:00Z")
    translate("Nederlands", "nl", status="draft")
    newsroom.verb(translate("Italiano", "it"), "kill", notice="N.")
    french = translate("Français", "fr", published_at="2026-11-22T14:00:00Z")
    original, copy = create_link(newsroom, english), create_link(newsroom, french)
    then = create_link(newsroom, french, as_of="2026-11-22T18:00:00Z")
    assert _translations(client, original) == _translations(client, copy) == [("es", "espanol")]
    assert _translations(client, then) == [("de", "deutsch"), ("es", "espanol")]
    clock.advance(hours=2)
    assert _translations(client, original) == [("es", "espanol"), ("fr", "francais")]
    newsroom.patch(french, translation_of=None)
    assert _translations(client, copy) == []


def test_a_preview_link_accepts_no_parameters(newsroom: Newsroom, client: TestClient) -> None:
    url = create_link(newsroom, newsroom.article())
    for refused in (
        client.get(f"{url}?as_of=2027-01-01"),
        client.delete(f"{url}?soon=1", headers=newsroom.headers),
    ):
        (error,) = refused.json()["errors"]
        assert (refused.status_code, error["code"]) == (400, "unknown_parameter")
        assert refused.headers["cache-control"] == "no-store"
    assert client.get(url).status_code == 200


def test_a_preview_is_neither_cached_nor_indexed(newsroom: Newsroom, client: TestClient) -> None:
    url = create_link(newsroom, newsroom.article())
    for path in (url, f"{url}x"):
        answer = client.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"


def test_a_preview_link_expires_is_revoked_and_cannot_be_forged(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    article = newsroom.article()
    short = create_link(newsroom, article, expires_at="2026-11-22T13:00:00Z")
    usual, revoked = create_link(newsroom, article), create_link(newsroom, article)
    assert newsroom.client.delete(revoked).status_code == 401
    assert newsroom.client.delete(revoked, headers=newsroom.headers).status_code == 204
    forged = services.cursors.sign("0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44")
    clock.advance(hours=1)
    for path in (revoked, short, f"/v1/manage/preview/{forged}", f"{usual}A"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert client.get(usual).status_code == 200
    clock.advance(days=7)
    assert client.get(usual).status_code == 404
    clean_up(services)
    assert newsroom.client.delete(usual, headers=newsroom.headers).status_code == 404


def test_a_repeated_idempotency_key_creates_one_preview_link(
    newsroom: Newsroom, services: Services
) -> None:
    path = f"/articles/{newsroom.article()['id']}/preview"

    def ask() -> tuple[int, str]:
        answer = newsroom.call("POST", path, json={}, headers={"idempotency-key": "once"})
        return answer.status_code, answer.json().get("url", "")

    for _ in range(3):
        answers = {*run_concurrently([ask] * 6), ask()}
        # Requests during another one were refused.
        assert {status for status, _ in answers} <= {201, 409}
        assert len({url for status, url in answers if status == 201}) == 1
    with services.database.read() as session:
        assert len(session.scalars(select(PreviewRow.id))) == 1


def test_killing_and_deleting_a_story_ends_its_preview_links(
    newsroom: Newsroom, client: TestClient
) -> None:
    killed, deleted = newsroom.story("Killed"), newsroom.story("Deleted")
    soon = "2026-11-23T00:00:00Z"
    links = [
        create_link(newsroom, story, **more)
        for story in (killed, deleted)
        for more in ({}, {"as_of": soon})
    ]
    assert {client.get(link).status_code for link in links} == {200}
    newsroom.verb(killed, "kill", notice="N.")
    newsroom.delete(deleted)
    assert {client.get(link).status_code for link in links} == {404}
    answer = newsroom.call("POST", f"/articles/{killed['id']}/preview")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_invalid_preview_is_refused(newsroom: Newsroom) -> None:
    article = newsroom.article()
    for body, pointer, code in (
        ({"as_of": "2026-11-22T12:00:00Z"}, "#/as_of", "in_the_past"),
        ({"expires_at": "2026-11-22T12:00:00Z"}, "#/expires_at", "in_the_past"),
        ({"expires_at": "2027-11-22T12:00:00Z"}, "#/expires_at", "out_of_range"),
    ):
        answer = newsroom.call("POST", f"/articles/{article['id']}/preview", json=body)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"], error["code"]) == (422, pointer, code)
