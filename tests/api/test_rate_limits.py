"""Limits in HTTP: which requests count, and what the answers say."""

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.api.app import create_app, openapi_document
from app.api.http.costs import COSTS, find_cost
from app.bootstrap import Services, bootstrap
from app.settings import Settings
from tests.client import make_client
from tests.clock import HandClock
from tests.conftest import key_for
from tests.newsroom import Newsroom
from tests.partners.agreements import add_key, add_partner, add_product

KEYS, ANONYMOUS, REFUSED = 30, 5, 3
PROXY, CLIENT = "192.0.2.1", "203.0.113.7"


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment with small limits, behind a proxy."""
    return Settings(
        database_url=database_url,
        key_requests_per_minute=KEYS,
        anonymous_requests_per_minute=ANONYMOUS,
        refused_keys_per_minute=REFUSED,
        trusted_proxies=PROXY,
    )


@pytest.fixture
def key(services: Services) -> dict[str, str]:
    """Headers with a key."""
    return {"x-api-key": key_for(services, "read")}


def from_address(client: TestClient, address: str) -> TestClient:
    """Return a client of the same application with an address."""
    return make_client(client.app, base_url="http://testserver", client=(address, 1))


def states(client: TestClient, path: str, times: int, **headers: str) -> list[int]:
    """Return the statuses of equal requests."""
    return [client.get(path, headers=headers).status_code for _ in range(times)]


def refuse(answer: Response) -> int:
    """Insist on a refusal; return after how many seconds to try again."""
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["ratelimit-policy"].startswith('"requests";q=')
    assert ";r=0;t=60" in answer.headers["ratelimit"]
    return int(answer.headers["retry-after"])


def test_every_request_with_a_key_counts(
    client: TestClient, key: dict[str, str], clock: HandClock
) -> None:
    for path, status in (("/v1/headlines", 200), ("/v1/me", 200), ("/v1/none", 404)):
        assert states(client, path, KEYS, **key) == [status] * KEYS
        answer = client.get(path, headers=key)
        seconds = refuse(answer)
        assert f"{KEYS} requests in a minute" in answer.json()["detail"]
        # The other routes share the limit.
        assert client.get("/v1/headlines", headers=key).status_code == 429
        assert client.get("/v1/me", headers=key).status_code == 429
        clock.advance(seconds=seconds)
        assert states(client, path, 2, **key) == [status, 429]
        clock.advance(minutes=1)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_private_answers_say_what_is_left(
    client: TestClient, key: dict[str, str], newsroom: Newsroom
) -> None:
    newsroom.story("Rain")
    policy = f'"requests";q={KEYS};w=60, "cost";q={2 * KEYS};w=60'
    fields = []
    for path in ("/v1/headlines", "/v1/headlines", "/v1/me", "/v1/articles/rain"):
        answer = client.get(path, headers=key)
        assert answer.headers["ratelimit-policy"] == policy
        fields.append(answer.headers["ratelimit"])
    assert fields[0] == f'"requests";r={KEYS - 1};t=2, "cost";r={2 * KEYS - 1};t=1'
    assert [text.split(";")[1] for text in fields] == [f"r={KEYS - n}" for n in (1, 2, 3, 4)]
    cached = client.get("/v1/headlines", headers=key)
    again = client.get("/v1/headlines", headers={**key, "if-none-match": cached.headers["etag"]})
    assert (again.status_code, "r=24" in again.headers["ratelimit"]) == (304, True)
    written = newsroom.call("POST", "/sources", json={"name": "The Post"})
    assert written.headers["ratelimit-policy"] == policy


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_what_takes_long_costs_more(client: TestClient, key: dict[str, str]) -> None:
    def read_remaining(path: str) -> int:
        text = client.get(path, headers=key).headers["ratelimit"].rpartition('"cost";r=')[2]
        return int(text.partition(";")[0])

    before = read_remaining("/v1/headlines")
    spent: list[int] = []
    for path in (
        "/v1/search?q=rain",
        "/v1/search?q=rain",
        "/v1/headlines?count=exact",
        "/v1/changes",
        "/v1/search?q=snow&facets=category",
    ):
        after = read_remaining(path)
        spent.append(before - after)
        before = after
    assert spent == [5, 1, 6, 10, 10]


def test_a_percent_encoded_parameter_costs_the_same() -> None:
    assert find_cost("/v1/manage/articles", b"%63ount=e%78act") == 6
    assert find_cost("/v1/manage/articles", b"count=estimated") == 1


def test_costs_are_of_routes_that_exist() -> None:
    assert openapi_document()["paths"].keys() >= COSTS.keys()


def test_the_keys_of_a_partner_share_its_limit(
    client: TestClient, newsroom: Newsroom, services: Services
) -> None:
    add_product(newsroom, "Every")
    partner = add_partner(newsroom, "every", limits={"requests_per_minute": 8})
    first, second = (add_key(newsroom, partner) for _ in range(2))
    assert states(client, "/v1/headlines", 6, **first) == [200] * 6
    assert states(client, "/v1/headlines", 4, **second) == [200] * 2 + [429] * 2
    newsroom.patch(partner, "partners", limits={"requests_per_minute": 10})
    assert states(client, "/v1/headlines", 4, **second) == [200] * 2 + [429] * 2


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_caller_reads_the_limit_that_leaves_the_least(
    client: TestClient, newsroom: Newsroom, key: dict[str, str]
) -> None:
    def read(**headers: str) -> list[dict[str, object]]:
        limits: list[dict[str, object]] = client.get("/v1/me", headers=headers).json()["limits"]
        return limits

    limit = {"name": "requests_per_minute", "quota": KEYS, "window": "minute"}
    now = "2026-11-22T12:00:0"
    assert read(**key) == [{**limit, "remaining": KEYS - 1, "resets_at": f"{now}2Z"}]
    assert read(**key) == [{**limit, "remaining": KEYS - 2, "resets_at": f"{now}4Z"}]
    assert read() == []
    read_as = from_address(client, CLIENT).get
    for left, second in ((ANONYMOUS - 1, "12Z"), (ANONYMOUS - 2, "24Z")):
        answer = read_as("/v1/me")
        own = {**limit, "quota": ANONYMOUS, "remaining": left, "resets_at": f"{now[:-1]}{second}"}
        assert answer.json()["limits"] == [own]
        assert "ratelimit" not in answer.headers
    add_product(newsroom, "Every")
    limits = {"requests_per_minute": 20, "stories_per_day": 5}
    headers = add_key(newsroom, add_partner(newsroom, "every", limits=limits))
    quota, requests = read(**headers)
    assert quota["name"] == "stories_per_day"
    assert requests == {**limit, "quota": 20, "remaining": 19, "resets_at": f"{now}3Z"}


class TestAddresses:
    """Requests without a key count for their address."""

    pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])

    def test_an_address_has_a_limit(self, client: TestClient, clock: HandClock) -> None:
        reader = from_address(client, CLIENT)
        for path, times in (("/v1/headlines", ANONYMOUS), ("/v1/none", ANONYMOUS)):
            assert 429 not in states(reader, path, times)
            seconds = refuse(reader.get(path))
            assert reader.get("/v1/headlines").status_code == 429
            assert from_address(client, "203.0.113.8").get(path).status_code != 429
            clock.advance(seconds=seconds)
            assert reader.get(path).status_code != 429
            clock.advance(minutes=1)
        for query in "abc":
            answer = reader.get("/v1/search", params={"q": query})
        assert "requests that cost 10 in a minute" in answer.json()["detail"]

    def test_a_proxy_names_the_address(self, client: TestClient) -> None:
        proxy = from_address(client, PROXY)
        forwarded = {"x-forwarded-for": CLIENT}
        assert states(proxy, "/v1/headlines", 6, **forwarded) == [200] * 5 + [429]
        assert states(from_address(client, CLIENT), "/v1/headlines", 1) == [429]
        other = {"x-forwarded-for": "203.0.113.9"}
        assert states(proxy, "/v1/headlines", 6, **other) == [200] * 5 + [429]
        # A client that is no proxy cannot choose its address.
        stranger = from_address(client, "203.0.113.10")
        answers = [
            stranger.get("/v1/headlines", headers={"x-forwarded-for": f"203.0.113.{n}"})
            for n in range(20, 26)
        ]
        assert answers[-1].status_code == 429

    def test_a_network_of_ipv6_is_one_address(self, client: TestClient) -> None:
        for number in range(ANONYMOUS):
            states(from_address(client, f"2001:db8:1:2::{number + 1}"), "/v1/headlines", 1)
        assert states(from_address(client, "2001:db8:1:2::ff"), "/v1/headlines", 1) == [429]
        assert states(from_address(client, "2001:db8:1:3::1"), "/v1/headlines", 1) == [200]

    def test_this_machine_proxies_probes_and_keys_have_none(
        self, client: TestClient, key: dict[str, str]
    ) -> None:
        for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1", PROXY):
            local_client = from_address(client, address)
            assert set(states(local_client, "/v1/headlines", 2 * ANONYMOUS)) == {200}
            wrong = {"x-api-key": "dl_x"}
            assert set(states(local_client, "/v1/headlines", 2 * REFUSED, **wrong)) == {401}
        reader = from_address(client, CLIENT)
        assert set(states(reader, "/healthz", 4 * ANONYMOUS)) == {200}
        assert set(states(reader, "/v1/headlines", 4 * ANONYMOUS, **key)) == {200}
        assert set(states(reader, "/v1/headlines", ANONYMOUS)) == {200}


def test_refused_keys_have_a_limit_that_no_valid_key_meets(
    client: TestClient, key: dict[str, str], clock: HandClock
) -> None:
    attacker = from_address(client, CLIENT)
    for path in ("/v1/headlines", "/v1/me", "/feeds/latest.rss?token=dlf_x"):
        wrong = {} if "token" in path else {"x-api-key": "dl_wrong"}
        answers = [attacker.get(path, headers=wrong) for _ in range(REFUSED + 2)]
        assert [answer.status_code for answer in answers] == [401] * REFUSED + [429] * 2
        assert refuse(answers[-1]) == 60 / REFUSED
        assert "whose keys are refused" in answers[-1].json()["detail"]
        assert attacker.get("/v1/headlines", headers=key).status_code == 200
        assert attacker.get("/v1/me", headers=key).status_code == 200
        assert attacker.get("/v1/headlines").status_code == 200
        clock.advance(seconds=60 / REFUSED)
        assert attacker.get(path, headers=wrong).status_code == 401
        clock.advance(minutes=1)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_stranger_writes_nothing(client: TestClient, services: Services) -> None:
    version = services.watch.version()
    for number in range(50):
        reader = from_address(client, f"203.0.113.{number}")
        states(reader, "/v1/headlines", 3)
        states(reader, "/v1/headlines", 2, **{"x-api-key": "dl_wrong"})
    services.limit_reports.run()
    assert services.watch.version() == version
    assert len(services.address_limit) == 50


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_limits_can_be_off(services: Services, key: dict[str, str], settings: Settings) -> None:
    off = bootstrap(settings.model_copy(update={"rate_limit": "off"}), database=services.database)
    client = make_client(create_app(off), client=(CLIENT, 1))
    for headers in (key, {}):
        assert set(states(client, "/v1/headlines", 2 * KEYS, **headers)) == {200}
    assert set(states(client, "/v1/headlines", 2 * REFUSED, **{"x-api-key": "dl_x"})) == {401}
    assert "ratelimit" not in client.get("/v1/me", headers=key).headers
