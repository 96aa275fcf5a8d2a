"""Partners: their five methods, keys and entitlements."""

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy
from httpx2 import Response
from starlette.testclient import TestClient

from app.access.keys import PREFIX_LENGTH
from app.bootstrap import Services
from app.kit.clock import format_instant
from tests.api.reading import fill_path, list_managed_routes
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.partners.agreements import add_key, add_partner, add_product, list_slugs
from tests.partners.test_products import corrupt

CONTACT = {"name": "Noor Haddad", "email": "noor@north.example"}


def test_a_partner_is_created_read_changed_and_deleted(newsroom: Newsroom) -> None:
    add_product(newsroom, "First")
    add_product(newsroom, "Second", form="headline")
    partner = add_partner(
        newsroom,
        "second",
        "first",
        name="North Wire",
        contacts=[CONTACT],
        ends_at="2027-01-01T00:00:00Z",
        limits={"requests_per_minute": 600},
    )
    limits = {"requests_per_minute": 600, "stories_per_day": None, "stories_per_month": None}
    assert partner["limits"] == limits
    assert (partner["slug"], partner["products"]) == ("north-wire", ["second", "first"])
    assert (partner["contacts"], partner["starts_at"]) == ([CONTACT], None)
    path = f"/partners/{partner['slug']}"
    read = newsroom.call("GET", path)
    assert (read.json(), read.headers["etag"]) == (partner, '"v1"')
    same = newsroom.call("PUT", path, json=partner, headers={"if-match": '"v1"'})
    assert same.json() == partner
    limits |= {"requests_per_minute": None, "stories_per_month": 40}
    changed = newsroom.patch(partner, "partners", products=["first"], ends_at=None, limits=limits)
    assert changed["limits"] == limits
    assert (changed["products"], changed["ends_at"], changed["version"]) == (["first"], None, 2)
    assert newsroom.delete(partner, "partners").status_code == 412
    assert newsroom.call("GET", "/partners").json()["data"] == [changed]
    noted = newsroom.call("GET", "/audit?type=partner").json()["data"]
    assert [entry["verb"] for entry in noted] == ["edited", "created"]
    assert noted[0]["before"]["products"] == ["second", "first"]
    assert CONTACT["email"] not in str(noted)
    headers = add_key(newsroom, changed)
    answer = newsroom.delete(changed, "partners")
    assert (answer.status_code, answer.json()["code"]) == (409, "in_use")
    newsroom.call("DELETE", f"/keys/{headers['x-api-key'][:PREFIX_LENGTH]}")
    assert newsroom.delete(changed, "partners").status_code == 204
    assert newsroom.call("GET", "/partners").json()["data"] == []


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"products": ["p", "none-such"]}, "#/products/1", "unknown_reference"),
        ({"products": ["p", "p"]}, "#/products/1", "not_allowed"),
        ({"contacts": [{"name": "N", "email": "nobody"}]}, "#/contacts/0/email", "bad_format"),
        (
            {"starts_at": "2026-12-01T00:00:00Z", "ends_at": "2026-12-01T00:00:00Z"},
            "#/ends_at",
            "not_allowed",
        ),
        ({"limits": {"stories_per_day": 0}}, "#/limits/stories_per_day", "out_of_range"),
        ({"limits": {"requests": 1}}, "#/limits/requests", "unknown_field"),
        (
            {"limits": {"stories_per_day": 10, "stories_per_month": 9}},
            "#/limits/stories_per_month",
            "not_allowed",
        ),
    ],
)
def test_a_bad_field_of_a_partner_is_named(
    newsroom: Newsroom, fields: dict[str, Any], pointer: str, code: str
) -> None:
    add_product(newsroom, "P")
    answer = newsroom.call("POST", "/partners", json={"name": "N", **fields})
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
        (pointer, code)
    ]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_month_has_no_fewer_stories_than_a_day(newsroom: Newsroom) -> None:
    made = add_partner(newsroom, limits={"stories_per_day": 10, "stories_per_month": 10})
    for limits in ({"stories_per_month": 9}, {"stories_per_day": 11}):
        refused = newsroom.patching(made, "partners", limits=limits)
        assert refused.status_code == 422
        (error,) = refused.json()["errors"]
        assert error["pointer"] == "#/limits/stories_per_month"
        for name in ("stories_per_day", "stories_per_month", "null"):
            assert name in error["detail"]
    free = {"stories_per_day": None, "stories_per_month": 9}
    assert newsroom.patch(made, "partners", limits=free)["limits"]["stories_per_month"] == 9


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"scopes": ["read", "write"], "partner": "partner"}, "#/scopes"),
        ({"scopes": ["admin"], "partner": "partner"}, "#/scopes"),
        ({"scopes": ["webhooks"]}, "#/scopes"),
        ({"scopes": ["read"], "partner": "partner", "embargoed": True}, "#/embargoed"),
        ({"scopes": ["read"], "partner": "nobody"}, "#/partner"),
    ],
)
def test_a_key_with_other_rights_is_refused(
    newsroom: Newsroom, fields: dict[str, Any], pointer: str
) -> None:
    add_partner(newsroom)
    answer = newsroom.call("POST", "/keys", json={"name": "K", **fields})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_key_of_a_partner_reads_what_its_products_grant(
    newsroom: Newsroom, client: TestClient
) -> None:
    for name, kind in (("N1", "news"), ("O1", "opinion"), ("A1", "analysis")):
        newsroom.story(name, kind=kind)
    product = add_product(newsroom, "News", filter={"kind": ["news"]})
    add_product(newsroom, "Opinion", filter={"kind": ["opinion"]})
    partner = add_partner(newsroom, "news", "opinion", ends_at="2027-01-01T00:00:00Z")
    key = add_key(newsroom, partner, "read", "webhooks")
    assert list_slugs(client, key) == ["n1", "o1"]
    assert client.get("/v1/articles/a1", headers=key).status_code == 404
    me = client.get("/v1/me", headers=key).json()
    assert (me["partner"], me["products"]) == ("partner", ["news", "opinion"])
    assert (me["scopes"], me["ends_at"]) == (["read", "webhooks"], "2027-01-01T00:00:00Z")
    # A change of a product or a partner takes effect with the next request.
    product = newsroom.patch(product, "products", filter={"kind": ["analysis"]})
    assert list_slugs(client, key) == ["a1", "o1"]
    partner = newsroom.patch(partner, "partners", products=[])
    assert list_slugs(client, key) == []
    assert list_slugs(client) == ["a1", "n1", "o1"]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_key_of_a_partner_is_refused_in_the_newsroom(
    newsroom: Newsroom, client: TestClient
) -> None:
    partner = add_partner(newsroom)
    key, other = (
        add_key(newsroom, partner, "read", "webhooks"),
        add_key(newsroom, partner, "webhooks"),
    )
    for method, path in list_managed_routes():
        if (method, path) != ("GET", "/v1/manage/preview/{token}"):
            answer = client.request(method, fill_path(path), headers=key)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
    answer = client.get("/v1/headlines", headers=other)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert client.get("/v1/me", headers=other).json()["partner"] == "partner"


