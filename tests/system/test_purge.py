"""Varnish is told which answers to fetch anew, and the next one that it gives is right."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.server import free_port
from tests.system.conftest import Site, paths, running_site
from tests.system.programs import PURGE_TOKEN, SharedCache, varnish
from tests.system.reading import Answer, fetch

pytestmark = pytest.mark.system
# Far less than the lifetime of any answer, so that only being told can be the reason.
_PATIENCE = 5


@dataclass(frozen=True, slots=True)
class Told:
    """A Dateline, and the Varnish in front of it that it tells of changes."""

    site: Site
    cache: SharedCache

    def read(self, path: str) -> Answer:
        """Read through Varnish."""
        return fetch(self.cache.port, path)

    def settle(self) -> None:
        """Wait until Varnish knows of all that has happened."""
        while b"dateline_purge_lag 0.0" not in fetch(self.site.port, "/metrics").body:
            time.sleep(0.02)

    def keep(self, *at: str) -> list[Answer]:
        """Let Varnish keep what stands at some addresses, and return it."""
        self.settle()
        for path in at:
            self.read(path)
        kept = [self.read(path) for path in at]
        assert all(one.is_from_cache for one in kept)
        return kept

    def until(self, path: str, is_right: Callable[[Answer], bool]) -> Answer:
        """Read until an answer is right."""
        ends = time.monotonic() + _PATIENCE
        while not is_right(answer := self.read(path)):
            assert time.monotonic() < ends, answer
            time.sleep(0.02)
        return answer


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder, port = tmp_path_factory.mktemp("purge"), free_port()
    settings = {
        "purge_url": f"http://127.0.0.1:{port}/",
        "purge_method": "PURGE",
        "purge_token": PURGE_TOKEN,
        "worker_interval": 0.1,
    }
    with (
        running_site(folder, **settings) as site,
        varnish(folder, site.port, port=port) as cache,
    ):
        made = Told(site, cache)
        _begin(made)
        yield made


def _begin(told: Told) -> None:
    """Change something until Varnish hears of it: it is told of what comes after the beginning."""
    until = time.monotonic() + 60
    while b'dateline_purges_total{outcome="sent"}' not in _sent(told):
        assert time.monotonic() < until
        told.site.story()
        time.sleep(0.2)


def _sent(told: Told) -> bytes:
    lines = fetch(told.site.port, "/metrics").body.splitlines()
    return b"\n".join(one for one in lines if not one.endswith(b" 0.0"))


def _titles(answer: Answer) -> list[str]:
    return [one["title"] for one in answer.json()["data"]]


def test_what_is_published_is_there_at_once(told: Told) -> None:
    draft = told.site.draft()
    path, listed = paths(draft)
    absent, empty = told.keep(path, listed)
    assert (absent.status, _titles(empty)) == (404, [])
    told.site.verb(draft, "publish")
    told.until(path, lambda answer: answer.status == 200)
    assert _titles(told.until(listed, lambda answer: not answer.is_from_cache)) == [draft["title"]]


def test_what_is_taken_back_is_gone_at_once(told: Told) -> None:
    story = told.site.story()
    path, listed = paths(story)
    by_id = f"/v1/articles/{story['id']}"
    told.keep(path, by_id, listed)
    told.site.verb(story, "unpublish")
    told.until(path, lambda answer: answer.status == 404)
    assert told.read(by_id).status == 404
    assert _titles(told.read(listed)) == []


def test_every_coding_of_what_changed_is_fetched_anew(told: Told) -> None:
    story = told.site.story()
    path, _ = paths(story)
    codings = ("zstd", "br", "gzip", "identity")
    told.settle()
    for _ in range(2):
        before = [fetch(told.cache.port, path, accept_encoding=one) for one in codings]
    assert all(one.is_from_cache for one in before)
    told.site.change(story, title="Corrected")
    told.until(path, lambda answer: answer.json()["title"] == "Corrected")
    for coding in codings:
        answer = fetch(told.cache.port, path, accept_encoding=coding)
        assert (answer.coding, answer.json()["title"]) == (coding, "Corrected")


def test_a_story_that_comes_out_by_the_clock_takes_the_404_away(told: Told) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=2)
    story = told.site.story(published_at=moment.isoformat())
    path, _ = paths(story)
    assert told.keep(path)[0].status == 404
    time.sleep((moment - datetime.now(UTC)).total_seconds())
    told.until(path, lambda answer: answer.status == 200)


def test_what_did_not_change_stays(told: Told) -> None:
    other, changing = told.site.story(), told.site.story()
    path, _ = paths(other)
    told.keep(path, paths(changing)[0])
    told.site.verb(changing, "unpublish")
    told.until(paths(changing)[0], lambda answer: answer.status == 404)
    assert told.read(path).is_from_cache


def test_nobody_else_may_purge(told: Told) -> None:
    story = told.site.story()
    path, _ = paths(story)
    told.keep(path)
    keys = f"story:{story['id']}"
    wrong = {"authorization": f"Bearer {PURGE_TOKEN}x"}
    for headers in ({}, wrong):
        answer = fetch(told.cache.port, path, "PURGE", surrogate_key=keys, **headers)
        assert answer.status == 403
        assert told.read(path).is_from_cache
    right = {"authorization": f"Bearer {PURGE_TOKEN}"}
    assert fetch(told.cache.port, path, "PURGE", surrogate_key=keys, **right).status == 200
    assert not told.read(path).is_from_cache
