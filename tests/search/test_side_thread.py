"""Work on a side thread: the caller gets its result whether or not a thread is free."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import pytest

from app.search.engine import reader as engine_reader
from app.search.engine import side_thread as beside
from app.search.engine.side_thread import start_on_side_thread
from app.search.engine.tantivy_index import TantivyIndex
from app.search.index import FACETS
from tests.search.contract.test_contract import ask, fill, story, words


@pytest.fixture(autouse=True)
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One side thread, whatever the number of processors."""
    monkeypatch.setattr(beside, "_free_threads", Semaphore(1))
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(beside, "_threads", pool)
        yield


def test_work_runs_on_another_thread() -> None:
    started = Event()

    def work() -> int:
        started.set()
        return threading.get_ident()

    result = start_on_side_thread(work)
    assert started.wait(60)
    assert result() != threading.get_ident()


def test_work_without_a_free_thread_runs_in_the_caller() -> None:
    started, end = Event(), Event()

    def long() -> bool:
        started.set()
        return end.wait(60)

    first = start_on_side_thread(long)
    assert started.wait(60)
    assert start_on_side_thread(threading.get_ident)() == threading.get_ident()
    end.set()
    assert first()


def test_work_that_has_not_started_runs_in_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    started, end = Event(), Event()

    def long() -> bool:
        started.set()
        return end.wait(60)

    monkeypatch.setattr(beside, "_free_threads", Semaphore(2))
    first = start_on_side_thread(long)
    assert started.wait(60)
    assert start_on_side_thread(threading.get_ident)() == threading.get_ident()
    end.set()
    assert first()


def test_a_failure_is_raised_for_the_caller_and_the_thread_is_free_again() -> None:
    def fail() -> None:
        started.set()
        raise ValueError("no")

    started = Event()
    result = start_on_side_thread(fail)
    assert started.wait(60)
    with pytest.raises(ValueError, match="no"):
        result()
    assert beside._free_threads.acquire(timeout=60)


def test_facets_of_many_stories_are_counted_on_a_side_thread_with_equal_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = TantivyIndex(tmp_path / "search")
    stories = [
        story(f"Rain {number}", kind="news" if number % 3 else "note") for number in range(9)
    ]
    reader = fill(index, *stories)
    query = ask(words("rain"), order="relevance", facets=FACETS)
    tasks: list[Callable[[], Any]] = []

    def start_and_note(work: Callable[[], Any]) -> Callable[[], Any]:
        tasks.append(work)
        return start_on_side_thread(work)

    monkeypatch.setattr(engine_reader, "start_on_side_thread", start_and_note)
    few = reader.search(query)
    assert tasks == []
    monkeypatch.setattr(engine_reader, "MANY_STORIES", len(stories))
    many = reader.search(query)
    assert len(tasks) == 1
    assert many == few
    assert {value.value: value.count for value in many.facets["kind"]} == {"news": 6, "note": 3}
    # Nothing is counted without a request for facets.
    reader.search(ask(words("rain"), order="relevance"))
    assert len(tasks) == 1
    index.close()
