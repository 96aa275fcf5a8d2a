"""Writers that wait for SQLite are committed together, and each gets an answer of its own."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select

from app.bootstrap import Services
from app.content.errors import NotFound
from app.content.models import SourceRow
from app.kit.clock import from_micros
from app.kit.database import Database
from app.kit.errors import DatabaseBusy
from app.kit.ids import new_id
from app.kit.session import WriteSession
from tests.faults.at_once import at_once
from tests.faults.commandline import assert_sound
from tests.newsroom import Newsroom

# PostgreSQL has many writers, and commits together what it can by itself.
pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

Work = Callable[[WriteSession], str]
_PATIENCE = 30


class Broken(Exception):
    """A fault, and no refusal."""


def writes(name: str, wrong: Exception | None = None) -> Work:
    """Return work that writes a row, and then perhaps raises something."""

    def work(session: WriteSession) -> str:
        moment = from_micros(0)
        row = {"id": new_id(), "slug": name, "name": name, "url": None, "description": None}
        more = {"language": None, "version": 1, "created_at": moment, "modified_at": moment}
        session.insert(SourceRow, [row | more])
        if wrong is not None:
            raise wrong
        return name

    return work


def outcomes(database: Database, first: Work, waiting: list[Work]) -> list[Future[str]]:
    """Run the first work, and others that come while it runs, in this order."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(session: WriteSession) -> str:
        begun.set()
        assert go_on.wait(_PATIENCE)
        return first(session)

    with ThreadPoolExecutor(1 + len(waiting)) as pool:
        results = [pool.submit(database.write_together, slow)]
        assert begun.wait(_PATIENCE)
        for number, work in enumerate(waiting, 1):
            results.append(pool.submit(database.write_together, work))
            _until(lambda number=number: len(database._group._waiting) == number)  # type: ignore[misc]
        go_on.set()
    return results


def _until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.001)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """Yield a list that grows with each commit of something written."""
    commits: list[str] = []

    def note(connection: object) -> None:
        options = connection.get_execution_options()  # type: ignore[attr-defined]
        if options.get("dateline_writes"):
            commits.append("commit")

    event.listen(database.engine, "commit", note)
    yield commits
    event.remove(database.engine, "commit", note)


def there(database: Database) -> set[str]:
    with database.read() as session:
        return {row.slug for row in session.all(select(SourceRow.slug))}


def test_those_who_wait_are_committed_with_the_one_who_writes(services: Services) -> None:
    database = services.database
    with counted(database) as commits:
        results = outcomes(database, writes("a"), [writes("b"), writes("c"), writes("d")])
    assert [one.result() for one in results] == ["a", "b", "c", "d"]
    assert there(database) == {"a", "b", "c", "d"}
    assert len(commits) == 1


def test_what_is_refused_leaves_no_trace_and_the_others_are_committed(services: Services) -> None:
    database = services.database
    refused = NotFound("There is no such thing.")
    results = outcomes(database, writes("a"), [writes("b", refused), writes("c")])
    assert [results[0].result(), results[2].result()] == ["a", "c"]
    assert results[1].exception() is refused
    assert there(database) == {"a", "c"}


def test_a_refusal_of_the_first_is_its_own(services: Services) -> None:
    database = services.database
    results = outcomes(database, writes("a", NotFound("No.")), [writes("b"), writes("c")])
    assert isinstance(results[0].exception(), NotFound)
    assert [one.result() for one in results[1:]] == ["b", "c"]
    assert there(database) == {"b", "c"}


def test_a_fault_of_one_has_each_of_the_others_run_by_itself(services: Services) -> None:
    database = services.database
    with counted(database) as commits:
        results = outcomes(database, writes("a"), [writes("b"), writes("c", Broken()), writes("d")])
    assert isinstance(results[2].exception(), Broken)
    assert [results[0].result(), results[1].result(), results[3].result()] == ["a", "b", "d"]
    assert there(database) == {"a", "b", "d"}
    assert len(commits) == 3


def test_a_commit_that_fails_is_tried_by_each_for_itself(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, commit, failed = services.database, WriteSession.commit, list[str]()

    def fail_once(session: WriteSession) -> None:
        if not failed and len(session.all(select(SourceRow.slug))) == 4:
            failed.append("once")
            raise Broken
        commit(session)

    monkeypatch.setattr(WriteSession, "commit", fail_once)
    results = outcomes(database, writes("a"), [writes("b"), writes("c"), writes("d")])
    assert [one.result() for one in results] == ["a", "b", "c", "d"]
    assert failed == ["once"]
    assert there(database) == {"a", "b", "c", "d"}


def test_a_writer_that_nobody_lets_in_is_told_so_and_writes_nothing(services: Services) -> None:
    database = services.database
    database._group._patience = 0.05
    begun, go_on = threading.Event(), threading.Event()

    def slow(session: WriteSession) -> str:
        begun.set()
        assert go_on.wait(_PATIENCE)
        return writes("a")(session)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(database.write_together, slow)
        assert begun.wait(_PATIENCE)
        with pytest.raises(DatabaseBusy):
            database.write_together(writes("b"))
        go_on.set()
    assert first.result() == "a"
    assert there(database) == {"a"}


def test_many_desks_at_once_each_get_their_own_story(
    newsroom: Newsroom, services: Services
) -> None:
    titles = [f"Story {number}" for number in range(24)]

    def publish(title: str) -> tuple[str, str]:
        made = newsroom.story(title)
        newsroom.verb(made, "correct", note="It was wrong.", changes={"title": f"{title} again"})
        return title, newsroom.call("GET", f"/articles/{made['id']}").json()["title"]

    with counted(services.database) as commits:
        found = at_once([lambda title=title: publish(title) for title in titles])  # type: ignore[misc]
    assert found == [(title, f"{title} again") for title in titles]
    assert len(commits) < 2 * len(titles)
    assert_sound(services.settings.database_url)
