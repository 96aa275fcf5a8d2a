"""Queries with any number of values have few statements."""

import pytest

from app.access.selection import Clause, Field, Selection
from app.delivery.story_query import StoryQuery

_FIELDS: tuple[Field, ...] = ("id", "tag", "author", "category", "source", "language", "kind")


@pytest.mark.parametrize("field", _FIELDS)
def test_lists_of_any_number_of_values_have_few_statements(field: Field) -> None:
    values = tuple(f"v{number}" for number in range(200))
    selections = [Selection((Clause(field, values[:count]),)) for count in range(1, 200)]
    assert len({StoryQuery(selection).shape for selection in selections}) <= 7
    without = [Selection((Clause(field, (), values[:count]),)) for count in range(1, 200)]
    assert len({StoryQuery(selection).shape for selection in without}) == 1


def test_unused_placeholders_match_no_value() -> None:
    bound = StoryQuery(Selection((Clause("tag", ("a", "b", "c"), ("d",)),))).values
    assert [bound[f"c0_{number}"] for number in range(4)] == ["a", "b", "c", ""]
    assert (bound["in0"], bound["out0"]) == (("a", "b", "c"), ("d",))


def test_any_number_of_preferred_languages_has_few_statements() -> None:
    queries = [StoryQuery(preferred=("fr",) * count) for count in range(11)]
    assert {query.shape.preferred for query in queries} == {0, 1, 2, 4, 8, 16}
    values = StoryQuery(preferred=("fr", "en", "de")).values
    assert [values[f"l{rank}"] for rank in range(4)] == ["fr", "en", "de", ""]
