"""What measurements share: a folder, an archive, a database with it, and the ways to serve it.

Everything is made when it is first asked for, so that one measurement alone starts quickly.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench import servers
from bench.answer import Answer
from bench.compare import Comparison, in_turns
from bench.corpus import Corpus, write_corpus
from bench.idiomatic.filling import fill
from bench.importing import Import, import_archive
from bench.load import Generator, LoadError, Round, Target, put_load
from bench.servers import Server

_ERROR = 400
_WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    stories: int = 20_000
    rounds: int = 5
    seconds: int = 2
    imports: int = 3


QUICK = Plan(stories=2_000, rounds=3, seconds=1, imports=1)


@dataclass(frozen=True)
class LoadComparison:
    """Two targets under load: by the clock, and by the processor time of the servers."""

    clock: Comparison
    cpu: Comparison


class Stage:
    """Where measurements happen."""

    def __init__(self, folder: Path, plan: Plan, generator: Generator) -> None:
        """Keep everything that is made in this folder."""
        self.folder = folder
        self.plan = plan
        self._generator = generator

    @cached_property
    def corpus(self) -> Corpus:
        """The archive, as a file to import."""
        return self.archive(self.plan.stories)

    @cached_property
    def imported(self) -> Import:
        """The archive, imported; its database is what is served."""
        return import_archive(self.corpus, self.folder / "bench.db")

    def archive(self, stories: int) -> Corpus:
        """Write an archive of another size."""
        return write_corpus(self.folder / f"archive-{stories}.ndjson", stories)

    @contextmanager
    def dateline(self, cache_bytes: int | None = 0) -> Iterator[Server]:
        """Serve the archive as the product does it; without its cache, unless asked for."""
        with servers.dateline(self.folder, self.imported.database, cache_bytes) as server:
            yield server

    @contextmanager
    def floor(self, answer: Answer) -> Iterator[Server]:
        """Serve this very answer, and nothing else."""
        with servers.floor(self.folder, answer) as server:
            yield server

    @contextmanager
    def idiomatic(self) -> Iterator[Server]:
        """Serve the archive as a reader would write it by hand."""
        with servers.idiomatic(self.folder, self._idiomatic_database) as server:
            yield server

    def compare(self, left: Target, right: Target) -> LoadComparison:
        """Put load on both in turns."""
        for target in (left, right):
            _check(target)
            put_load(self._generator, target, _WARM_UP_SECONDS)
        lefts, rights = in_turns(
            lambda: self._round(left), lambda: self._round(right), self.plan.rounds
        )
        return LoadComparison(
            Comparison([seen.rate for seen in lefts], [seen.rate for seen in rights]),
            Comparison([seen.cpu_rate for seen in lefts], [seen.cpu_rate for seen in rights]),
        )

    def _round(self, target: Target) -> Round:
        return put_load(self._generator, target, self.plan.seconds)

    @cached_property
    def _idiomatic_database(self) -> Path:
        database = self.folder / "idiomatic.db"
        fill(database, self.corpus.path)
        return database


def _check(target: Target) -> None:
    for path in target.paths:
        answer = target.server.get(path, target.headers)
        if answer.status >= _ERROR:
            raise LoadError(f"{target.server.name} answers {path} with {answer.status}.")
