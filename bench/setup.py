"""What measurements share: a folder, an archive, its database, and functions that serve it.

Everything is created on first use, so that a single measurement starts quickly.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench import servers
from bench.archive import Archive, open_archive, without_indexing
from bench.compare import Comparison, compare_in_turns
from bench.corpus import Corpus, write_corpus
from bench.idiomatic.fill import fill
from bench.importing import Import, build_index, import_archive
from bench.load import Generator, LoadError, Round, Target, run_round
from bench.postgres import Postgres
from bench.publisher import copy_database, copy_file, make_key
from bench.recorded_answer import Answer
from bench.servers import Database, Server

_ERROR = 400
_MOST_CHECKED = 40


@dataclass(frozen=True)
class Plan:
    """The amount of measuring."""

    stories: int = 20_000
    large: int = 1_000_000
    small: int = 10_000
    copied: int = 100_000
    rounds: int = 5
    seconds: int = 2
    warm_up: int = 1
    imports: int = 3
    mixed_requests: int = 1_000_000
    mixed_seconds: int = 180
    limited_seconds: int = 60


QUICK = Plan(2_000, 20_000, 2_000, 5_000, 2, 1, 0, imports=1, mixed_seconds=8, limited_seconds=5)


@dataclass(frozen=True)
class LoadComparison:
    """Two targets under load: by the clock, and by the processor time of the servers."""

    clock: Comparison
    cpu: Comparison


class BenchmarkSetup:
    """The environment of measurements."""

    def __init__(self, folder: Path, plan: Plan, generator: Generator) -> None:
        """Store all files in this folder."""
        self.folder = folder
        self.plan = plan
        self._generator = generator
        self._running = ExitStack()
        self._copies = 0

    @cached_property
    def corpus(self) -> Corpus:
        """The archive, as a file to import."""
        return self.corpus_of(self.plan.stories)

    @cached_property
    def imported(self) -> Import:
        """The imported archive, whose database is served."""
        archive = import_archive(self.corpus, self.folder / "bench.db")
        build_index(archive.database)
        return archive

    @cached_property
    def large(self) -> Archive:
        """A large archive to read from."""
        return self._open(self.plan.large)

    @cached_property
    def small(self) -> Archive:
        """An archive that differs from the large one only in its size."""
        return self._open(self.plan.small)

    @cached_property
    def copied(self) -> Archive:
        """An archive that is copied completely."""
        return self._open(self.plan.copied)

    @cached_property
    def both(self) -> tuple[Server, Server]:
        """The large and the small archive, both served without a cache."""
        served = (self.dateline(database=archive.database) for archive in (self.large, self.small))
        large, small = map(self._running.enter_context, served)
        return large, small

    @cached_property
    def postgres(self) -> Postgres:
        """A PostgreSQL with the archive."""
        postgres = Postgres(self.folder, self.corpus)
        self._running.callback(postgres.close)
        return postgres

    def _open(self, stories: int) -> Archive:
        archive = open_archive(stories)
        self._running.enter_context(without_indexing(Path(f"{archive.database}.search")))
        return archive

    def close(self) -> None:
        """End the servers that measurements share."""
        self._running.close()

    def corpus_of(self, stories: int) -> Corpus:
        """Write an archive of another size."""
        return write_corpus(self.folder / f"archive-{stories}.ndjson", stories)

    @contextmanager
    def dateline(
        self,
        cache_bytes: int | None = 0,
        database: Path | Database | None = None,
        without: str | None = None,
        **settings: str,
    ) -> Iterator[Server]:
        """Serve the archive like the product does; by default without its cache."""
        served = database or self.imported.database
        with servers.dateline(self.folder, served, cache_bytes, without, **settings) as server:
            yield server

    @contextmanager
    def live(
        self, scope: str = "publish", without: str | None = None, **settings: str
    ) -> Iterator[tuple[Server, str]]:
        """Serve a writable copy of the archive as deployed; yield a key, too."""
        database = self._copy_name()
        copy_database(self.imported.database, database)
        key = make_key(database, scope)
        with servers.dateline(self.folder, database, None, without, **settings) as server:
            yield server, key

    @contextmanager
    def floor(self, answer: Answer) -> Iterator[Server]:
        """Serve this recorded response only."""
        with servers.floor(self.folder, answer) as server:
            yield server

    @contextmanager
    def idiomatic(self, url: str | None = None) -> Iterator[Server]:
        """Serve the archive with the idiomatic version: a copy of it, or another one."""
        if url is None:
            database = self._copy_name()
            copy_file(self._idiomatic_database, database)
            url = f"sqlite+aiosqlite:///{database}"
        with servers.idiomatic(self.folder, url) as server:
            yield server

    @contextmanager
    def by_hand(self, url: str) -> Iterator[Server]:
        """Serve the tables of the idiomatic version with asyncpg and orjson."""
        with servers.by_hand(self.folder, url) as server:
            yield server

    def _copy_name(self) -> Path:
        self._copies += 1
        return self.folder / f"copy-{self._copies}.db"

    def compare(self, left: Target, right: Target) -> LoadComparison:
        """Measure both under load in turns."""
        self.warm_up(left, right)
        return self.take_turns(lambda: self.load(left), lambda: self.load(right))

    def warm_up(self, *targets: Target) -> None:
        """Check the responses of targets, and warm them up."""
        for target in targets:
            _check(target)
            if self.plan.warm_up:
                self.load(target, self.plan.warm_up)

    def take_turns(self, left: Callable[[], Round], right: Callable[[], Round]) -> LoadComparison:
        """Compare two kinds of rounds."""
        lefts, rights = compare_in_turns(left, right, self.plan.rounds)
        return LoadComparison(
            Comparison([item.rate for item in lefts], [item.rate for item in rights]),
            Comparison([item.cpu_rate for item in lefts], [item.cpu_rate for item in rights]),
        )

    def load(self, target: Target, seconds: int | None = None) -> Round:
        """Put load on a target for a round."""
        return run_round(self._generator, target, seconds or self.plan.seconds)

    @cached_property
    def _idiomatic_database(self) -> Path:
        database = self.folder / "idiomatic.db"
        fill(f"sqlite:///{database}", self.corpus.path)
        return database


def _check(target: Target) -> None:
    requests = target.requests
    for path, key in requests[:: max(1, len(requests) // _MOST_CHECKED)]:
        own = {"X-Api-Key": key} if key else {}
        answer = target.server.get(path, target.headers | own)
        if answer.status >= _ERROR:
            raise LoadError(f"{target.server.name} answers {path} with {answer.status}.")
