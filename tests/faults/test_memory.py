"""The memory of a process stays limited, whatever anonymous clients request."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from app.bootstrap import Services, bootstrap
from app.kit.clock import SystemClock
from app.kit.ids import new_id
from app.search.index_updater import IndexUpdater
from app.settings import Settings
from tests.faults.server import server_row
from tests.transfer.helpers import import_all

pytestmark = pytest.mark.exhaustive
# The bytes that a process may use in addition to its start, cached responses included. It uses
# about 80 MB; without `return_large_blocks` up to 169 MB on PostgreSQL.
_MOST_GROWTH = 110 * 2**20
_STORIES, _WORDS = 40, 25_000
_LONG = 1_000

Ask = Callable[[HTTPConnection], None]


def _word(rng: random.Random) -> str:
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=9))


def _import_large_stories(services: Services) -> None:
    rng = random.Random(16)
    for number in range(_STORIES):
        words = " ".join(_word(rng) for _ in range(_WORDS))
        line = {
            "type": "article",
            "slug": f"large-{number}",
            "language": "en",
            "title": f"Harbour {number}",
            "body": f"<p>harbour {words} harbour</p>",
            "status": "published",
        }
        import_all(services, line)


@pytest.fixture
def archive(database_url: str, tmp_path: Path) -> str:
    """Fill a database with large stories, and its index."""
    settings = Settings(database_url=database_url, search_path=str(tmp_path / "search"))
    services = bootstrap(settings, clock=SystemClock())
    try:
        _import_large_stories(services)
        follower = IndexUpdater(services.index, services.delivery)
        while follower.step():
            pass
        follower.close()
    finally:
        services.close()
    return database_url


def _get(path: str, client: HTTPConnection, **headers: str) -> None:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    client.request("GET", path, headers=sent)
    answer = client.getresponse()
    answer.read()
    assert answer.status < 500, path


def _with_header(name: str, value: str, path: str, client: HTTPConnection) -> None:
    _get(path, client, **{name: value})


def _highlights(rng: random.Random) -> Iterator[Ask]:
    while True:
        yield partial(_get, f"/v1/search?q=harbour+{_word(rng)}&highlight=true&limit=40")


def _long_queries(rng: random.Random) -> Iterator[Ask]:
    while True:
        words = "+".join(_word(rng) for _ in range(_LONG // 10))
        yield partial(_get, f"/v1/search?q={words}")
        phrases = quote(" ".join(f'"{_word(rng)} {_word(rng)}"' for _ in range(40)))
        yield partial(_get, f"/v1/search?q={phrases}&facets=tag,category,source&count=exact")


def _suggestions(rng: random.Random) -> Iterator[Ask]:
    while True:
        yield partial(_get, f"/v1/suggest?q={'+'.join(_word(rng) for _ in range(90))}")


def _lists_of_values(rng: random.Random) -> Iterator[Ask]:
    """Each list has a different number of values of some fields: as many forms as there are."""
    while True:
        tags = ",".join(f"t{rng.random()}" for _ in range(rng.randint(1, 30)))
        authors = ",".join(f"a{rng.random()}" for _ in range(rng.randint(1, 30)))
        kinds = ",".join(f"k{rng.randint(1, 9999)}" for _ in range(rng.randint(1, 20)))
        yield partial(_get, f"/v1/articles?tag={tags}&author=-{authors}&kind={kinds}&count=exact")
        yield partial(_get, f"/v1/headlines?tag={tags}&tag=-{authors}&sort=-updated_at")
        langs = ",".join(
            "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=3))
            for _ in range(rng.randint(1, 60))
        )
        yield partial(_get, f"/feeds/latest.rss?language={langs}&kind=-{kinds}")


def _lists_of_many_fields(rng: random.Random) -> Iterator[Ask]:
    """The largest statements: each value of the widest filter has a separate clause."""
    while True:
        query = "&".join(
            f"{field}={','.join(_word(rng) for _ in range(rng.randint(1, 32)))}"
            for field in ("tag", "author", "kind")
        )
        sort = rng.choice(("published_at", "-published_at", "updated_at", "-updated_at"))
        yield partial(_get, f"/v1/articles?{query}&sort={sort}")


def _large_answers(rng: random.Random) -> Iterator[Ask]:
    """More bytes than the cache can hold."""
    while True:
        ext = rng.choice(("rss", "atom", "json", "ninjs", "newsml"))
        yield partial(_get, f"/feeds/latest.{ext}?limit={rng.randint(5, 20)}&tag=-{_word(rng)}")


def _lists_of_ids(rng: random.Random) -> Iterator[Ask]:
    while True:
        ids = ",".join(new_id() for _ in range(rng.randint(1, 27)))
        yield partial(_get, f"/v1/headlines?ids={ids}")


def _codings(rng: random.Random) -> Iterator[Ask]:
    while True:
        coding = f"gzip;q=0.5, {','.join(_word(rng) for _ in range(_LONG // 10))}"
        yield partial(_with_header, "accept_encoding", coding, "/v1/headlines")
        yield partial(_with_header, "accept", f"application/{_word(rng) * 90}", "/v1/headlines")
        preferring = ",".join(_word(rng)[:8] for _ in range(100))
        path = f"/v1/headlines?one_per_story=true&limit={rng.randint(1, 100)}"
        yield partial(_with_header, "accept_language", preferring, path)


def _cursors(rng: random.Random) -> Iterator[Ask]:
    while True:
        yield partial(_get, f"/v1/headlines?cursor={_word(rng) * 100}")


def _feeds(rng: random.Random) -> Iterator[Ask]:
    while True:
        words = "+".join(_word(rng) for _ in range(20))
        yield partial(_get, f"/feeds/search.rss?q=harbour+{words}")
        yield partial(_get, f"/feeds/tags/{_word(rng) * 50}.atom")


def _nothing(rng: random.Random) -> Iterator[Ask]:
    while True:
        yield partial(_get, f"/v1/articles/{_word(rng) * 60}")
        yield partial(_get, f"/v1/categories/{_word(rng) * 60}")
        yield partial(_get, f"/{_word(rng) * 60}")
        yield partial(_get, f"/v1/headlines?{_word(rng) * 60}=1")


_KINDS: dict[str, tuple[Callable[[random.Random], Iterator[Ask]], int]] = {
    "highlighted": (_highlights, 6),
    "long queries": (_long_queries, 60),
    "suggestions": (_suggestions, 60),
    "values": (_lists_of_values, 60),
    "values of many fields": (_lists_of_many_fields, 30),
    "ids": (_lists_of_ids, 150),
    "codings": (_codings, 300),
    "cursors": (_cursors, 200),
    "feeds": (_feeds, 40),
    "large answers": (_large_answers, 60),
    "nothing": (_nothing, 400),
}


def _measure_resident(port: int) -> int:
    """Return the resident memory of the process that listens on a port, with its children."""
    (pid,) = {
        connection.pid
        for connection in psutil.net_connections("tcp4")
        if connection.status == psutil.CONN_LISTEN
        and connection.laddr
        and connection.laddr.port == port
        and connection.pid
    }
    process = psutil.Process(pid)
    return sum(item.memory_info().rss for item in (process, *process.children(recursive=True)))


def test_memory_stays_within_a_limit_for_any_mix_of_requests(archive: str, tmp_path: Path) -> None:
    rng = random.Random(10)
    grown: dict[str, str] = {}
    with server_row(archive, search_path=tmp_path / "search") as server:
        server.start()
        client = HTTPConnection("127.0.0.1", server.port, timeout=180)
        for path in ("/v1/headlines", "/v1/search?q=harbour", "/feeds/latest.rss"):
            _get(path, client)
        start = before = _measure_resident(server.port)
        for name, (kind, number) in _KINDS.items():
            for ask in islice(kind(rng), number):
                ask(client)
            now = _measure_resident(server.port)
            grown[name], before = f"{(now - before) / 2**20:.0f} MB", now
        client.close()
        server.stop()
    assert before - start <= _MOST_GROWTH, grown
