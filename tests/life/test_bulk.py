"""Bulk commands change each story that allows it, or all or none."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from tests.api.reading import titles
from tests.conftest import key_for
from tests.life.log import reasons
from tests.newsroom import Newsroom
from tests.transfer.helpers import list_inconsistencies


def send_bulk(newsroom: Newsroom, verb: str, refs: list[str], **more: Any) -> Any:
    body = {"verb": verb, "refs": refs, **more}
    return newsroom.call("POST", "/articles/bulk", json=body)


def test_a_bulk_command_returns_a_result_for_each_story(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    out, draft = newsroom.story("Out"), newsroom.article("Draft")
    answer = send_bulk(
        newsroom, "unpublish", [out["id"], "draft", "nowhere"], body={"answer": "gone"}
    )
    document = answer.json()
    assert (answer.status_code, document["done"], document["refused"]) == (200, 1, 2)
    assert [result["status"] for result in document["results"]] == ["done", "refused", "refused"]
    article = {"id": out["id"], "slug": "out", "state": "unpublished", "version": 2}
    assert document["results"][0]["article"] == article
    codes = [result["problem"]["code"] for result in document["results"][1:]]
    assert codes == ["wrong_state", "not_found"]
    assert client.get("/v1/articles/out").status_code == 410
    assert newsroom.call("GET", f"/articles/{draft['id']}").json()["version"] == 1
    assert (reasons(services), list_inconsistencies(services)) == (["published", "unpublished"], [])


def test_an_atomic_bulk_command_changes_all_stories_or_none(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    for title in ("A", "B"):
        newsroom.article(title)
    newsroom.delete(newsroom.article("C"))
    refused = send_bulk(newsroom, "publish", ["a", "c", "b"], atomic=True)
    (error,) = refused.json()["errors"]
    assert (refused.status_code, refused.json()["code"]) == (409, "bulk_refused")
    assert (error["pointer"], error["code"]) == ("#/refs/1", "refused")
    assert (titles(client), reasons(services)) == ([], [])
    audited = newsroom.call("GET", "/audit?verb=published").json()["data"]
    assert audited == []
    assert send_bulk(newsroom, "publish", ["b", "a"], atomic=True).json()["done"] == 2
    assert sorted(titles(client)) == ["A", "B"]


def test_every_verb_works_in_bulk(newsroom: Newsroom, services: Services) -> None:
    newsroom.article("A")
    editor = Newsroom(newsroom.client, key_for(services, "publish"))
    for verb, body, state in (
        ("publish", {}, "published"),
        ("correct", {"note": "N."}, "published"),
        ("unpublish", {}, "unpublished"),
        ("schedule", {"at": "2027-01-01T00:00:00Z"}, "scheduled"),
        ("delete", {}, "deleted"),
        ("restore", {}, "unpublished"),
        ("kill", {"notice": "N."}, "killed"),
    ):
        (result,) = send_bulk(newsroom, verb, ["a"], body=body).json()["results"]
        assert result["article"]["state"] == state, verb
    (refused,) = send_bulk(editor, "restore", ["a"], body={"reason": "R."}).json()["results"]
    assert refused["problem"]["code"] == "forbidden"


@pytest.mark.parametrize("atomic", [False, True])
def test_a_bulk_command_accepts_former_slugs(
    newsroom: Newsroom, client: TestClient, services: Services, atomic: bool
) -> None:
    story, other = newsroom.story("Old"), newsroom.story("Other")
    newsroom.patch(story, slug="new", status="published")
    answer = send_bulk(newsroom, "unpublish", ["OLD", other["id"]], atomic=atomic).json()
    (first, second) = answer["results"]
    assert (answer["done"], first["ref"], first["status"]) == (2, "OLD", "done")
    assert (first["article"]["id"], first["article"]["slug"]) == (story["id"], "new")
    assert second["article"]["id"] == other["id"]
    assert (titles(client), list_inconsistencies(services)) == ([], [])


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_invalid_bulk_command_is_refused(newsroom: Newsroom) -> None:
    newsroom.story("A")
    for body, pointer in (
        ({"verb": "praise", "refs": ["a"]}, "#/verb"),
        ({"verb": "publish", "refs": []}, "#/refs"),
        ({"verb": "publish", "refs": ["a"] * 101}, "#/refs"),
        ({"verb": "kill", "refs": ["a"]}, "#/notice"),
        ({"verb": "publish", "refs": ["a"], "atomic": "yes"}, "#/atomic"),
    ):
        answer = newsroom.call("POST", "/articles/bulk", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_repeated_idempotency_key_runs_a_bulk_command_once(
    newsroom: Newsroom, services: Services
) -> None:
    newsroom.article("A")
    body, once = {"verb": "publish", "refs": ["a"]}, {"idempotency-key": "k"}
    first, again = (
        newsroom.call("POST", "/articles/bulk", json=body, headers=once) for _ in range(2)
    )
    assert first.json() == again.json()
    assert reasons(services) == ["published"]


def test_a_story_that_refuses_the_command_is_rolled_back(
    newsroom: Newsroom, services: Services
) -> None:
    for name in ("Alpha", "Beta"):
        newsroom.call("POST", "/sources", json={"name": name})
    newsroom.article("Other", source="beta", external_id="x")
    story = newsroom.story("Story", source="alpha")
    # The public copy can have the id, but the working copy cannot: another story of its source has
    # it.
    ahead = newsroom.patch(story, source="beta")
    changes = {"note": "N.", "changes": {"external_id": "x"}}
    document = send_bulk(newsroom, "correct", [story["id"], "nowhere"], body=changes).json()
    codes = [result["problem"]["code"] for result in document["results"]]
    assert codes == ["external_id_taken", "not_found"]
    revisions = newsroom.call("GET", f"/articles/{story['id']}/revisions").json()["data"]
    assert [revision["version"] for revision in revisions] == [ahead["version"], story["version"]]
    assert (reasons(services), list_inconsistencies(services)) == (["published"], [])
