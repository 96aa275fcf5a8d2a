"""Importing an archive, and the minimum cost of the same rows without Dateline."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.corpus import Corpus
from bench.memory import measure_peak
from bench.servers import ROOT, dateline_command, dateline_environment

BATCH = 500
_TIMEOUT = 1800.0
_TAIL_LINES = 3


class ImportFailed(Exception):
    """The command ended with an error."""


@dataclass(frozen=True)
class Import:
    """An import that was timed, from the start of its process to the end of it."""

    database: Path
    stories: int
    seconds: float
    peak_bytes: int

    @property
    def rate(self) -> float:
        """Stories a second."""
        return self.stories / self.seconds


def import_archive(corpus: Corpus, database: Path) -> Import:
    """Import an archive into a fresh database with an existing schema."""
    remove_database(database)
    _dateline(database, "migrate")
    began = time.perf_counter()
    peak = _dateline(database, "import", str(corpus.path))
    return Import(database, corpus.stories, time.perf_counter() - began, peak)


def build_index(database: Path) -> None:
    """Build the search index, so that no server does it during other measurements."""
    _dateline(database, "reindex")


def measure_raw_rate(imported: Import, target: Path) -> float:
    """Write the rows that the import left with `executemany`; return stories a second."""
    remove_database(target)
    batches = -(-imported.stories // BATCH)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench.raw_inserts",
            str(imported.database),
            str(target),
            str(batches),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise ImportFailed(_tail(done.stderr))
    remove_database(target)
    return imported.stories / float(json.loads(done.stdout)["seconds"])


def remove_database(database: Path) -> None:
    """Remove a database with the additional files of SQLite."""
    for ending in ("", "-wal", "-shm", "-journal"):
        database.with_name(database.name + ending).unlink(missing_ok=True)


def _dateline(database: Path, *arguments: str) -> int:
    """Run a command of the product; return its peak memory."""
    log = database.with_name(f"{database.stem}-{arguments[0]}.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [dateline_command(), *arguments],
            env=dateline_environment(database),
            cwd=database.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        peak = measure_peak(process, _TIMEOUT)
    if process.returncode:
        tail = _tail(log.read_text(encoding="utf-8", errors="replace"))
        raise ImportFailed(f"dateline {arguments[0]} ended with {process.returncode}: {tail}")
    return peak


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-_TAIL_LINES:])
