"""A lost, truncated, overwritten or foreign index is rebuilt while the server runs."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tantivy
from starlette.testclient import TestClient

from app.bootstrap import Services, bootstrap
from app.kit.sql.leadership import FileLeadership
from app.search.engine.reader import TantivyReader
from app.search.errors import IndexUnusable
from app.search.index import Hit
from app.search.index_updater import IndexUpdater
from app.settings import Settings
from app.worker import Indexer
from tests.api.reading import read, titles
from tests.client import make_client
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.search.polling import wait_until

Follow = Callable[[], None]


@pytest.fixture
def generation(
    newsroom: Newsroom, follow: Follow, follower: IndexUpdater, client: TestClient, tmp_path: Path
) -> Path:
    """An index with a few stories in several segments, which has been read."""
    for number in range(3):
        newsroom.story(f"Rain {number}", body="Clouds. " * 200)
        follow()
    assert len(_find_titles(client)) == 3
    folders = [path for path in (tmp_path / "search").iterdir() if path.is_dir()]
    assert len(folders) == 1
    return folders[0]


def _find_titles(client: TestClient, query: str = "q=rain") -> list[str]:
    """Search without the cache: each order of the parameters is another cache entry."""
    page = read(client, f"/v1/search?{query}&count=exact")
    assert page["page"]["count"] == len(page["data"])
    return sorted(story["title"] for story in page["data"])


def _remove(generation: Path) -> None:
    shutil.rmtree(generation)


def _remove_all(generation: Path) -> None:
    shutil.rmtree(generation.parent)


def _remove_pointer(generation: Path) -> None:
    for path in generation.parent.glob("current-*"):
        path.unlink()


def _garble_pointer(generation: Path) -> None:
    for path in generation.parent.glob("current-*"):
        path.write_bytes(b"\xff\x00../../etc")


def _cut_all(generation: Path) -> None:
    for path in generation.iterdir():
        if path.is_file():
            with path.open("r+b") as file:
                file.truncate(path.stat().st_size // 2)


def _empty_terms(generation: Path) -> None:
    for path in generation.glob("*.term"):
        path.write_bytes(b"")


def _garble_meta(generation: Path) -> None:
    (generation / "meta.json").write_text("{}")


def _put_another(generation: Path) -> None:
    shutil.rmtree(generation)
    generation.mkdir()
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True)
    builder.add_text_field("words")
    other = tantivy.Index(builder.build(), path=str(generation))
    writer = other.writer(15_000_000, 1)
    writer.add_document(tantivy.Document(id=["x"], words=["rain"]))
    writer.commit()
    writer.wait_merging_threads()


@pytest.mark.parametrize(
    "harm",
    [
        _remove,
        _remove_all,
        _remove_pointer,
        _garble_pointer,
        _cut_all,
        _empty_terms,
        _garble_meta,
        _put_another,
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_damaged_index_is_rebuilt_while_searches_go_on(
    generation: Path,
    harm: Callable[[Path], None],
    client: TestClient,
    newsroom: Newsroom,
    follow: Follow,
    services: Services,
) -> None:
    harm(generation)
    assert _find_titles(client, "q=rain&limit=50") == ["Rain 0", "Rain 1", "Rain 2"]
    newsroom.story("Rain 3")
    assert len(_find_titles(client)) == 4
    follow()
    assert len(_find_titles(client, "q=rain&limit=60")) == 4
    assert (services.search.status().behind, services.search.status().stories) == (0, 4)
    assert list(services.search.flaws()) == []
    newsroom.story("Rain 4")
    follow()
    assert (len(_find_titles(client)), services.search.status().stories) == (5, 5)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_index_with_overwritten_files_counts_as_missing(
    generation: Path, client: TestClient, follow: Follow, newsroom: Newsroom
) -> None:
    for path in generation.iterdir():
        if path.suffix in {".term", ".idx", ".fast", ".store", ".pos"}:
            size = path.stat().st_size
            with path.open("r+b") as file:
                file.write(b"\xa5" * size)
    assert client.get("/v1/search?q=rain&limit=70").status_code == 200
    newsroom.story("Rain 3")
    follow()
    assert len(_find_titles(client)) == 4


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_failing_query_discards_the_index_only_if_it_is_broken(
    generation: Path, services: Services, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(reader: TantivyReader, *_: object) -> list[Hit]:
        if reader.position.serial:
            raise IndexUnusable("The engine gave up.")
        return []

    monkeypatch.setattr(TantivyReader, "find_similar", give_up)
    answer = client.get("/v1/articles/rain-0/related")
    assert answer.status_code == 200, answer.text
    assert services.search.status().stories == 3
    store = next(generation.glob("*.store"))
    with store.open("r+b") as file:
        file.write(b"\xa5" * 9)
    assert client.get("/v1/articles/rain-1/related").status_code == 200
    assert services.search.status().stories == 0


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_index_of_another_database_is_not_used(
    generation: Path, tmp_path: Path, clock: HandClock, newsroom: Newsroom, follower: IndexUpdater
) -> None:
    follower.close()
    with_strangers = Settings(
        database_url=f"sqlite:///{tmp_path}/other.db", search_path=str(generation.parent)
    )
    from app.bootstrap import open_database, prepare_database

    database = open_database(with_strangers)
    prepare_database(database)
    services = bootstrap(with_strangers, clock=clock, database=database)
    from app.api.app import create_app
    from tests.conftest import key_for

    with make_client(create_app(services)) as client:
        assert _find_titles(client) == []
        other = Newsroom(client, key_for(services, "admin"))
        for number in range(9):
            other.story(f"Rain of others {number}")
        assert len(_find_titles(client)) == 9
        other_follower = IndexUpdater(services.index, services.delivery)
        while other_follower.step():
            pass
        other_follower.close()
        assert len(_find_titles(client, "q=rain&limit=80")) == 9
        assert services.search.status().stories == 9
    services.close()


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_searches_work_if_the_folder_is_not_writable(
    tmp_path: Path, client: TestClient, newsroom: Newsroom, services: Services
) -> None:
    (tmp_path / "search").write_text("This is no folder.")
    indexer = Indexer(services)
    indexer.start()
    newsroom.story("Rain")
    assert titles(client, "/v1/search?q=rain") == ["Rain"]
    assert read(client, "/readyz")["status"] == "ready"
    indexer.stop()


def test_another_process_takes_over_when_the_updater_ends(
    client: TestClient, newsroom: Newsroom, services: Services
) -> None:
    first, second = Indexer(services), Indexer(services)
    first.start()
    newsroom.story("Rain 1")
    wait_until(lambda: services.search.status().stories == 1)
    second.start()
    newsroom.story("Rain 2")
    wait_until(lambda: services.search.status().stories == 2)
    first.stop()
    newsroom.story("Rain 3")
    wait_until(lambda: services.search.status().stories == 3)
    second.stop()
    lock = FileLeadership(str(services.settings.search_path))
    assert lock.try_acquire()
    lock.release()
