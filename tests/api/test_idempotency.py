"""Idempotency-Key: a repeated POST takes effect once."""

from typing import Any

import pytest

from app.access.idempotency import delete_expired_answers, lock_idempotency_key
from app.bootstrap import Services
from app.kit.sql.unit_of_work import Actor
from tests.clock import HandClock
from tests.conftest import key_for
from tests.newsroom import Newsroom

ONCE = {"idempotency-key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
DOCUMENT = {"title": "T", "language": "en"}


def _post(
    newsroom: Newsroom, document: Any = DOCUMENT, path: str = "/articles", **more: str
) -> Any:
    return newsroom.call("POST", path, json=document, headers={**ONCE, **more})


def _count(newsroom: Newsroom, path: str = "/articles") -> int:
    return len(newsroom.call("GET", path).json()["data"])


def test_the_same_payload_returns_the_first_response(newsroom: Newsroom) -> None:
    spaced, headers = b'{ "title":"T", "language" : "en"}', {"content-type": "application/json"}
    first = _post(newsroom)
    again = newsroom.call("POST", "/articles", content=spaced, headers=ONCE | headers)
    assert (again.status_code, again.content) == (201, first.content)
    for name in ("etag", "location", "content-type", "cache-control"):
        assert again.headers[name] == first.headers[name]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert _count(newsroom) == 1


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_first_response_is_repeated_after_later_changes(newsroom: Newsroom) -> None:
    first = _post(newsroom)
    newsroom.patch(first.json(), title="Changed")
    assert _post(newsroom).content == first.content


def test_another_payload_is_refused(newsroom: Newsroom) -> None:
    _post(newsroom)
    other = _post(newsroom, DOCUMENT | {"title": "Other"})
    elsewhere = _post(newsroom, {"name": "T"}, "/sources")
    for response in (other, elsewhere):
        assert (response.status_code, response.json()["code"]) == (422, "idempotency_mismatch")
    assert (_count(newsroom), _count(newsroom, "/sources")) == (1, 0)


def test_verbs_can_be_repeated_safely(newsroom: Newsroom) -> None:
    article = newsroom.article()
    path, match = f"/articles/{article['id']}/publish", {"if-match": '"v1"'}
    first, again = (_post(newsroom, {}, path, **match) for _ in range(2))
    assert (first.status_code, again.content) == (200, first.content)
    assert newsroom.call("GET", f"/articles/{article['id']}").json()["version"] == 2
    assert _post(newsroom, {}, path, **{"if-match": '"v2"'}).json()["code"] == (
        "idempotency_mismatch"
    )


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_error_response_is_not_stored(newsroom: Newsroom) -> None:
    assert _post(newsroom, {"title": "T"}).status_code == 422
    assert _post(newsroom).status_code == 201


def test_an_idempotency_key_belongs_to_one_api_key(newsroom: Newsroom, services: Services) -> None:
    first = _post(newsroom)
    other = _post(Newsroom(newsroom.client, key_for(services, "write")))
    assert (other.status_code, other.json()["id"] == first.json()["id"]) == (201, False)


def test_responses_are_stored_for_24_hours(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    first = _post(newsroom)
    clock.advance(hours=23, minutes=59)
    services.runner.run(Actor(None, "tests"), delete_expired_answers)
    assert _post(newsroom).json()["id"] == first.json()["id"]
    clock.advance(minutes=1)
    later = _post(newsroom)
    assert (later.status_code, later.json()["id"] == first.json()["id"]) == (201, False)
    clock.advance(hours=24, seconds=1)
    assert services.runner.run(Actor(None, "tests"), delete_expired_answers) == 1


def test_repeating_a_running_request_is_a_conflict(newsroom: Newsroom) -> None:
    (key,) = newsroom.call("GET", "/keys").json()["data"]
    with lock_idempotency_key(key["id"], ONCE["idempotency-key"]):
        response = _post(newsroom)
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_running")
    assert _post(newsroom).status_code == 201


# SQLite has one writer, so the other one waits.
@pytest.mark.parametrize("dialect", ["postgresql"])
def test_repeating_a_request_that_runs_in_another_process_is_a_conflict(
    newsroom: Newsroom, services: Services
) -> None:
    (key,) = newsroom.call("GET", "/keys").json()["data"]
    with services.database.write() as session:
        assert session.try_lock(f"idempotency:{key['id']}:{ONCE['idempotency-key']}")
        response = _post(newsroom)
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_running")


def test_a_new_api_key_is_shown_once_and_never_stored(
    newsroom: Newsroom, services: Services
) -> None:
    document = {"name": "K", "scopes": ["read"]}
    first, again = (_post(newsroom, document, "/keys") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json() | {"key": None}
    assert _count(newsroom, "/keys") == 2


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_idempotency_key_is_a_printable_text_of_limited_length(newsroom: Newsroom) -> None:
    for name in ("", "x" * 256, "a\x7f"):
        response = _post(newsroom, **{"idempotency-key": name})
        assert (response.status_code, response.json()["code"]) == (400, "bad_header")
    assert _post(newsroom, **{"idempotency-key": "x" * 255}).status_code == 201
