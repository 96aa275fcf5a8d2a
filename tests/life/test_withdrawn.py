"""What readers get for a story that was unpublished, redirected or killed."""

from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import update
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.delivery.models import StoryTombstone
from app.delivery.rebuild import rebuild
from app.worker import log_due_changes
from tests.api.reading import titles
from tests.clock import HandClock
from tests.conftest import key_for
from tests.life.log import reasons, rows
from tests.newsroom import Newsroom
from tests.transfer.helpers import list_inconsistencies

NOTICE = "The letter was forged. We withdraw the story."


def ask(client: TestClient, ref: str) -> tuple[int, str | None, str | None]:
    """Return status, code, and detail or redirect target of a response to a reader."""
    answer = client.get(f"/v1/articles/{ref}")
    if answer.status_code == 301:
        return 301, None, answer.headers["location"]
    if answer.status_code == 200:
        return 200, None, answer.json()["title"]
    return answer.status_code, answer.json()["code"], answer.json()["detail"]


def find_status(client: TestClient, ref: str) -> int:
    return ask(client, ref)[0]


def test_an_unpublished_story_is_answered_410_with_its_notice(
    newsroom: Newsroom, client: TestClient
) -> None:
    story = newsroom.story("Here")
    assert ask(client, "here") == (200, None, "Here")
    gone = newsroom.verb(story, "unpublish", answer="gone", notice=NOTICE)
    assert (gone["state"], gone["answer"], gone["notice"]) == ("unpublished", "gone", NOTICE)
    for ref in ("here", story["id"]):
        assert ask(client, ref) == (410, "gone", NOTICE)
    newsroom.verb(gone, "publish")
    assert ask(client, "here") == (200, None, "Here")


