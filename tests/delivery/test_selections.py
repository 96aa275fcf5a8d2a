"""Any selection returns each of its stories once, in order, and no other."""

from datetime import timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.access.selection import Clause, Selection, TimeRange
from app.delivery.queries import sort_page
from app.delivery.store import story_queries
from app.delivery.story_query import SortKey, StoryQuery
from app.kit.sql.database import Database
from app.kit.sql.session import ReadSession
from tests.delivery.archive import EPOCH, NOW, SCHEDULED, STORIES, attributes, story_id
from tests.repetitions import repetitions

_OUT = [attributes(number) for number in range(STORIES - SCHEDULED)]
_VALUES = {
    "category": [f"c{number}" for number in range(11)],
    "source": [f"s{number}" for number in range(1, 10)],
    "language": ["en", "fr", "ar", "de"],
    "tag": ["t1", "t2", "t3", "t9", "t400", "t401"],
    "author": [f"a{number}" for number in range(21)],
    "kind": ["news", "opinion", "live"],
    "id": [story_id(number) for number in (0, 7, 900, STORIES - 1, STORIES + 9)],
}


def clauses() -> st.SearchStrategy[Clause]:
    def of(field: str) -> st.SearchStrategy[Clause]:
        values = st.lists(st.sampled_from(_VALUES[field]), max_size=4, unique=True).map(tuple)
        return st.builds(Clause, st.just(field), values, values).filter(
            lambda element: bool(element.included or element.excluded)
        )

    return st.sampled_from(sorted(_VALUES)).flatmap(of)


def spans() -> st.SearchStrategy[TimeRange]:
    ends = st.none() | st.integers(0, STORIES).map(lambda n: EPOCH + timedelta(minutes=n))
    return st.builds(TimeRange, ends, ends)


def selections() -> st.SearchStrategy[Selection]:
    several = st.lists(clauses(), max_size=3).map(tuple)
    return st.builds(Selection, several, spans(), spans())


def pages(session: ReadSession, selection: Selection, key: SortKey, descending: bool) -> list[str]:
    """Return the ids of a selection, read in five pages at most."""
    ids: list[str] = []
    position = None
    for _ in range(5):
        query = StoryQuery(selection, key, descending, position, limit=7)
        rows = sort_page(query, story_queries.load_page(session, query, NOW))
        if not rows:
            break
        ids += [row.id for row in rows]
        position = (rows[-1].place, rows[-1].id)
    return ids


# Stories that are in both categories.
_TWICE = Selection((Clause("category", ("c1", "c8")), Clause("language", ("en", "fr"))))


@example(selection=_TWICE, key="published_at", descending=True)
@settings(
    deadline=None,
    max_examples=repetitions(50),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    selection=selections(),
    key=st.sampled_from(["published_at", "updated_at"]),
    descending=st.booleans(),
)
def test_pages_of_any_selection_are_in_order_and_complete(
    archive: Database, selection: Selection, key: SortKey, descending: bool
) -> None:
    expected = [attributes["id"][0] for attributes in _OUT if selection.matches(attributes)]
    if descending:
        expected.reverse()
    with archive.read() as session:
        assert pages(session, selection, key, descending) == expected[:35]
        assert story_queries.count_stories(session, StoryQuery(selection), NOW).number == len(
            expected
        )
