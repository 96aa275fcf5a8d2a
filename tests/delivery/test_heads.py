"""How new answers are is remembered, and never longer than it is true."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.bootstrap import Services
from app.delivery.heads import Head, Heads
from app.delivery.query import StoryQuery
from app.delivery.store import reading
from tests.newsroom import Newsroom

_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class _Watch:
    """A version that is moved by hand."""

    moved = 0

    def version(self) -> int:
        return self.moved

    def listen(self) -> None: ...

    def announce(self) -> None: ...

    def close(self) -> None: ...


def _head(changes_at: datetime | None = None) -> Head:
    return Head(1, (0, None), _NOW, None, changes_at)


def test_a_head_stands_until_something_is_written() -> None:
    watch = _Watch()
    heads, head = Heads(watch), _head()
    heads.remember(heads.version(), head)
    assert heads.standing(_NOW + _SECOND) is head
    assert heads.is_still(head)
    watch.moved += 1
    assert heads.standing(_NOW + _SECOND) is None
    assert not heads.is_still(head)


def test_a_head_stands_until_its_moment_comes_and_not_before_it_was_read() -> None:
    heads, head = Heads(_Watch()), _head(changes_at=_NOW + 2 * _SECOND)
    heads.remember(0, head)
    standing = [heads.standing(_NOW + number * _SECOND) for number in (-1, 0, 1, 2, 3)]
    assert standing == [None, head, head, None, None]


def test_a_head_that_may_be_newer_than_its_version_is_not_remembered() -> None:
    watch = _Watch()
    heads = Heads(watch)
    before = heads.version()
    watch.moved += 1
    heads.remember(before, _head())
    assert heads.standing(_NOW) is None


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("what", ["story_page", "story"])
def test_what_is_written_while_a_reader_reads_is_read_again(
    what: str, newsroom: Newsroom, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom.story("One")
    services.delivery.head()
    read = getattr(reading, what)
    written: list[Any] = []

    def interrupted(*args: Any, **more: Any) -> Any:
        rows = read(*args, **more)
        if not written:
            written.append(newsroom.story("Two"))
        return rows

    monkeypatch.setattr(reading, what, interrupted)
    page, found = services.delivery.stories(StoryQuery()), services.delivery.story("two")
    serial = services.delivery.head().serial
    assert written
    assert len(page.items) == 2 or what == "story"
    assert found.body is not None
    assert found.head.serial == serial
    assert page.head.serial == serial or what == "story"
