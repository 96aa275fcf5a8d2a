"""Varnish receives purges, and its next response is correct."""

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
# Far less than the lifetime of any response, so that only a purge can be the reason.
_TIMEOUT = 5


@dataclass(frozen=True, slots=True)
class PurgeSite:
    """A Dateline, and the Varnish in front of it that receives its purges."""

    site: Site
    cache: SharedCache

    def read(self, path: str) -> Answer:
        """Read through Varnish."""
        return fetch(self.cache.port, path)

    def settle(self) -> None:
        """Wait until Varnish has received all purges."""
        while b"dateline_purge_lag 0.0" not in fetch(self.site.port, "/metrics").body:
            time.sleep(0.02)

    def keep(self, *at: str) -> list[Answer]:
        """Let Varnish cache some addresses, and return the responses."""
        self.settle()
        for path in at:
            self.read(path)
        answers = [self.read(path) for path in at]
        assert all(item.is_from_cache for item in answers)
        return answers

    def until(self, path: str, is_right: Callable[[Answer], bool]) -> Answer:
        """Read until a response is correct."""
        ends = time.monotonic() + _TIMEOUT
        while not is_right(answer := self.read(path)):
            assert time.monotonic() < ends, answer
            time.sleep(0.02)
        return answer


@pytest.fixture(scope="module")
def purge_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PurgeSite]:
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
        purged_site = PurgeSite(site, cache)
        _begin(purged_site)
        yield purged_site


def _begin(purge_site: PurgeSite) -> None:
    """Make changes until Varnish receives a purge; changes before the start are not purged."""
    until = time.monotonic() + 60
    while b'dateline_purges_total{outcome="sent"}' not in _read_purge_metrics(purge_site):
        assert time.monotonic() < until
        purge_site.site.story()
        time.sleep(0.2)


def _read_purge_metrics(purge_site: PurgeSite) -> bytes:
    lines = fetch(purge_site.site.port, "/metrics").body.splitlines()
    return b"\n".join(line for line in lines if not line.endswith(b" 0.0"))


def _titles(answer: Answer) -> list[str]:
    return [item["title"] for item in answer.json()["data"]]


def test_a_publication_is_visible_immediately(purge_site: PurgeSite) -> None:
    draft = purge_site.site.draft()
    path, listed = paths(draft)
    absent, empty = purge_site.keep(path, listed)
    assert (absent.status, _titles(empty)) == (404, [])
    purge_site.site.verb(draft, "publish")
    purge_site.until(path, lambda answer: answer.status == 200)
    assert _titles(purge_site.until(listed, lambda answer: not answer.is_from_cache)) == [
        draft["title"]
    ]


def test_a_withdrawn_story_disappears_immediately(purge_site: PurgeSite) -> None:
    story = purge_site.site.story()
    path, listed = paths(story)
    by_id = f"/v1/articles/{story['id']}"
    purge_site.keep(path, by_id, listed)
    purge_site.site.verb(story, "unpublish")
    purge_site.until(path, lambda answer: answer.status == 404)
    assert purge_site.read(by_id).status == 404
    assert _titles(purge_site.read(listed)) == []


def test_every_encoding_of_a_changed_response_is_fetched_again(purge_site: PurgeSite) -> None:
    story = purge_site.site.story()
    path, _ = paths(story)
    codings = ("zstd", "br", "gzip", "identity")
    purge_site.settle()
    for _ in range(2):
        before = [fetch(purge_site.cache.port, path, accept_encoding=item) for item in codings]
    assert all(entry.is_from_cache for entry in before)
    purge_site.site.change(story, title="Corrected")
    purge_site.until(path, lambda answer: answer.json()["title"] == "Corrected")
    for coding in codings:
        answer = fetch(purge_site.cache.port, path, accept_encoding=coding)
        assert (answer.coding, answer.json()["title"]) == (coding, "Corrected")


def test_a_scheduled_publication_purges_the_404(purge_site: PurgeSite) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=2)
    story = purge_site.site.story(published_at=moment.isoformat())
    path, _ = paths(story)
    assert purge_site.keep(path)[0].status == 404
    time.sleep((moment - datetime.now(UTC)).total_seconds())
    purge_site.until(path, lambda answer: answer.status == 200)


def test_unchanged_responses_stay_in_the_cache(purge_site: PurgeSite) -> None:
    other, changing = purge_site.site.story(), purge_site.site.story()
    path, _ = paths(other)
    purge_site.keep(path, paths(changing)[0])
    purge_site.site.verb(changing, "unpublish")
    purge_site.until(paths(changing)[0], lambda answer: answer.status == 404)
    assert purge_site.read(path).is_from_cache


def test_only_dateline_may_purge(purge_site: PurgeSite) -> None:
    story = purge_site.site.story()
    path, _ = paths(story)
    purge_site.keep(path)
    keys = f"story:{story['id']}"
    wrong = {"authorization": f"Bearer {PURGE_TOKEN}x"}
    for headers in ({}, wrong):
        answer = fetch(purge_site.cache.port, path, "PURGE", surrogate_key=keys, **headers)
        assert answer.status == 403
        assert purge_site.read(path).is_from_cache
    right = {"authorization": f"Bearer {PURGE_TOKEN}"}
    assert fetch(purge_site.cache.port, path, "PURGE", surrogate_key=keys, **right).status == 200
    assert not purge_site.read(path).is_from_cache
