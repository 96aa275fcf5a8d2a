"""Queries with any number of values have few statements, and lose no value."""

from collections.abc import Callable

import pytest
from sqlalchemy import event

from app.access.selection import Clause, Field, Selection
from app.bootstrap import Services
from app.content import store as content
from app.content.article import State
from app.content.store import article_lists
from app.content.store.article_lists import ArticleList
from app.delivery import store as delivery
from app.kit.ids import new_id
from app.kit.sql.session import ReadSession
from app.syndication.push.store import deliveries, receivers
from tests.clock import START
from tests.newsroom import Newsroom

_FIELDS: tuple[Field, ...] = ("id", "tag", "author", "category", "source", "language", "kind")
_STATES: tuple[State, ...] = ("draft", "scheduled", "published", "killed")
_VALUES = tuple(f"v{number}" for number in range(40))
Ask = Callable[[ReadSession, tuple[str, ...]], object]


def _record_statements(services: Services, ask: Ask) -> set[str]:
    """Return the statements that are sent for 1, 2, … 40 values."""
    sent: set[str] = set()

    def note(_connection: object, _cursor: object, text: str, *_: object) -> None:
        sent.add(text)

    engine = services.database.engine
    event.listen(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        session = ReadSession(connection)
        for count in range(1, len(_VALUES) + 1):
            ask(session, _VALUES[:count])
    event.remove(engine, "before_cursor_execute", note)
    return sent


@pytest.mark.parametrize("excluded", [False, True])
@pytest.mark.parametrize("field", _FIELDS)
def test_a_newsroom_list_has_few_statements(
    services: Services, field: Field, excluded: bool
) -> None:
    def ask(session: ReadSession, values: tuple[str, ...]) -> object:
        clause = Clause(field, (), values) if excluded else Clause(field, values)
        query = ArticleList(Selection((clause,)))
        return article_lists.load_article_page(session, query, START), article_lists.count_articles(
            session, query, START
        )

    # The statements differ by the number of languages: 1, 2, 4, … 64 of them, on a page and in a
    # count.
    assert 2 <= len(_record_statements(services, ask)) <= (14 if field == "language" else 3)


def test_states_in_any_order_have_one_statement(services: Services) -> None:
    def ask(session: ReadSession, values: tuple[str, ...]) -> object:
        turned = _STATES[len(values) % 4 :] + _STATES[: len(values) % 4]
        return article_lists.load_article_page(session, ArticleList(states=turned), START)

    assert len(_record_statements(services, ask)) == 1


_ASKED: dict[str, Ask] = {
    "articles": content.lock_articles_by_ids,
    "slugs": lambda s, values: content.find_taken_slugs(s, "article", values),
    "references": lambda s, values: content.load_references(s, {"category": set(values)}),
    "snapshots": lambda s, values: content.load_snapshots(s, [(element, 1) for element in values]),
    "documents": delivery.load_attributes,
    "last rows": delivery.load_last_changes,
    "tombstones": delivery.load_tombstones,
    "receivers": lambda s, values: receivers.load_by_ids(s, "webhook", values),
    "due": lambda s, values: deliveries.find_due(
        s, START, 5, under_way=range(len(values)), full=values
    ),
}


@pytest.mark.parametrize("what", _ASKED)
def test_a_lookup_by_many_values_is_one_statement(services: Services, what: str) -> None:
    assert len(_record_statements(services, _ASKED[what])) == 1


def test_values_with_special_characters_are_included_and_excluded(
    newsroom: Newsroom, services: Services
) -> None:
    strange = ['a"b', "{c}", "d,e", "é\\", "NULL", ""]
    ids = [newsroom.story(f"Story {number}", tags=["Tag"])["id"] for number in range(3)]
    with services.database.write() as session:
        locked = content.lock_articles_by_ids(session, [*strange, *ids, new_id()])
        page = article_lists.load_article_page(
            session, ArticleList(Selection((Clause("id", (), (*strange, ids[0])),))), START
        )
        keys = [(ids[1], 1), (ids[2], 9), (strange[0], 1)]
        assert set(content.load_snapshots(session, keys)) == {ids[1]}
    assert set(locked) == set(ids)
    assert {row.article.id for row in page} == set(ids[1:])
