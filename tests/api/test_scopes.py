"""Scopes: each one includes the one below, on every route of the newsroom."""

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from tests.api.reading import list_managed_routes
from tests.conftest import key_for
from tests.newsroom import MERGE_PATCH, Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
LADDER = ("read", "write", "publish", "admin")
KEYLESS = ("GET", "/v1/manage/preview/{token}")
WRITE = {
    ("POST", "/v1/manage/articles/{ref}/preview"),
    ("DELETE", "/v1/manage/preview/{token}"),
    ("GET", "/v1/manage/articles"),
    ("POST", "/v1/manage/articles"),
    ("GET", "/v1/manage/articles/{ref}"),
    ("PUT", "/v1/manage/articles/{ref}"),
    ("PATCH", "/v1/manage/articles/{ref}"),
    ("GET", "/v1/manage/articles/{ref}/revisions"),
    ("GET", "/v1/manage/articles/{ref}/revisions/{version}"),
    ("POST", "/v1/manage/articles/{ref}/revisions/{version}/restore"),
    ("GET", "/v1/manage/sources"),
    ("GET", "/v1/manage/sources/{ref}"),
    ("GET", "/v1/manage/categories"),
    ("GET", "/v1/manage/categories/{ref}"),
}
ADMIN = tuple(
    f"/v1/manage/{name}"
    for name in ("keys", "audit", "webhooks", "products", "partners", "people", "usage")
)


def _find_scope(method: str, path: str) -> str:
    if path.startswith(ADMIN) or path.endswith(("/purge", "/recipients")):
        return "admin"
    return "write" if (method, path) in WRITE else "publish"


def test_every_newsroom_route_requires_its_documented_scope(
    client: TestClient, services: Services
) -> None:
    keys = {scope: key_for(services, scope) for scope in LADDER}
    found_routes = list_managed_routes()
    assert set(found_routes) >= WRITE
    for method, path in found_routes:
        if (method, path) == KEYLESS:
            continue
        at, needed = (
            path.format(
                ref="x",
                version=1,
                token="x",
                webhook="x",
                delivery="x",
                product="x",
                partner="x",
                feed_token="x",
                person="x",
                session="x",
            ),
            _find_scope(method, path),
        )
        anonymous = client.request(method, at)
        assert (anonymous.status_code, anonymous.json()["code"]) == (401, "key_required"), at
        assert needed in anonymous.json()["detail"]
        for scope, key in keys.items():
            answer = client.request(method, at, headers={"x-api-key": key})
            allowed = LADDER.index(scope) >= LADDER.index(needed)
            assert (answer.status_code != 403) is allowed, (method, path, scope)
            assert answer.status_code != 401
            assert allowed or answer.json()["code"] == "forbidden"


def test_writes_that_publish_need_the_scope_publish(newsroom: Newsroom, services: Services) -> None:
    writer = Newsroom(newsroom.client, key_for(services, "write"))
    draft = writer.article("Draft")
    publishing = {"title": "T", "language": "en", "status": "published"}
    path, match = f"/articles/{draft['id']}", {"if-match": "*"}
    for response in (
        writer.call("POST", "/articles", json=publishing),
        writer.call("PUT", path, json=publishing, headers=match),
        writer.call(
            "PATCH",
            path,
            json={"status": "published"},
            headers=match | {"content-type": MERGE_PATCH},
        ),
    ):
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    assert newsroom.call("GET", path).json() == draft


def test_a_writer_may_change_the_working_copy_of_a_public_story(
    newsroom: Newsroom, services: Services
) -> None:
    story = newsroom.story("Public")
    writer = Newsroom(newsroom.client, key_for(services, "write"))
    assert writer.patch(story, title="Held")["published_version"] == 1
    assert newsroom.client.get("/v1/articles/public").json()["title"] == "Public"


def test_a_key_may_have_several_scopes(newsroom: Newsroom) -> None:
    response = newsroom.call("POST", "/keys", json={"name": "K", "scopes": ["read", "publish"]})
    holder = Newsroom(newsroom.client, response.json()["key"])
    assert holder.story()["state"] == "published"
    assert holder.call("GET", "/keys").status_code == 403


def test_me_describes_the_rights_of_a_key(client: TestClient, services: Services) -> None:
    key = key_for(services, "write")
    rights = client.get("/v1/me", headers={"x-api-key": key}).json()
    (limit,) = rights.pop("limits")
    assert limit["name"] == "requests_per_minute"
    assert rights == {
        "name": "a key for write",
        "prefix": key[:11],
        "scopes": ["write"],
        "embargoed": False,
        "anonymous": False,
        "expires_at": None,
        "partner": None,
        "products": [],
        "ends_at": None,
        "warnings": [],
    }
    assert client.get("/v1/me").json()["anonymous"] is True
