"""Query strings: comma lists with minus and backslash, and similar names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.http.filters import FILTERS, SPANS, split_list
from app.api.http.paging import LIMIT
from app.api.http.parameters import ParameterSet
from app.kit.errors import BadParameter
from app.kit.similar_names import find_nearest

NAMES = [declared.name for declared in (*FILTERS, *SPANS)]
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).map(str.strip).filter(bool)


def escape(word: str) -> str:
    """Escape a word so that no character has a special meaning."""
    plain = word.replace("\\", "\\\\").replace(",", "\\,")
    return "\\" + plain if plain.startswith("-") else plain


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("morocco", [(False, "morocco")]),
        ("morocco,algeria", [(False, "morocco"), (False, "algeria")]),
        ("-morocco", [(True, "morocco")]),
        ("asia,-morocco", [(False, "asia"), (True, "morocco")]),
        ("rock\\, paper", [(False, "rock, paper")]),
        ("\\-40", [(False, "-40")]),
        ("-\\-40", [(True, "-40")]),
        ("covid-19", [(False, "covid-19")]),
        ("--a", [(True, "-a")]),
        (" a , b ", [(False, "a"), (False, "b")]),
        ("back\\\\slash", [(False, "back\\slash")]),
        ("open\\", [(False, "open")]),
        ("", [(False, "")]),
        ("-", [(True, "")]),
        ("a,,b", [(False, "a"), (False, ""), (False, "b")]),
    ],
)
def test_a_comma_list_is_split_as_documented(text: str, values: list[tuple[bool, str]]) -> None:
    assert split_list(text) == values


@given(st.lists(st.tuples(st.booleans(), WORDS), min_size=1, max_size=6))
def test_any_words_can_be_escaped_as_a_list(values: list[tuple[bool, str]]) -> None:
    text = ",".join(("-" if negated else "") + escape(word) for negated, word in values)
    assert split_list(text) == values


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("categroy", "category"),
        ("categories", "category"),
        ("langauge", "language"),
        ("sorce", "source"),
        ("id", "ids"),
        ("Tag", "tag"),
        ("tags", "tag"),
        ("kinds", "kind"),
        ("autors", "author"),
        ("publishedAfter", "published_after"),
        ("publised_before", "published_before"),
    ],
)
def test_a_misspelt_name_finds_the_intended_one(name: str, meant: str) -> None:
    assert find_nearest(name, NAMES) == meant


@pytest.mark.parametrize(
    "name",
    [
        *("zzz", "", "0", "ال", "fields", "sort", "page", "date", "order", "from", "offset", "q"),
        *("facets", "include", "highlight", "cursor", "count", "limit", "query", "size"),
        *("tab", "kid", "mind"),
    ],
)
def test_a_name_without_similar_ones_finds_nothing(name: str) -> None:
    assert find_nearest(name, NAMES) is None
    assert find_nearest(name, ()) is None


def test_an_unknown_parameter_is_named_with_the_most_similar_known_one() -> None:
    with pytest.raises(BadParameter) as refused:
        ParameterSet(*FILTERS, LIMIT).parse(b"categroy=morocco&limit=3")
    (error,) = refused.value.errors
    assert (error.pointer, error.code) == ("?categroy", "unknown_parameter")
    assert "'category'" in error.detail


@pytest.mark.parametrize("query", [b"limit=%ff", b"limit=\xff", b"&".join([b"limit=1"] * 201)])
def test_an_unparsable_query_string_is_refused(query: bytes) -> None:
    with pytest.raises(BadParameter):
        ParameterSet(LIMIT).parse(query)


@pytest.mark.parametrize(
    "value", ["0", "101", "-1", "1.0", "+5", "٥", "1e1", " 5", "9999999999", "", "NaN", "0x10"]
)
def test_a_number_outside_its_range_or_form_is_refused(value: str) -> None:
    from urllib.parse import quote

    with pytest.raises(BadParameter) as refused:
        ParameterSet(LIMIT).parse(f"limit={quote(value)}".encode())[LIMIT]
    assert refused.value.errors[0].pointer == "?limit"
