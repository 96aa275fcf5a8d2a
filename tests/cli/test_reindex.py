"""`dateline reindex`, and how `dateline check` checks the index."""

from collections.abc import Callable
from pathlib import Path

from app.bootstrap import Services
from app.kit.sql.leadership import FileLeadership
from app.search.index_updater import IndexUpdater
from tests.cli.shell import Shell
from tests.newsroom import Newsroom
from tests.search.conftest import follow, follower

__all__ = ["follow", "follower"]
Follow = Callable[[], None]


def test_a_missing_index_is_built(
    shell: Shell, newsroom: Newsroom, services: Services, tmp_path: Path
) -> None:
    for number in range(3):
        newsroom.story(f"Rain {number}")
    newsroom.article("A draft")
    assert not (tmp_path / "search").exists()
    assert shell.run_ok("reindex").text == "Indexed 3 stories.\n"
    standing = services.search.status()
    assert (standing.built, standing.behind, standing.stories) == (True, 0, 3)


def test_a_rebuilt_index_replaces_the_one_that_is_being_updated(
    shell: Shell, newsroom: Newsroom, services: Services, follow: Follow, tmp_path: Path
) -> None:
    newsroom.story("Rain 0")
    follow()
    before = {item.name for item in (tmp_path / "search").iterdir() if item.is_dir()}
    shell.run_ok("reindex")
    newsroom.story("Rain 1")
    follow()
    assert services.search.status().stories == 2
    after = {item.name for item in (tmp_path / "search").iterdir() if item.is_dir()}
    assert len(after) == 1
    assert not after & before


def test_two_processes_cannot_rebuild_concurrently(
    shell: Shell, newsroom: Newsroom, tmp_path: Path
) -> None:
    newsroom.story("Rain")
    lock = FileLeadership(f"{tmp_path / 'search'}.rebuild")
    assert lock.try_acquire()
    assert "already" in shell.run_refused("reindex")
    lock.release()
    shell.run_ok("reindex")


def test_check_finds_an_index_that_has_other_stories(
    shell: Shell, newsroom: Newsroom, services: Services, follow: Follow, follower: IndexUpdater
) -> None:
    story = newsroom.story("Rain")
    newsroom.story("Snow")
    follow()
    follower.close()
    shell.run_ok("check")
    writer = services.index.writer()
    writer.remove([story["id"]])
    writer.save(writer.position)
    writer.close()
    ended = shell.run("check")
    assert ended.code == 1
    assert "index: It holds 1 stories where 2 are public." in ended.err
    assert "`dateline reindex` the index" in ended.err
    shell.run_ok("reindex")
    shell.run_ok("check")


def test_check_finds_every_broken_index(
    shell: Shell, newsroom: Newsroom, follow: Follow, tmp_path: Path
) -> None:
    newsroom.story("Rain")
    shell.run_ok("check")
    follow()
    for item in (tmp_path / "search").rglob("*.term"):
        item.write_bytes(b"")
    assert "index: " in shell.run("check").err
    shell.run_ok("reindex")
    shell.run_ok("check")
