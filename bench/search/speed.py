"""`python -m bench.search.speed`: the speed of the search, compared with bare Tantivy.

python -m bench.search.speed                      # 100,000 stories of 3 kB; some minutes
python -m bench.search.speed --stories 20000
python -m bench.search.speed --larger 1000000     # and the same words in a larger index
python -m bench.search.speed --larger 1000000 --write-docs     # and into the documentation
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from statistics import median

from app.bootstrap import Services, bootstrap
from app.delivery.snapshot import PublicStory, open_snapshot
from app.kit.ids import new_id
from app.search.engine.tantivy_index import TantivyIndex
from app.search.index import IndexPosition, IndexQuery
from app.search.query.parser import parse_query
from app.search.stories import to_indexed_story
from app.settings import Settings
from bench.compare import compare_in_turns
from bench.corpus import write_corpus
from bench.importing import import_archive
from bench.search.plain_tantivy import PlainTantivy
from bench.search.results_page import Row, results, write_docs
from bench.servers import HOST, Server, dateline

_ROUNDS, _ASKED = 5, 60
_INDEXED = 20_000
_PAGE = 500
_FACETS = "category,source,language"


def main() -> int:
    """Measure and print a table; store it on request."""
    options = _options()
    rows = []
    with tempfile.TemporaryDirectory(prefix="dateline-search-") as name:
        for row in _measure(Path(name), options.stories, options.larger):
            _print(row)
            rows.append(row)
    if options.write_docs or options.json:
        measured = results(options.stories, rows)
        if options.write_docs:
            write_docs(measured)
        if options.json:
            text = json.dumps(measured, ensure_ascii=False, indent=1)
            options.json.write_text(text, encoding="utf-8")
    return 0


def _measure(folder: Path, stories: int, larger: int | None) -> Iterator[Row]:
    database = _import(folder, stories)
    with _services(database, folder / "bench.db.search") as services:
        # Before all stories are in memory: no index is built in such a process.
        yield from _indexing(folder, services)
        some = list(_stories(services))
    bare = PlainTantivy(folder / "bare")
    bare.fill(some)
    word = bare.word_in_half()
    print(f"{len(some):,} stories; {word!r} is in about half of them", flush=True)
    with dateline(folder, database, 0) as server:
        _wait(server)
        yield _size(folder, some)
        yield _latency(server, bare, word)
        yield _facets(server, word)
    if larger:
        yield _growth(folder, some, word, larger)


def _indexing(folder: Path, services: Services) -> Iterator[Row]:
    arabic = (story for story in _stories(services) if story.language == "ar")
    yield _index_some("all", folder, list(islice(_stories(services), _INDEXED)), "≥ 0.5")
    yield _index_some("Arabic", folder, list(islice(arabic, _INDEXED)), "≥ 0.25")


def _index_some(what: str, folder: Path, stories: Sequence[PublicStory], bound: str) -> Row:
    ours, bare = compare_in_turns(
        lambda: _rate(stories, lambda: _write(folder / "ours", stories)),
        lambda: _rate(stories, lambda: PlainTantivy(folder / "other").fill(stories)),
        _ROUNDS,
    )
    return Row(f"indexing, {what}", median(ours), median(bare), "stories/s", bound)


def _latency(server: Server, bare: PlainTantivy, word: str) -> Row:
    path = f"/v1/search?q={word}"
    ours, others = compare_in_turns(
        lambda: _time_requests(server, path), lambda: _p50(lambda: bare.best(word)), _ROUNDS
    )
    return Row("best 20 over HTTP", 1000 * median(ours), 1000 * median(others), "ms", "≤ 5")


def _facets(server: Server, word: str) -> Row:
    plain = f"/v1/search?q={word}"
    ours, others = compare_in_turns(
        lambda: _time_requests(server, f"{plain}&facets={_FACETS}"),
        lambda: _time_requests(server, plain),
        _ROUNDS,
    )
    return Row("three facets added", 1000 * median(ours), 1000 * median(others), "ms", "≤ 2")


def _growth(folder: Path, stories: Sequence[PublicStory], word: str, larger: int) -> Row:
    """Compare the engine on the stories with the engine on many copies of them."""
    small, large = (TantivyIndex(folder / name) for name in ("small", "large"))
    _fill(small, stories, len(stories))
    _fill(large, stories, larger)
    query = IndexQuery(parse_query(word), datetime.now(UTC))
    ours, others = compare_in_turns(
        lambda: _p50(lambda: large.reader().search(query)),
        lambda: _p50(lambda: small.reader().search(query)),
        _ROUNDS,
    )
    what = f"{larger:,} stories against {len(stories):,}"
    return Row(what, 1000 * median(ours), 1000 * median(others), "ms", "< 4")


def _size(folder: Path, stories: Sequence[PublicStory]) -> Row:
    files = (file for file in (folder / "bench.db.search").rglob("*") if file.is_file())
    index = sum(file.stat().st_size for file in files) / 2**20
    text = (
        sum(len(f"{story.title}{story.summary}{story.body}".encode()) for story in stories) / 2**20
    )
    return Row("size of the index, of the text", index, text, "MB", "≤ 0.6")


def _fill(index: TantivyIndex, stories: Sequence[PublicStory], total: int) -> None:
    """Write this many stories, with new ids from the second round on."""
    writer = index.new_writer()
    remaining = total
    while remaining > 0:
        for start in range(0, min(remaining, len(stories)), _PAGE):
            page = [to_indexed_story(story) for story in stories[start : start + _PAGE]]
            if remaining < total:
                page = [replace(story, id=(id_ := new_id()), group=id_) for story in page]
            writer.add(page)
        remaining -= len(stories)
        writer.save(IndexPosition(complete=True))
    index.adopt(writer)
    writer.close()


def _write(folder: Path, stories: Sequence[PublicStory]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    index = TantivyIndex(folder)
    _fill(index, stories, len(stories))
    index.close()


def _rate(stories: Sequence[PublicStory], work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return len(stories) / (time.perf_counter() - began)


def _time_requests(server: Server, path: str) -> float:
    connection = HTTPConnection(HOST, server.port)

    def ask() -> None:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200

    try:
        return _p50(ask)
    finally:
        connection.close()


def _p50(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(_ASKED):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return median(seconds)


def _wait(server: Server) -> None:
    while b'"follows"' not in server.get("/readyz").body:
        time.sleep(0.5)


def _import(folder: Path, stories: int) -> Path:
    corpus = write_corpus(folder / "archive.ndjson", stories)
    return import_archive(corpus, folder / "bench.db").database


def _stories(services: Services) -> Iterator[PublicStory]:
    place = None
    while True:
        with open_snapshot(services.delivery) as public:
            page = public.load_stories_before(place, _PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        place = (page[-1].published_at, page[-1].id)


@contextmanager
def _services(database: Path, search: Path) -> Iterator[Services]:
    services = bootstrap(Settings(database_url=f"sqlite:///{database}", search_path=str(search)))
    try:
        yield services
    finally:
        services.close()


def _print(row: Row) -> None:
    numbers = f"{row.left:>10,.2f} {row.right:>10,.2f} {row.unit:<10}"
    print(f"{row.what:<38}{numbers} ratio {row.ratio:5.2f}   goal {row.bound}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.search.speed", description=__doc__)
    parser.add_argument("--stories", type=int, default=100_000, metavar="N")
    parser.add_argument("--larger", type=int, metavar="N", help="compare with an index of N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the numbers")
    parser.add_argument("--write-docs", action="store_true", help="renew docs/search-benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
