"""The log state is cached, and never longer than it is valid."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.bootstrap import Services
from app.delivery.invalidation import LogState, LogStateCache
from app.delivery.story_query import StoryQuery
from app.kit.sql.change_watch import VersionProof
from tests.newsroom import Newsroom

_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class _Watch:
    """A version that tests set."""

    moved = 0

    def version(self) -> int:
        return self.moved

    def rights_version(self) -> int:
        return self.moved

    def listen(self) -> None: ...

    def announce(self, commit: str = "") -> None: ...

    def proof(self) -> VersionProof:
        return VersionProof(0, self.moved, 0)

    def close(self) -> None: ...


def _state(changes_at: datetime | None = None) -> LogState:
    return LogState(1, (0, None), _NOW, None, changes_at)


def test_a_cached_log_state_is_valid_until_a_write() -> None:
    watch = _Watch()
    heads, head = LogStateCache(watch), _state()
    heads.put(heads.version(), head)
    assert heads.get(watch.version(), _NOW + _SECOND) == head._replace(now=_NOW + _SECOND)
    watch.moved += 1
    assert heads.get(watch.version(), _NOW + _SECOND) is None


def test_a_cached_log_state_is_valid_until_the_next_scheduled_change() -> None:
    heads, head = LogStateCache(_Watch()), _state(changes_at=_NOW + 2 * _SECOND)
    heads.put(0, head)
    known = [heads.get(0, _NOW + number * _SECOND) for number in (-1, 0, 1, 2, 3)]
    assert known == [None, head, head._replace(now=_NOW + _SECOND), None, None]


def test_a_log_state_that_may_be_newer_than_its_version_is_not_cached() -> None:
    watch = _Watch()
    heads = LogStateCache(watch)
    before = heads.version()
    watch.moved += 1
    heads.put(before, _state())
    assert heads.get(watch.version(), _NOW) is None
    assert heads.get(before, _NOW) is None


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("what", ["a list", "a story"])
def test_a_read_is_repeated_after_a_concurrent_write(
    what: str, newsroom: Newsroom, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = newsroom.story("One")
    services.delivery.load_log_state()
    fetch = services.database.fetch
    interruptions: list[str] = []

    def fetch_and_correct(*arguments: Any) -> Any:
        rows = fetch(*arguments)
        # The write reads through the same gateway.
        if not interruptions:
            interruptions.append("correct")
            newsroom.verb(story, "correct", changes={"title": "Two"}, note="A")
        return rows

    monkeypatch.setattr(services.database, "fetch", fetch_and_correct)
    if what == "a list":
        page = services.delivery.list_stories(StoryQuery())
        head, body = page.log_state, page.items[0]
    else:
        loaded = services.delivery.find_story("one")
        head, body = loaded.log_state, loaded.body or b""
    assert interruptions
    assert b'"title":"Two"' in body
    assert head.serial == services.delivery.load_log_state().serial
