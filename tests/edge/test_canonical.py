"""Equivalent requests have one canonical form; different requests have different forms."""

import pytest

from app.api.delivery.single_stories import STORY
from app.api.delivery.story_lists import HEADLINES
from app.api.delivery.taxonomy import SOURCES
from app.api.http import parameters


@pytest.mark.parametrize(
    "same",
    [
        (b"", b"limit=20", b"count=none", b"sort=-published_at", b"limit=20&count=none"),
        (b"category=a&language=en", b"language=en&category=a", b"language=en&limit=20&category=a"),
        (b"tag=a&tag=b", b"tag=b&tag=a"),
        (b"tag=%C3%A9", b"tag=%c3%a9", b"tag=e%CC%81"),
        (b"updated_after=2026-01-01", b"updated_after=2026-01-01&sort=-updated_at"),
    ],
)
def test_equivalent_queries_have_one_canonical_form(same: tuple[bytes, ...]) -> None:
    assert len({HEADLINES.parameters.canonical(query) for query in same}) == 1


@pytest.mark.parametrize(
    "different",
    [
        (b"", b"limit=10", b"limit=020", b"limit=20&limit=20", b"limit="),
        (b"tag=a,b", b"tag=b,a", b"tag=a&tag=b", b"tag=a"),
        (b"sort=-updated_at", b"sort=-published_at", b"sort=published_at"),
        (b"updated_after=2026-01-01", b"updated_after=2026-01-01&sort=-published_at"),
        (b"tag=%ff", b"tag=%EF%BF%BD"),
    ],
)
def test_different_queries_have_different_canonical_forms(different: tuple[bytes, ...]) -> None:
    forms = {HEADLINES.parameters.canonical(query) for query in different}
    assert len(forms) == len(different)


def test_canonical_forms_of_long_queries_are_not_cached() -> None:
    before = len(parameters._canonical)
    HEADLINES.parameters.canonical(b"tag=" + b"x" * 40_000)
    assert len(parameters._canonical) == before
    HEADLINES.parameters.canonical(b"tag=not-asked-before")
    assert len(parameters._canonical) == before + 1


def test_a_default_value_stays_where_the_parameter_does_not_exist() -> None:
    assert STORY.parameters.canonical(b"limit=20") == b"limit=20"
    assert SOURCES.parameters.canonical(b"sort=-published_at") == b"sort=-published_at"
