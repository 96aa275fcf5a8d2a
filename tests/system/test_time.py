"""Scheduled publications and expiries behind a shared cache, in real time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.system.conftest import Site, paths
from tests.system.programs import SharedCache
from tests.system.reading import Answer, fetch

pytestmark = pytest.mark.system
# The precision with which each cache counts lifetimes.
_COUNTS_IN = {"varnish": timedelta(seconds=0.2), "nginx": timedelta(seconds=1)}


def _soon() -> tuple[datetime, str]:
    moment = datetime.now(UTC) + timedelta(seconds=7.5)
    return moment, moment.isoformat()


def _watch(
    cache: SharedCache, path: str, moment: datetime, shows: Callable[[Answer], bool]
) -> list[tuple[bool, bool]]:
    """Read until after an instant; return whether each response was cached and has the story.

    A response before the instant must not have the story, and a response to a request after it
    must.
    """
    observations: list[tuple[bool, bool]] = []
    while True:
        asked_at = datetime.now(UTC)
        answer = fetch(cache.port, path)
        shown = shows(answer)
        if datetime.now(UTC) < moment:
            assert not shown
        elif asked_at > moment + _COUNTS_IN[cache.name]:
            assert shown
            return observations
        observations.append((answer.is_from_cache, shown))
        time.sleep(0.05)


def _titles(answer: Answer) -> list[str]:
    return [item["title"] for item in answer.json()["data"]]


def test_a_scheduled_story_appears_on_time(site: Site, cache: SharedCache) -> None:
    moment, at = _soon()
    story: dict[str, Any] = site.story(published_at=at)
    _, listed = paths(story)
    observations = _watch(cache, listed, moment, lambda answer: _titles(answer) == [story["title"]])
    assert (True, False) in observations


def test_an_expiring_story_disappears_on_time(site: Site, cache: SharedCache) -> None:
    moment, at = _soon()
    story: dict[str, Any] = site.story(expires_at=at)
    path, listed = paths(story)
    assert _titles(fetch(cache.port, listed)) == [story["title"]]
    observations = _watch(cache, path, moment, lambda answer: answer.status == 404)
    assert (True, False) in observations
    assert _titles(fetch(cache.port, listed)) == []


def test_a_scheduled_story_is_found_within_five_seconds_of_its_publication(
    site: Site, caches: tuple[SharedCache, ...]
) -> None:
    """Every 404 has the same lifetime, so that none reveals a schedule."""
    moment, at = _soon()
    path, _ = paths(site.story(published_at=at))
    before = timedelta(seconds=0.5)
    time.sleep((moment - before - datetime.now(UTC)).total_seconds())
    for cache in caches:
        assert fetch(cache.port, path).headers["cache-control"] == "max-age=0, s-maxage=5"
    time.sleep(6)
    assert [fetch(cache.port, path).status for cache in caches] == [200, 200]