def test_code_without_partners_refuses_the_key(newsroom: Newsroom, services: Services) -> None:
    """The statement and the comparison of an earlier version."""
    key = add_key(newsroom, add_partner(newsroom))["x-api-key"]
    with services.database.read() as session:
        text = sqlalchemy.text("SELECT digest FROM api_keys WHERE prefix = :prefix")
        digest = session.scalar(text, {"prefix": key[:PREFIX_LENGTH]})
    assert bytes(digest) != hashlib.sha256(key.encode()).digest()
    # Nor does a lost column make it a key that reads everything.
    with services.database.write() as session:
        session.execute(sqlalchemy.text("UPDATE api_keys SET partner_id = NULL"))
    assert newsroom.client.get("/v1/me", headers={"x-api-key": key}).status_code == 401


def test_an_agreement_starts_and_ends_at_its_instants(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    newsroom.story("Story")
    add_product(newsroom)
    now = clock.now()
    starts_at, ends_at = now + timedelta(hours=1), now + timedelta(hours=2)
    partner = add_partner(
        newsroom, "product", starts_at=format_instant(starts_at), ends_at=format_instant(ends_at)
    )
    key = add_key(newsroom, partner)
    for moment, slugs in (
        (now, []),
        (starts_at - timedelta(microseconds=1), []),
        (starts_at, ["story"]),
        (ends_at - timedelta(microseconds=1), ["story"]),
        (ends_at, []),
    ):
        clock.moment = moment
        assert list_slugs(client, key) == slugs, moment


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_product_that_cannot_be_read_grants_nothing(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    newsroom.story("Story")
    add_product(newsroom, "Known")
    key = add_key(newsroom, add_partner(newsroom, "known"))
    assert list_slugs(client, key) == ["story"]
    corrupt(services)
    assert list_slugs(client, key) == []


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_changes_have_no_sources_and_categories_without_a_grant(
    newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.category("Before")
    newsroom.source("Desk")
    key = add_key(newsroom, add_partner(newsroom))
    snapshot = client.get("/v1/changes", headers=key).json()
    newsroom.category("After")
    path = f"/v1/changes?cursor={snapshot['cursor']}"
    assert (snapshot["data"], client.get(path, headers=key).json()["data"]) == ([], [])


@pytest.mark.parametrize("dialect", ["sqlite"])
class TestPreviews:
    """What a partner would receive, seen by an administrator."""

    def test_a_preview_is_what_the_partner_receives(
        self, newsroom: Newsroom, client: TestClient
    ) -> None:
        newsroom.category("World")
        newsroom.story("News", kind="news", categories=["world"])
        newsroom.story("Opinion", kind="opinion")
        add_product(newsroom, filter={"kind": ["news"]})
        partner = add_partner(newsroom, "product")
        key = add_key(newsroom, partner)
        for path, status in (
            ("/v1/headlines?limit=5&count=exact", 200),
            ("/v1/articles/news", 200),
            ("/v1/articles/opinion", 404),
            ("/v1/changes", 200),
            ("/feeds/latest.rss", 200),
            ("/v1/headlines?limit=0", 400),
        ):
            preview = self._preview(newsroom, path)
            received = client.get(path, headers=key)
            assert (preview.status_code, received.status_code) == (status, status), path
            assert preview.headers["content-type"] == received.headers["content-type"]
            assert preview.headers["cache-control"] == "no-store"
            if status == 200:
                assert _without_cursors(preview) == _without_cursors(received)

    @pytest.mark.parametrize(
        "path",
        [
            "/v1/manage/articles",
            "/v1/stream",
            "/v1/me",
            "/metrics",
            "https://elsewhere.example/v1/headlines",
            "https://[elsewhere/v1/headlines",
            "/v1/changes?wait=5",
            "",
        ],
    )
    def test_other_paths_are_refused(self, newsroom: Newsroom, path: str) -> None:
        add_partner(newsroom)
        answer = self._preview(newsroom, path)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_parameter")

    def test_a_redirect_leads_to_another_preview(self, newsroom: Newsroom) -> None:
        add_product(newsroom)
        add_partner(newsroom, "product")
        newsroom.patch(newsroom.story("Old"), slug="new", status="published")
        answer = self._preview(newsroom, "/v1/articles/old")
        assert answer.status_code == 301
        path = answer.headers["location"]
        assert newsroom.client.get(path, headers=newsroom.headers).json()["slug"] == "new"

    def _preview(self, newsroom: Newsroom, path: str) -> Response:
        return newsroom.call("GET", "/partners/partner/preview", params={"path": path})


def _without_cursors(answer: Response) -> str:
    return re.sub(r'"(cursor|next|prev)":"[^"]*"', "", answer.text)
