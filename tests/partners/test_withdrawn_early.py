"""A story that was withdrawn before it was due for a partner stays unknown to the partner."""

import asyncio
import json
import re

import pytest

from app.access.keys import verify_key
from app.access.selection import Selection
from app.api.live.broadcast import Broadcast
from app.bootstrap import Services
from app.syndication.sync.sync_state import SyncState
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.partners.agreements import add_key, add_partner, add_product


class Reader:
    """A partner that follows all stories after a delay, and what it learned of removals."""

    def __init__(self, services: Services, newsroom: Newsroom, delay_minutes: int) -> None:
        self._services, self._client = services, newsroom.client
        product = add_product(newsroom, f"Delay {delay_minutes}", delay_minutes=delay_minutes)
        self._headers = add_key(newsroom, add_partner(newsroom, product["slug"], name="P"))
        self._cursor = self._client.get("/v1/changes", headers=self._headers).json()["cursor"]
        key, now = self._headers["x-api-key"], services.clock.now()
        caller = verify_key(services.database, key, now, services.partners.resolve)
        state = SyncState(Selection(), entitlement=caller.entitlement)
        self._streamed = services.changes.follow_from_now(state)

    def read_single(self, ids: list[str]) -> set[str]:
        """Return the stories that the reader finds withdrawn, with a notice."""
        paths = {id_: f"/v1/articles/{id_}" for id_ in ids}
        answers = {id_: self._client.get(paths[id_], headers=self._headers) for id_ in ids}
        assert {answer.status_code for answer in answers.values()} <= {404, 410}
        return {id_ for id_, answer in answers.items() if answer.status_code == 410}

    def read_changes(self) -> set[str]:
        """Return the removals since the last call."""
        path = f"/v1/changes?cursor={self._cursor}"
        answer = self._client.get(path, headers=self._headers).json()
        self._cursor = answer["cursor"]
        return {change["id"] for change in answer["data"] if change["op"] == "remove"}

    def read_stream(self) -> set[str]:
        """Return the removals in the next events."""
        batch = asyncio.run(Broadcast(self._services).load_batch(self._streamed, None))
        self._streamed = batch.after
        removals = re.findall(rb"^event: remove\ndata: (.*)$", batch.events, re.MULTILINE)
        return {json.loads(data)["id"] for data in removals}

    def read_feed(self) -> set[str]:
        """Return the deleted entries of the feed."""
        feed = self._client.get("/feeds/latest.atom", headers=self._headers).text
        return set(re.findall(r'deleted-entry ref="urn:uuid:([^"]*)"', feed))


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_story_that_was_withdrawn_before_its_delay_ended_stays_unknown(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    prompt, late = (Reader(services, newsroom, delay) for delay in (0, 30))
    killed, silent, gone, had = (
        newsroom.story(title) for title in ("Killed", "Silent", "Gone", "Had")
    )
    clock.advance(minutes=10)
    newsroom.verb(killed, "kill", notice="Wrong.")
    silent = newsroom.verb(silent, "unpublish")
    gone = newsroom.verb(gone, "unpublish", answer="gone", notice="Soon back.")
    early = {killed["id"], silent["id"], gone["id"]}
    assert (prompt.read_changes(), prompt.read_stream()) == (early, early)
    clock.advance(minutes=50)
    had = newsroom.verb(had, "unpublish", answer="gone")
    clock.advance(minutes=10)
    for story in (gone, had):
        other = newsroom.verb(story, "unpublish", answer="gone", notice="Bad.")
        newsroom.verb(other, "kill", notice="Wrong.")
    newsroom.verb(silent, "kill", notice="Wrong.")
    everything, later = early | {had["id"]}, {silent["id"], gone["id"], had["id"]}
    assert prompt.read_single(list(everything)) == prompt.read_feed() == everything
    assert prompt.read_changes() == prompt.read_stream() == later
    assert late.read_single(list(everything)) == {had["id"]}
    assert late.read_changes() == {had["id"]}
    assert late.read_stream() == {had["id"]}
    assert late.read_feed() == {had["id"]}
