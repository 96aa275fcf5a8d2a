"""Clients that wait under an agreement: time brings them stories, and its end ends the waiting."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.access import keys
from app.access.caller import Caller
from app.access.entitlement import NOTHING, Entitlement, Grant
from app.api.app import create_app
from app.api.middleware import authentication
from app.bootstrap import Services, bootstrap, open_database
from app.kit.sql.database import Database
from app.settings import Settings
from tests.clock import HandClock
from tests.conftest import key_for
from tests.newsroom import Newsroom
from tests.server.serving import port_of, served
from tests.sync.stream_client import StreamClient

DELAY = timedelta(minutes=30)


@dataclass
class Agreement:
    """What the partner of all keys with the scope `read` may read, and until when."""

    entitlement: Entitlement
    ends_at: datetime | None = None

    def apply(self, caller: Caller) -> Caller:
        if caller.scopes != ("read",):
            return caller
        return replace(
            caller,
            partner_id="a partner",
            entitlement=self.entitlement,
            entitled_until=self.ends_at,
        )


@pytest.fixture
def agreement(monkeypatch: pytest.MonkeyPatch) -> Agreement:
    agreed = Agreement(Entitlement((Grant(delay=DELAY),)))
    verify = keys.verify_key

    def verify_key(database: Database, key: str, now: datetime) -> Caller:
        return agreed.apply(verify(database, key, now))

    monkeypatch.setattr(keys, "verify_key", verify_key)
    monkeypatch.setattr(authentication, "verify_key", verify_key)
    return agreed


@pytest.fixture
def services(settings: Settings, clock: HandClock, agreement: Agreement) -> Iterator[Services]:
    wired = bootstrap(
        settings,
        clock=clock,
        database=open_database(settings),
        find_entitlement=lambda _session, _partner, _now: agreement.entitlement,
    )
    yield wired
    wired.close()


Act = Callable[[HandClock, Newsroom, Agreement], object]


def let_time_pass(clock: HandClock, _newsroom: Newsroom, _agreement: Agreement) -> None:
    clock.advance(minutes=31)


def end_the_agreement(clock: HandClock, _newsroom: Newsroom, agreement: Agreement) -> None:
    # At the end of the agreement, the delay of the story is over as well.
    clock.moment = agreement.ends_at or clock.moment


def change_the_product(clock: HandClock, newsroom: Newsroom, agreement: Agreement) -> None:
    agreement.entitlement = NOTHING
    clock.advance(minutes=31)
    newsroom.story("Moves the version")


@pytest.mark.parametrize(
    ("act", "status"), [(let_time_pass, 200), (end_the_agreement, 410), (change_the_product, 410)]
)
def test_a_long_poll_ends_when_time_or_the_agreement_changes_its_answer(
    act: Act,
    status: int,
    services: Services,
    client: TestClient,
    newsroom: Newsroom,
    clock: HandClock,
    agreement: Agreement,
) -> None:
    agreement.ends_at = clock.now() + timedelta(hours=1)
    headers = {"authorization": f"Bearer {key_for(services, 'read')}"}
    answer = client.get("/v1/changes", headers=headers).json()
    story = newsroom.story("Delayed")

    def wait() -> Response:
        path = f"/v1/changes?cursor={answer['cursor']}&wait=60"
        return client.get(path, headers=headers)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        assert (
            client.get(f"/v1/changes?cursor={answer['cursor']}", headers=headers).json()["data"]
            == []
        )
        act(clock, newsroom, agreement)
        response = waiting.result()
    assert response.status_code == status, response.text
    if status == 200:
        (change,) = response.json()["data"]
        assert (change["id"], change["reason"]) == (story["id"], "published")
        assert change["at"] == "2026-11-22T12:30:00Z"
    else:
        assert response.json()["code"] == "rights_changed"


@pytest.mark.parametrize("act", [end_the_agreement, change_the_product])
def test_a_stream_sends_delayed_stories_and_ends_with_the_agreement(
    act: Act,
    services: Services,
    newsroom: Newsroom,
    clock: HandClock,
    agreement: Agreement,
) -> None:
    agreement.ends_at = clock.now() + timedelta(hours=2)
    bearer = f"Bearer {key_for(services, 'read')}"
    with served(create_app(services)) as server:
        listener = StreamClient(port_of(server), authorization=bearer).begun()
        stories = [newsroom.story(title) for title in ("First", "Second")]
        clock.advance(minutes=31)
        events = [listener.next() for _ in stories]
        assert {event.data["id"] for event in events} == {story["id"] for story in stories}
        again = StreamClient(
            port_of(server), authorization=bearer, last_event_id=events[0].id
        ).begun()
        assert again.next().data == events[1].data
        newsroom.story("Too late")
        act(clock, newsroom, agreement)
        for client in (listener, again):
            assert client.has_ended()
            assert b"Too late" not in client.rest
            client.close()
