"""Merge patches: every case of RFC 7396, appendix A."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.json import merge_patch

DOCUMENTS = st.recursive(
    st.integers() | st.text("xyz", max_size=3) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_patch_has_the_result_of_the_standard(before: Any, patch: Any, after: Any) -> None:
    assert merge_patch(before, patch) == after


def test_the_original_document_is_not_modified() -> None:
    before = {"a": {"b": 1, "c": 2}, "d": [1]}
    merge_patch(before, {"a": {"b": None}, "d": None})
    assert before == {"a": {"b": 1, "c": 2}, "d": [1]}


@given(DOCUMENTS)
def test_an_empty_patch_changes_nothing(document: Any) -> None:
    expected = document if isinstance(document, dict) else {}
    assert merge_patch(document, {}) == expected


@given(DOCUMENTS, DOCUMENTS)
def test_applying_a_patch_is_idempotent(document: Any, patch: Any) -> None:
    once = merge_patch(document, patch)
    assert merge_patch(once, patch) == once
