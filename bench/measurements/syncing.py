"""A complete copy of an archive, page by page, and the same bytes read directly."""

import json
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

from bench.load import Round
from bench.measurement import Goal, Measurement, Outcome, build_load_outcome
from bench.report import number
from bench.servers import HOST, Server
from bench.setup import BenchmarkSetup

_PAGE = 1_000
_TIMEOUT = 60.0
_STORY = b'"type":"article"'
# The same columns in the same order, without joined ones.
_BARE = """
SELECT d.id, d.published_at, d.head, d.tail, d.extra, b.body
FROM documents d JOIN document_bodies b ON b.id = d.id ORDER BY d.published_at, d.id
"""


def snapshot(stage: BenchmarkSetup) -> Outcome:
    """Compare a snapshot over HTTP with reading its bytes directly from the database."""
    archive = stage.copied
    with stage.dateline(database=archive.database) as dateline:
        _take_snapshot(dateline)
        compared = stage.take_turns(
            lambda: _take_snapshot(dateline), lambda: _read_by_hand(archive.database)
        )
    notes = (
        f"{archive.stories:,} stories in pages of {_PAGE:,}, over one connection to one process",
        f"{number(compared.clock.ratio)} of the bare read, which looks for no translations and "
        "sends nothing",
    )
    outcome = build_load_outcome(compared, *notes)
    return replace(outcome, value=outcome.left, unit="stories/s")


def _take_snapshot(server: Server) -> Round:
    """Take a complete copy, one page after the other on one connection."""
    before, began = server.cpu_seconds(), time.perf_counter()
    stories, path = 0, f"/v1/changes?limit={_PAGE}"
    with closing(HTTPConnection(HOST, server.port, timeout=_TIMEOUT)) as connection:
        more = True
        while more:
            connection.request("GET", path)
            body = connection.getresponse().read()
            stories += body.count(_STORY)
            end = json.loads(b"{" + body[body.rindex(b'"cursor":') :])
            path, more = f"/v1/changes?limit={_PAGE}&cursor={end['cursor']}", end["more"]
    return Round(stories, time.perf_counter() - began, server.cpu_seconds() - before)


def _read_by_hand(database: Path) -> Round:
    """Read the same stories, and join each to one JSON text."""
    before, began, stories = time.process_time(), time.perf_counter(), 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(_BARE)
        while page := rows.fetchmany(_PAGE):
            pieces = [b",".join(row[2:]) for row in page]
            stories += len(pieces)
            b",".join(pieces)
    return Round(stories, time.perf_counter() - began, time.process_time() - before)


MEASUREMENTS = (
    Measurement(
        "sync-snapshot",
        "100,000 stories copied",
        "bare read",
        Goal(20_000, unit="stories/s"),
        snapshot,
    ),
)
