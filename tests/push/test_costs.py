"""Due deliveries are found by an index, for any length of the delivery log."""

import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import event, text

from app.bootstrap import Services
from app.kit.errors import ConstraintViolated
from app.syndication.push.store import deliveries
from tests.databases import count_queries
from tests.newsroom import Newsroom
from tests.push.conftest import Pushing
from tests.receiver import ReceivedRequest, Receiver, receiving

_BROKEN = (
    "CREATE TRIGGER broken BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'broken'); END"
)


@pytest.fixture
def dialect() -> str:
    """The plans of SQLite, which need no statistics."""
    return "sqlite"


def test_due_deliveries_are_found_by_the_partial_index(services: Services) -> None:
    sent: list[tuple[str, tuple[object, ...]]] = []

    def note(_c: object, _cursor: object, statement: str, params: tuple, *_: object) -> None:
        sent.append((statement, params))

    event.listen(services.database.engine, "before_cursor_execute", note)
    with services.database.read() as session:
        deliveries.find_due(session, datetime.now(UTC), 10, under_way=[1], full=["x"])
        deliveries.count_pending(session)
    event.remove(services.database.engine, "before_cursor_execute", note)
    with services.database.engine.connect() as connection:
        for statement, params in sent:
            if statement.startswith("SELECT"):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", params).all()
                assert "ix_deliveries_due_at" in rows[0][-1]
                assert not any("TEMP B-TREE" in row[-1] for row in rows)


def test_a_publication_takes_as_many_statements_to_one_webhook_as_to_many(
    pushing: Pushing, newsroom: Newsroom, services: Services, receiver: Receiver
) -> None:
    counted = threading.Event()

    def answer(_: ReceivedRequest) -> int:
        # The work for a response is not included, and may happen earlier or later.
        counted.wait()
        return 204

    def statements() -> int:
        newsroom.story()
        counted.clear()
        with count_queries(services.database) as sent:
            services.push.run_step()
        counted.set()
        pushing.settle()
        return len(sent)

    receiver.answer = answer
    pushing.webhook(receiver.url)
    few = statements()
    with receiving() as other:
        other.answer = answer
        for _ in range(9):
            pushing.webhook(other.url)
        assert statements() <= few


def test_changes_are_followed_in_large_steps_without_receivers(
    pushing: Pushing,
    newsroom: Newsroom,
    services: Services,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    stopped = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr("app.syndication.push.push.time", stopped)
    push = services.push
    push.run_step_if_needed()
    newsroom.story()
    now += 4.9
    push.run_step_if_needed()
    assert push.status().lag > 0
    now += 0.1
    push.run_step_if_needed()
    assert push.status().lag == 0
    pushing.webhook(receiver.url, "article.published")
    now += 0.5
    push.run_step_if_needed()
    newsroom.story()
    push.run_step_if_needed()
    assert push.status().lag == 0


def test_the_log_position_is_committed_with_its_deliveries(
    pushing: Pushing, newsroom: Newsroom, services: Services, receiver: Receiver
) -> None:
    pushing.webhook(receiver.url)
    newsroom.story()
    lag = services.push.status().lag
    with services.database.write() as session:
        # Any error during deliveries.
        session.execute(text(_BROKEN))
    with pytest.raises(ConstraintViolated):
        services.push.run_step()
    assert services.push.status().lag == lag
    with services.database.write() as session:
        session.execute(text("DROP TRIGGER broken"))
    pushing.settle()
    assert len(receiver.requests) == 1
