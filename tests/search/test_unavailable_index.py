"""Missing space or file handles never discard the index or make an empty result look complete."""

import logging
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.search import overlay
from app.search.errors import IndexUnavailable, IndexUnusable, index_failure
from app.search.index_updater import IndexUpdater
from app.worker import Indexer
from tests.api.reading import read, titles
from tests.newsroom import Newsroom
from tests.search.polling import wait_until

Follow = Callable[[], None]
pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


@contextmanager
def _limit_resource(what: int, most: int) -> Iterator[None]:
    """Limit a resource of this process, as if the system had no more of it."""
    soft, hard = resource.getrlimit(what)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(what, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def _full_disk() -> AbstractContextManager[None]:
    return _limit_resource(resource.RLIMIT_FSIZE, 1_000)


@contextmanager
def _exhaust_file_descriptors() -> Iterator[None]:
    """Occupy the file descriptors below the last used one, so that a limit above it leaves none."""
    last = max(map(int, os.listdir("/proc/self/fd")))  # noqa: PTH208
    filled = [os.open(os.devnull, os.O_RDONLY)]
    while filled[-1] < last:
        filled.append(os.open(os.devnull, os.O_RDONLY))
    try:
        with _limit_resource(resource.RLIMIT_NOFILE, filled[-1] + 1):
            yield
    finally:
        for file in filled:
            os.close(file)


def _generations(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_dir()}


@pytest.fixture
def folder(newsroom: Newsroom, follow: Follow, client: TestClient, tmp_path: Path) -> Path:
    """The folder of an index with a story that was already searched."""
    newsroom.story("Rain 1", body="Clouds. " * 300)
    follow()
    assert titles(client, "/v1/search?q=rain") == ["Rain 1"]
    return tmp_path / "search"


@pytest.mark.parametrize("limited", [_full_disk, _exhaust_file_descriptors])
def test_an_index_that_cannot_be_written_is_kept(
    limited: Callable[[], AbstractContextManager[None]],
    folder: Path,
    newsroom: Newsroom,
    client: TestClient,
    follower: IndexUpdater,
    follow: Follow,
    services: Services,
) -> None:
    before = _generations(folder)
    follower.close()
    newsroom.story("Rain 2", body="Clouds. " * 300)
    with limited():
        for _ in range(4):
            with pytest.raises(IndexUnavailable):
                follower.step()
    assert (services.search.status().stories, _generations(folder)) == (1, before)
    assert sorted(titles(client, "/v1/search?q=rain&limit=9")) == ["Rain 1", "Rain 2"]
    follow()
    assert (services.search.status().stories, _generations(folder)) == (2, before)
    assert list(services.search.flaws()) == []


def test_the_last_state_is_read_if_no_file_can_be_opened(
    folder: Path, newsroom: Newsroom, client: TestClient, follow: Follow, services: Services
) -> None:
    before = _generations(folder)
    newsroom.story("Rain 2")
    follow()
    with _exhaust_file_descriptors():
        reader = services.index.reader()
        assert services.search.write_fault() is not None
        with pytest.raises(IndexUnavailable):
            services.index.find_flaw()
        assert services.search._fallback_reader().count() == 0
    assert reader.count() == 1
    assert _generations(folder) == before
    assert services.index.reader().count() == 2
    assert len(titles(client, "/v1/search?q=rain&limit=8")) == 2


def test_an_index_that_cannot_be_started_leaves_no_files(
    newsroom: Newsroom, follower: IndexUpdater, tmp_path: Path
) -> None:
    newsroom.story("Rain 1", body="Clouds. " * 300)
    with _full_disk():
        for _ in range(3):
            with pytest.raises(IndexUnavailable):
                follower.step()
    assert len(_generations(tmp_path / "search")) <= 1


@pytest.mark.parametrize(
    "harm",
    [
        lambda search: search.write_text("This is no folder."),
        lambda search: search.with_name("search.leader").mkdir(),
    ],
)
def test_an_unwritable_folder_is_reported_everywhere(
    harm: Callable[[Path], object],
    tmp_path: Path,
    client: TestClient,
    services: Services,
    caplog: pytest.LogCaptureFixture,
) -> None:
    harm(tmp_path / "search")
    indexer = Indexer(services)
    with caplog.at_level(logging.WARNING):
        indexer.start()
        wait_until(lambda: "the index could not go on: The index cannot be written" in caplog.text)
    indexer.stop()
    ready = read(client, "/readyz")
    assert (ready["status"], ready["index"]) == ("ready", "cannot be written")
    assert str(tmp_path / "search") in ready["detail"]
    assert any("cannot be written" in line for line in services.search.flaws())


def test_checking_a_writable_folder_leaves_no_files(folder: Path, services: Services) -> None:
    before = sorted(folder.parent.rglob("*"))
    assert services.search.write_fault() is None
    assert sorted(folder.parent.rglob("*")) == sorted({*before, folder.with_name("search.leader")})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/search?q=rain", 200),
        ("/v1/search?q=rain&facets=tag&count=exact", 200),
        ("/v1/suggest?q=rai", 503),
        ("/feeds/search.rss?q=rain", 503),
        ("/v1/articles/rain-1/related", 503),
    ],
)
def test_an_empty_result_of_an_incomplete_index_is_an_error(
    path: str,
    status: int,
    newsroom: Newsroom,
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newsroom.story("Rain 1")
    monkeypatch.setattr(overlay, "MOST_CHANGED_STORIES", 0)
    answer = client.get(path)

    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json()["complete"] is False
    else:
        assert answer.json()["code"] == "index_unusable"


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (OSError(28, "No space left on device"), IndexUnavailable),
        (OSError(30, "Read-only file system"), IndexUnavailable),
        (ValueError("An IO error occurred: 'Too many open files (os error 24)'"), IndexUnavailable),
        (ValueError("Failed to acquire Lockfile: LockBusy."), IndexUnavailable),
        (FileNotFoundError(2, "No such file"), IndexUnusable),
        (ValueError("Data corrupted: wrong footer (os error 2)"), IndexUnusable),
    ],
)
def test_system_errors_do_not_discard_the_index(
    wrong: Exception, kind: type[IndexUnusable], dialect: str
) -> None:
    assert type(index_failure("…", wrong)) is kind
