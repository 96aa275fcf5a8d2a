"""A database with up to a million stories in its delivery tables, for reads.

Building one takes minutes, so it is cached in `bench/.archive` until its code or data changes.
"""

import hashlib
import json
import random
import shutil
import sqlite3
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from app.bootstrap import open_database, prepare_database
from app.delivery.projector import project
from app.delivery.rendering import Term
from app.kit.sql.leadership import FileLeadership
from app.kit.sql.unit_of_work import Actor, UnitOfWork
from app.settings import Settings
from bench.corpus import FIRST_DAY
from bench.documents import BATCH, Batch, build_taxonomy_ids, make_batch
from bench.servers import ROOT

_KEPT = ROOT / "bench" / ".archive"
_MADE_FROM = (
    "app/delivery/models.py",
    "app/delivery/projector.py",
    "app/delivery/rendering.py",
    "app/delivery/rendering.py",
    "app/content/body_text.py",
    "migrations/versions/*.py",
    "bench/documents.py",
    "bench/story.py",
    "bench/generated_text.py",
    "bench/generated_taxonomy.py",
)
_SLUG = "SELECT slug FROM documents WHERE rowid = ?"
_PROCESSES = 2
_AHEAD = 3
# Only one process uses the file, and an incomplete one is deleted.
_PRAGMAS = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA cache_size = -1500000",
)


@dataclass(frozen=True)
class Archive:
    """A database and its statistics."""

    database: Path
    stories: int
    bytes: int
    seconds: float
    """How long making it took."""
    counts: dict[Term, int]
    """How many stories have each term."""


@contextmanager
def without_indexing(search_path: Path) -> Iterator[None]:
    """Keep servers from building a search index, as if another process held the lock.

    Indexing takes long, and no benchmark here searches.
    """
    leadership = FileLeadership(str(search_path))
    if not leadership.try_acquire():
        raise RuntimeError(f"Another process builds the index {search_path}.")
    try:
        yield
    finally:
        leadership.release()


def sample_slugs(database: Path, number: int, seed: int = 0) -> list[str]:
    """Return the slugs of some stories of a database; the same for the same seed."""
    rng = random.Random(seed)
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (last,) = connection.execute("SELECT max(rowid) FROM documents").fetchone()
        rows = ((rng.randint(1, last),) for _ in range(number))
        cursor = (connection.execute(_SLUG, row).fetchone() for row in rows)
        return [slug for (slug,) in cursor]


def open_archive(stories: int) -> Archive:
    """Return an archive with this many stories; build it if there is none."""
    folder = _KEPT / f"{stories}-{_fingerprint()}"
    if not folder.exists():
        for outdated in _KEPT.glob(f"{stories}-*"):
            shutil.rmtree(outdated)
        _make(folder, stories)
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    counts = {(name, value): number for name, value, number in facts["counts"]}
    return Archive(folder / "archive.db", stories, facts["bytes"], facts["seconds"], counts)


def _fingerprint() -> str:
    """Return a hash that changes when the archive has to be rebuilt."""
    files = sorted(path for pattern in _MADE_FROM for path in ROOT.glob(pattern))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def _make(folder: Path, stories: int) -> None:
    half_made = folder.with_suffix(".part")
    shutil.rmtree(half_made, ignore_errors=True)
    half_made.mkdir(parents=True)
    file = half_made / "archive.db"
    began = time.perf_counter()
    counts = fill(file, stories)
    facts: dict[str, Any] = {
        "bytes": file.stat().st_size,
        "seconds": time.perf_counter() - began,
        "counts": [(*term, number) for term, number in counts.items()],
    }
    (half_made / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    half_made.rename(folder)


def fill(file: Path, stories: int) -> Counter[Term]:
    """Build a database with this many stories; return the number of stories with each term."""
    counts: Counter[Term] = Counter()
    _prepare(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        for batch in _batches(stories):
            _write(connection, batch)
            counts.update(batch.counts)
        connection.execute("PRAGMA journal_mode = WAL")
    return counts


def _prepare(file: Path) -> None:
    """Create the schema, the sources and the categories, as the product does."""
    with closing(open_database(Settings(database_url=f"sqlite:///{file}"))) as database:
        prepare_database(database)
        with database.write() as session:
            unit = UnitOfWork(session, FIRST_DAY, Actor(None, "bench"))
            unit.events.extend(build_taxonomy_ids().taxonomy())
            project(unit)


def _write(connection: sqlite3.Connection, batch: Batch) -> None:
    connection.execute("BEGIN")
    for statement, rows in batch.rows.items():
        connection.executemany(statement, rows)
    connection.execute("COMMIT")


def _batches(stories: int) -> Iterator[Batch]:
    """Yield all batches in order; the next ones are built while one is written."""
    numbers = (range(first, min(first + BATCH, stories)) for first in range(0, stories, BATCH))
    with ProcessPoolExecutor(_PROCESSES, get_context("spawn")) as pool:
        results = (pool.submit(make_batch, batch, stories) for batch in numbers)
        waiting = deque(islice(results, _AHEAD))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(islice(results, 1))
