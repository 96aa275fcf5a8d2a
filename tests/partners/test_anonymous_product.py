"""A deployment in which a product decides what may be read without a key."""

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.kit.clock import format_instant
from app.partners.flaws import find_agreement_flaws
from app.settings import Settings
from tests.clock import HandClock
from tests.conftest import embargo_key, key_for
from tests.newsroom import Newsroom
from tests.partners.agreements import add_key, add_partner, add_product, list_slugs


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, anonymous="open")


def _find_flaws(services: Services) -> str:
    with services.database.read() as session:
        return " ".join(find_agreement_flaws(session, services.anonymous.product))


def test_readers_without_a_key_have_the_product(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    until = format_instant(clock.now() + timedelta(hours=1))
    newsroom.story("News", kind="news", body="<p>Secret words.</p>")
    newsroom.story("Opinion", kind="opinion", body="<p>Secret words.</p>")
    newsroom.story("Held", kind="news", embargo_until=until)
    assert list_slugs(client) == []
    assert "there is no product 'open'" in _find_flaws(services)
    product = add_product(newsroom, "Open", filter={"kind": ["news"]}, embargoed=True)
    assert "embargoed" in _find_flaws(services)
    assert list_slugs(client) == list_slugs(client) == ["news"]
    assert client.get("/v1/articles/opinion").status_code == 404
    assert b"Secret words" in client.get("/feeds/latest.json").content
    product = newsroom.patch(
        product, "products", filter={"kind": ["opinion"]}, form="headline", embargoed=False
    )
    # The answers that were cached for the former terms are not sent.
    assert list_slugs(client) == ["opinion"]
    assert client.get("/v1/articles/news").status_code == 404
    assert b"Secret words" not in client.get("/feeds/latest.json").content
    assert _find_flaws(services) == ""
    clock.advance(hours=2)
    assert list_slugs(client) == ["opinion"]
    key = {"x-api-key": key_for(services, "read")}
    assert list_slugs(client, key) == ["held", "news", "opinion"]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_product_stays(newsroom: Newsroom) -> None:
    product = add_product(newsroom, "Open")
    for answer in (
        newsroom.delete(product, "products"),
        newsroom.patching(product, "products", slug="other"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "in_use")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_keys_have_their_own_entitlements(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    until = format_instant(clock.now() + timedelta(hours=1))
    newsroom.story("Held", embargo_until=until)
    newsroom.story("Story")
    add_product(newsroom, "Early", embargoed=True)
    assert list_slugs(client, embargo_key(services)) == ["held", "story"]
    assert list_slugs(client, add_key(newsroom, add_partner(newsroom, "early"))) == [
        "held",
        "story",
    ]
    assert list_slugs(client) == []
    assert client.get("/healthz").status_code == 200