def test_a_410_is_cached_as_briefly_as_a_404(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.verb(newsroom.story("Here"), "unpublish", answer="gone")
    gone, never = client.get("/v1/articles/here"), client.get("/v1/articles/never")
    assert gone.headers["cache-control"] == never.headers["cache-control"]
    assert set(gone.headers) == set(never.headers)
    assert gone.headers["content-type"] == "application/problem+json"
    assert client.head("/v1/articles/here").status_code == 410


def test_readers_are_redirected_to_the_replacement(newsroom: Newsroom, client: TestClient) -> None:
    story, other = newsroom.story("First"), newsroom.story("Second")
    first = newsroom.verb(story, "unpublish", answer="redirect", redirect_to="second")
    assert first["redirect_to"] == other["id"]
    assert ask(client, "first") == (301, None, "/v1/articles/second")
    other = newsroom.verb(newsroom.patch(other, slug="third"), "publish")
    assert ask(client, story["id"]) == (301, None, "/v1/articles/third")
    last = newsroom.story("Last")
    newsroom.verb(other, "unpublish", answer="redirect", redirect_to=last["id"])
    assert ask(client, "first") == ask(client, "second") == (301, None, "/v1/articles/last")


def test_readers_are_not_redirected_to_a_hidden_story(
    newsroom: Newsroom, client: TestClient
) -> None:
    draft = newsroom.article("Draft")
    newsroom.verb(newsroom.story("To draft"), "unpublish", answer="redirect", redirect_to="draft")
    assert find_status(client, "to-draft") == 404
    newsroom.verb(draft, "publish")
    assert find_status(client, "to-draft") == 301


def test_a_cycle_of_redirects_is_refused(newsroom: Newsroom, client: TestClient) -> None:
    first, second, third = (newsroom.story(title) for title in ("First", "Second", "Third"))
    newsroom.verb(first, "unpublish", answer="redirect", redirect_to="second")
    back = newsroom.verb(second, "unpublish", answer="redirect", redirect_to="third")
    order = {"answer": "redirect", "redirect_to": "first"}
    refused = newsroom.call(
        "POST", "/articles/third/unpublish", json=order, headers={"if-match": "*"}
    )
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/redirect_to", "cycle")
    # Such a cycle can still occur when an intermediate story is unpublished.
    ahead = newsroom.verb(back, "schedule", at="2027-01-01T00:00:00Z")
    newsroom.verb(third, "unpublish", **order)
    newsroom.verb(ahead, "schedule", at=None)
    assert {find_status(client, slug) for slug in ("first", "second", "third")} == {404}


def test_the_answer_for_readers_can_be_changed(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    story = newsroom.verb(newsroom.story("Here"), "unpublish")
    assert find_status(client, "here") == 404
    story = newsroom.verb(story, "unpublish", answer="gone")
    assert find_status(client, "here") == 410
    story = newsroom.verb(story, "unpublish")
    assert find_status(client, "here") == 404
    again = newsroom.call("POST", f"/articles/{story['id']}/unpublish", headers={"if-match": "*"})
    assert again.json()["code"] == "wrong_state"
    assert reasons(services) == ["published", *["unpublished"] * 3]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_fields_that_do_not_belong_to_the_answer_are_refused(newsroom: Newsroom) -> None:
    story = newsroom.story("Here")
    for body, pointer, code in (
        ({"answer": "redirect"}, "#/redirect_to", "required"),
        ({"answer": "redirect", "redirect_to": "nowhere"}, "#/redirect_to", "unknown_reference"),
        ({"answer": "redirect", "redirect_to": "here"}, "#/redirect_to", "cycle"),
        ({"answer": "gone", "redirect_to": "here"}, "#/redirect_to", "not_allowed"),
        ({"notice": NOTICE}, "#/notice", "not_allowed"),
        ({"answer": "killed"}, "#/answer", "not_allowed"),
    ):
        path = f"/articles/{story['id']}/unpublish"
        answer = newsroom.call("POST", path, json=body, headers={"if-match": "*"})
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"], error["code"]) == (422, pointer, code)


def test_a_kill_reaches_readers_who_could_have_read_the_story(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    story = newsroom.story("First name")
    story = newsroom.verb(newsroom.patch(story, slug="second-name"), "publish")
    listed = client.get("/v1/headlines").content
    killed = newsroom.verb(story, "kill", notice=NOTICE)
    assert (killed["state"], killed["answer"], killed["published_version"]) == (
        "killed",
        "killed",
        None,
    )
    for ref in (story["id"], "first-name", "second-name"):
        assert ask(client, ref) == (410, "killed", NOTICE)
    assert titles(client) == []
    assert client.get("/v1/headlines").content != listed
    (last,) = rows(services)[-1:]
    assert (last.op, last.reason, last.notice, last.after) == ("remove", "killed", NOTICE, None)
    assert last.before is not None
    assert last.before["id"] == [story["id"]]


def test_the_slug_of_a_rescheduled_story_has_an_answer(
    newsroom: Newsroom, client: TestClient
) -> None:
    ahead = {"published_at": "2026-11-22T12:15:00Z"}
    story = newsroom.verb(newsroom.story("Forged"), "publish", **ahead)
    moved = newsroom.verb(newsroom.verb(newsroom.story("Old"), "publish", **ahead), "unpublish")
    assert (find_status(client, "forged"), find_status(client, "old")) == (404, 404)
    newsroom.verb(story, "kill", notice=NOTICE)
    assert ask(client, "forged") == ask(client, story["id"]) == (410, "killed", NOTICE)
    now = {"published_at": "2026-11-22T12:00:00Z"}
    newsroom.verb(newsroom.patch(moved, slug="new"), "publish", **now)
    assert ask(client, "old") == (301, None, "/v1/articles/new")


def test_a_kill_is_hidden_from_readers_who_never_saw_the_story(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    never = [
        newsroom.article("Draft"),
        newsroom.story("Ahead", published_at="2026-12-01T00:00:00Z"),
        newsroom.verb(
            newsroom.story("Back", published_at="2026-12-01T00:00:00Z"), "unpublish", answer="gone"
        ),
    ]
    for story in never:
        newsroom.verb(story, "kill", notice=NOTICE)
    clock.advance(days=30)
    log_due_changes(services)
    nothing = client.get("/v1/articles/no-such-story")
    for story in never:
        answer = client.get(f"/v1/articles/{story['slug']}")
        assert answer.json() | {"request_id": None} == nothing.json() | {"request_id": None}
    assert reasons(services) == []


def test_a_story_that_was_public_can_be_killed_in_any_state(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    gone = newsroom.verb(newsroom.story("Gone"), "unpublish")
    over = newsroom.story("Over", expires_at="2026-11-22T13:00:00Z")
    late = newsroom.story("Late", expires_at="2026-11-22T13:00:00Z")
    clock.advance(hours=2)
    newsroom.verb(late, "kill", notice=NOTICE)
    log_due_changes(services)
    newsroom.verb(over, "kill", notice=NOTICE)
    newsroom.verb(gone, "kill", notice=NOTICE)
    assert {ask(client, slug) for slug in ("gone", "over", "late")} == {(410, "killed", NOTICE)}
    assert reasons(services)[-3:] == ["expired", "killed", "killed"]
    assert list_inconsistencies(services) == []


@pytest.fixture
def editor(client: TestClient, services: Services) -> Newsroom:
    """A client with the verbs, but without the rights of an administrator."""
    return Newsroom(client, key_for(services, "publish"))


SECRET = "Zanzibar"


def _publish_secret_story(newsroom: Newsroom) -> dict[str, Any]:
    """Return a public story with the marker in every text field."""
    fields = dict.fromkeys(("title", "summary", "body", "dateline", "external_id"), SECRET)
    return newsroom.story(
        **fields,
        slug="told",
        tags=[SECRET],
        authors=[{"name": SECRET}],
        url=f"https://a.example/{SECRET}",
        image={"url": f"https://a.example/{SECRET}.jpg", "alt": SECRET, "credit": SECRET},
        rights={"holder": SECRET, "usage_terms": SECRET, "licence": SECRET},
    )


def _read_everything(newsroom: Newsroom, story: dict[str, Any]) -> dict[str, Response]:
    paths = [
        "/articles",
        "/articles?state=killed",
        f"/articles?tag={SECRET}",
        f"/articles?author={SECRET}",
        f"/articles?external_id={SECRET}",
        f"/articles/{story['id']}",
        "/articles/told",
        f"/articles/{story['id']}/revisions",
        f"/articles/{story['id']}/revisions/1",
        f"/articles/{story['id']}/revisions/{story['version']}",
        "/export",
    ]
    return {path: newsroom.call("GET", path) for path in paths}


def test_only_an_admin_sees_the_text_of_a_killed_story(
    newsroom: Newsroom, editor: Newsroom
) -> None:
    once = {"idempotency-key": "a", "if-match": "*"}
    story = newsroom.verb(_publish_secret_story(newsroom), "correct", note=f"In {SECRET}.")
    path = f"/articles/{story['id']}"
    first = editor.call("POST", f"{path}/publish", json={}, headers=once)
    assert SECRET in first.text
    killed = editor.call("POST", f"{path}/kill", json={"notice": NOTICE}, headers={"if-match": "*"})
    assert killed.status_code == 200
    assert SECRET not in killed.text
    answers = _read_everything(editor, story)
    assert {answer.status_code for answer in answers.values()} == {200}
    leaking = {path for path, answer in answers.items() if SECRET in answer.text}
    assert leaking == set()
    assert [answers[f"/articles?{by}={SECRET}"].json()["data"] for by in ("tag", "author")] == [
        [],
        [],
    ]
    replayed = editor.call("POST", f"{path}/publish", json={}, headers=once)
    assert replayed.headers["idempotency-replayed"] == "true"
    assert (SECRET not in replayed.text, replayed.json()["state"]) == (True, "killed")
    whole = _read_everything(newsroom, story)
    assert {element for element, answer in whole.items() if SECRET not in answer.text} == set()


def test_a_killed_story_can_only_be_restored(newsroom: Newsroom, editor: Newsroom) -> None:
    story = newsroom.verb(newsroom.story("Here"), "kill", notice=NOTICE)
    path, tag = f"/articles/{story['id']}", {"if-match": "*"}
    patch = {**tag, "content-type": "application/merge-patch+json"}
    answers = [
        newsroom.call("PATCH", path, json={"title": "T"}, headers=patch),
        newsroom.call("PUT", path, json={"title": "T", "language": "en"}, headers=tag),
        newsroom.call("POST", f"{path}/publish", headers=tag),
        newsroom.call("POST", f"{path}/unpublish", headers=tag),
        newsroom.call("POST", f"{path}/correct", json={"note": "N"}, headers=tag),
        newsroom.call("POST", f"{path}/kill", json={"notice": "N"}, headers=tag),
        newsroom.delete(story),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
        (409, "wrong_state")
    }
    assert all("kill" in answer.json()["detail"] for answer in answers)
    reason = {"reason": "It was no forgery."}
    refused = editor.call("POST", f"{path}/restore", json=reason, headers=tag)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    silent = newsroom.call("POST", f"{path}/restore", headers=tag)
    assert silent.json()["errors"][0]["pointer"] == "#/reason"


def test_a_restored_story_is_not_public_until_it_is_published(
    newsroom: Newsroom, client: TestClient, editor: Newsroom, services: Services
) -> None:
    killed = newsroom.verb(newsroom.story("Here"), "kill", notice=NOTICE)
    back = newsroom.verb(killed, "restore", reason="It was no forgery.")
    assert (back["state"], back["title"]) == ("unpublished", "Here")
    assert editor.call("GET", f"/articles/{back['id']}").json()["title"] == "Here"
    assert ask(client, "here") == (410, "killed", NOTICE)
    history = newsroom.call("GET", f"/articles/{back['id']}/revisions").json()["data"]
    assert [(revision["action"], revision["note"]) for revision in history[:2]] == [
        ("restored", "It was no forgery."),
        ("killed", NOTICE),
    ]
    ahead = newsroom.verb(back, "publish", published_at="2026-11-23T00:00:00Z")
    assert (ahead["state"], ask(client, "here")) == ("scheduled", (410, "killed", NOTICE))
    out = newsroom.verb(ahead, "publish", published_at="2026-11-22T12:00:00Z")
    assert (out["answer"], ask(client, "here")) == (None, (200, None, "Here"))
    newsroom.verb(out, "unpublish")
    assert find_status(client, "here") == 404
    assert list_inconsistencies(services) == []


def test_a_scheduled_publication_deletes_the_tombstone(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    gone = newsroom.verb(newsroom.story("Here"), "unpublish", answer="gone")
    newsroom.patch(
        gone,
        status="published",
        published_at="2026-11-22T13:00:00Z",
        expires_at="2026-11-22T14:00:00Z",
    )
    assert find_status(client, "here") == 410
    clock.advance(hours=1)
    assert find_status(client, "here") == 200
    log_due_changes(services)
    clock.advance(hours=1)
    assert find_status(client, "here") == 404
    log_due_changes(services)
    assert (find_status(client, "here"), list_inconsistencies(services)) == (404, [])


def test_a_lost_or_wrong_tombstone_is_found_and_repaired(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    lost, stray = newsroom.story("Lost"), newsroom.story("Stray")
    newsroom.verb(lost, "kill", notice=NOTICE)
    newsroom.verb(stray, "unpublish")
    with services.database.write() as session:
        session.execute(update(StoryTombstone).values(id=stray["id"]))
    assert (find_status(client, "lost"), find_status(client, "stray")) == (404, 410)
    assert len(list_inconsistencies(services)) == 2
    for _ in rebuild(services.runner):
        pass
    assert list_inconsistencies(services) == []
    assert (ask(client, "lost"), find_status(client, "stray")) == ((410, "killed", NOTICE), 404)


def test_the_changes_have_the_notice_of_a_withdrawn_story(
    newsroom: Newsroom, client: TestClient
) -> None:
    story = newsroom.story("Here")
    cursor = client.get("/v1/changes").json()["cursor"]
    newsroom.verb(story, "unpublish", answer="gone", notice=NOTICE)
    (removal,) = client.get(f"/v1/changes?cursor={cursor}").json()["data"]
    assert (removal["op"], removal["reason"], removal["notice"]) == (
        "remove",
        "unpublished",
        NOTICE,
    )
    assert f"<at:comment>{NOTICE}<" in client.get("/feeds/latest.atom").text
    assert f"<edNote>{NOTICE}<" in client.get("/feeds/latest.newsml").text


def test_the_changes_have_the_notice_of_a_kill(newsroom: Newsroom, client: TestClient) -> None:
    story, gone = newsroom.story("Here"), newsroom.story("Gone")
    gone = newsroom.verb(gone, "unpublish")
    never = newsroom.article("Never")
    snapshot = client.get("/v1/changes").json()
    cursor = client.get(f"/v1/changes?cursor={snapshot['cursor']}").json()["cursor"]
    for element in (story, gone, never):
        newsroom.verb(element, "kill", notice=NOTICE)
    changes = client.get(f"/v1/changes?cursor={cursor}").json()["data"]
    assert [
        (change["id"], change["op"], change["reason"], change["notice"]) for change in changes
    ] == [
        (story["id"], "remove", "killed", NOTICE),
        (gone["id"], "remove", "killed", NOTICE),
    ]
