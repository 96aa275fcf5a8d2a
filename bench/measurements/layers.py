"""Each speed layer: Dateline with it, and without it (`bench/without.py`).

A layer is worth its code if its ratio reaches the goal; otherwise it can be deleted.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial

from bench.load import Round, Target
from bench.measurement import Goal, Measurement, Outcome, build_load_outcome
from bench.measurements.creating import Client
from bench.measurements.publishing import Readers
from bench.setup import BenchmarkSetup
from bench.workload import HEADLINES, sample_story_paths, vary_queries

# Serves Dateline with or without a layer, and yields a function that runs a round.
Question = Callable[[BenchmarkSetup, str | None], AbstractContextManager[Callable[[], Round]]]
_PAYS = Goal(1.05)
_FORMS = vary_queries("")
_FEEDS = vary_queries("limit=50", path="/feeds/latest.rss")
# A count takes long, so it runs in a thread, once for all waiting requests.
_COUNTED = (f"{HEADLINES}?count=exact",)


@contextmanager
def _load(
    stage: BenchmarkSetup,
    without: str | None,
    paths: tuple[str, ...],
    cache_bytes: int | None = 0,
    encoding: str = "",
) -> Iterator[Callable[[], Round]]:
    with stage.dateline(cache_bytes, without=without) as server:
        target = Target(server, paths, {"Accept-Encoding": encoding} if encoding else {})
        stage.warm_up(target)
        yield partial(stage.load, target)


@contextmanager
def _load_gzip(stage: BenchmarkSetup, without: str | None) -> Iterator[Callable[[], Round]]:
    paths = sample_story_paths(stage.imported.database, 1)
    with _load(stage, without, paths, None, "gzip") as question:
        yield question


@contextmanager
def _publishing(stage: BenchmarkSetup, without: str | None) -> Iterator[Callable[[], Round]]:
    with stage.live(without=without) as (server, key):
        yield Readers(stage, server, key).read_while_publishing


@contextmanager
def _creating(stage: BenchmarkSetup, without: str | None) -> Iterator[Callable[[], Round]]:
    with stage.live(without=without) as (server, key):
        client = Client(stage, server, key)
        client.create()
        yield client.create


_CACHED: Question = partial(_load, paths=(HEADLINES,), cache_bytes=None)
_COMPUTED: Question = partial(_load, paths=_FORMS)
_FIELDS: Question = partial(_load, paths=vary_queries("fields=title,slug"))
_FEED: Question = partial(_load, paths=_FEEDS)
_EQUAL: Question = partial(_load, paths=_COUNTED)


def compare(stage: BenchmarkSetup, layer: str, question: Question) -> Outcome:
    """Compare Dateline with all layers and without one of them."""
    with question(stage, None) as whole, question(stage, layer) as without:
        compared = stage.take_turns(whole, without)
    outcome = build_load_outcome(compared)
    lost = max(0.0, 1 - 1 / outcome.value)
    return replace(outcome, notes=(f"{lost:.0%} of the requests per second are lost without it",))


def _measurement(layer: str, what: str, without: str, question: Question, on: str) -> Measurement:
    name = "-".join(("layer", layer, *on.split()[:1]))
    run = partial(compare, layer=layer, question=question)
    return Measurement(name, f"{what}: {on}", without, _PAYS, run)


_ROWS: tuple[tuple[str, str, str, Question, str], ...] = (
    ("cache", "response cache", "no cache", _CACHED, "cached headlines"),
    ("ready", "prepared responses", "built each time", _CACHED, "cached headlines"),
    ("encodings", "cached encodings", "gzip each time", _load_gzip, "cached article, gzip"),
    ("lookup", "hits without a task", "a task each", _CACHED, "cached headlines"),
    ("lookup", "misses without a task", "a task each", _COMPUTED, "computed headlines"),
    ("protocol", "own HTTP server", "httptools", _CACHED, "cached headlines"),
    ("protocol", "own HTTP server", "httptools", _COMPUTED, "computed headlines"),
    ("outbox", "batched sends", "one by one", _CACHED, "cached headlines"),
    ("loop", "uvloop", "asyncio", _CACHED, "cached headlines"),
    ("loop", "uvloop", "asyncio", _COMPUTED, "computed headlines"),
    ("inline", "computing inline", "worker thread", _COMPUTED, "computed headlines"),
    ("coalescing", "coalesced requests", "each computed", _EQUAL, "counted headlines"),
    ("query_cache", "parsed queries", "parsed each time", _COMPUTED, "computed headlines"),
    ("narrow", "narrow dependencies", "any story", _publishing, "reads during writes"),
    ("heads", "cached log position", "read each time", _COMPUTED, "computed headlines"),
    ("item_cache", "cached rendered stories", "rendered each time", _FEED, "computed feed"),
    ("statements", "compiled statements", "SQLAlchemy's", _COMPUTED, "computed headlines"),
    ("statements", "compiled statements", "SQLAlchemy's", _creating, "created stories"),
    ("driver", "reads on the driver", "exec_driver_sql", _COMPUTED, "computed headlines"),
    ("readers", "reused reader connections", "a pool", _COMPUTED, "computed headlines"),
    ("writer", "reused writer connection", "opened each time", _creating, "created stories"),
    ("orjson", "orjson", "json", _COMPUTED, "computed headlines"),
    ("orjson", "orjson", "json", _FIELDS, "selected fields, computed"),
    ("orjson", "orjson", "json", _creating, "created stories"),
)
MEASUREMENTS = tuple(_measurement(*row) for row in _ROWS)
