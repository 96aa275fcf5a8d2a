"""Concurrent edits of one article: one wins each version, and no change is lost silently."""

from collections import Counter
from functools import partial
from typing import Any

import pytest

from app.bootstrap import Services
from tests.faults.commandline import assert_consistent
from tests.faults.concurrency import run_concurrently
from tests.newsroom import MERGE_PATCH, Newsroom

_WRITERS = 10


def _append(newsroom: Newsroom, article_id: str, tag: str) -> int:
    """Read, add a tag, write under the version read; return the number of conflicts."""
    for lost in range(200):
        read = newsroom.call("GET", f"/articles/{article_id}")
        headers = {"if-match": read.headers["etag"], "content-type": MERGE_PATCH}
        tags = [*read.json()["tags"], tag]
        body = {"tags": tags, "status": "published"}
        written = newsroom.call("PATCH", f"/articles/{article_id}", json=body, headers=headers)
        if written.status_code == 200:
            return lost
        assert (written.status_code, written.json()["code"]) == (412, "version_mismatch")
    raise AssertionError("others were always faster")


def test_exactly_one_of_ten_writers_wins_each_version(
    newsroom: Newsroom, services: Services
) -> None:
    article = newsroom.story()
    for version in (1, 2, 3):
        acts = [partial(_patch, newsroom, article["id"], version, n) for n in range(_WRITERS)]
        assert Counter(run_concurrently(acts)) == {200: 1, 412: _WRITERS - 1}
    assert newsroom.call("GET", f"/articles/{article['id']}").json()["version"] == 4
    assert_consistent(services.settings.database_url)


@pytest.mark.slow
def test_no_update_is_lost_among_ten_writers(newsroom: Newsroom, services: Services) -> None:
    article = newsroom.story()
    tags = [f"tag {number}" for number in range(_WRITERS * 2)]
    run_concurrently(
        [partial(_run_two, newsroom, article["id"], tags[n::_WRITERS]) for n in range(_WRITERS)]
    )
    now = newsroom.call("GET", f"/articles/{article['id']}").json()
    assert sorted(now["tags"]) == sorted(tags)
    assert now["version"] == 1 + len(tags)
    revisions = newsroom.call("GET", f"/articles/{article['id']}/revisions?limit=100").json()
    assert [item["version"] for item in revisions["data"]] == list(range(1 + len(tags), 0, -1))
    assert_consistent(services.settings.database_url)


def test_opposite_concurrent_verbs_leave_a_consistent_state(
    newsroom: Newsroom, services: Services
) -> None:
    article = newsroom.story()
    verbs = ["publish", "unpublish"] * 5
    acts = [partial(_verb, newsroom, article["id"], verb) for verb in verbs]
    # With `*` as the version all of them apply, in some order; a second unpublish cannot.
    assert set(run_concurrently(acts)) <= {200, 409}
    assert_consistent(services.settings.database_url)


def test_a_concurrent_deletion_and_edit_leave_a_consistent_state(
    newsroom: Newsroom, services: Services
) -> None:
    for number in range(5):
        article = newsroom.story(f"Story {number}")
        acts = [
            partial(_delete, newsroom, article),
            partial(_patch, newsroom, article["id"], 1, 1),
        ]
        assert Counter(run_concurrently(acts)) == {200: 1, 412: 1}
    assert_consistent(services.settings.database_url)


@pytest.mark.parametrize("same", [True, False])
def test_an_idempotency_key_sent_concurrently_creates_once(
    same: bool, newsroom: Newsroom, services: Services
) -> None:
    def create(number: int) -> tuple[int, Any]:
        body = {"title": "Once" if same else f"Once {number}", "language": "en"}
        headers = {"idempotency-key": "one"}
        answer = newsroom.call("POST", "/articles", json=body, headers=headers)
        return answer.status_code, answer.json()

    answers = run_concurrently([partial(create, number) for number in range(6)])
    created = [body for status, body in answers if status == 201]
    assert len({body["id"] for body in created}) == 1
    refused = {(status, body["code"]) for status, body in answers if status != 201}
    running, other = (409, "idempotency_running"), (422, "idempotency_mismatch")
    assert refused <= ({running} if same else {running, other})
    assert newsroom.call("GET", "/articles?count=exact").json()["page"]["count"] == 1
    if same:
        assert create(0) == (201, created[0])
    assert_consistent(services.settings.database_url)


def test_concurrent_equal_titles_get_different_slugs(
    newsroom: Newsroom, services: Services
) -> None:
    stories = run_concurrently([partial(newsroom.story, "The same title") for _ in range(8)])
    slugs = {item["slug"] for item in stories}
    assert slugs == {"the-same-title", *(f"the-same-title-{n}" for n in range(2, 9))}
    assert_consistent(services.settings.database_url)


def test_an_external_id_created_concurrently_is_one_story(
    newsroom: Newsroom, services: Services
) -> None:
    source = newsroom.source("Agency")
    fields = {"source": source["slug"], "external_id": "x-1"}
    stories = run_concurrently([partial(newsroom.story, f"Title {n}", **fields) for n in range(6)])
    assert len({item["id"] for item in stories}) == 1
    assert_consistent(services.settings.database_url)


def _patch(newsroom: Newsroom, article_id: str, version: int, number: int) -> int:
    headers = {"if-match": f'"v{version}"', "content-type": MERGE_PATCH}
    body = {"title": f"Title {version} of {number}", "status": "published"}
    return newsroom.call("PATCH", f"/articles/{article_id}", json=body, headers=headers).status_code


def _delete(newsroom: Newsroom, article: dict[str, Any]) -> int:
    return newsroom.delete(article).status_code


def _run_two(newsroom: Newsroom, article_id: str, tags: list[str]) -> None:
    for tag in tags:
        _append(newsroom, article_id, tag)


def _verb(newsroom: Newsroom, article_id: str, verb: str) -> int:
    headers = {"if-match": "*"}
    return newsroom.call("POST", f"/articles/{article_id}/{verb}", headers=headers).status_code
