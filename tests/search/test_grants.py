"""Search for readers with grants, compared with a plain model of what they may find."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from tantivy import Query

from app.access.entitlement import (
    EMBARGOED,
    HEADLINES,
    NOTHING,
    PUBLIC,
    Entitlement,
    Grant,
    combine,
)
from app.access.selection import Clause, Selection, SelectionFields
from app.bootstrap import Services
from app.kit import json
from app.kit.clock import format_instant, parse_instant
from app.search.engine.grants import FormQueries, apply_grants
from app.search.grants import to_index_grants
from app.search.index import FacetField
from app.search.queries import SearchAnswer, SearchQuery
from tests.clock import START, HandClock
from tests.newsroom import Newsroom
from tests.repetitions import repetitions
from tests.search.test_searching import Follow

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
# No word is an inflected form or a misspelling of another one.
_WORDS = ("zanzibar", "quagga", "onyx", "fjord", "umbra", "wharf")
_TAGS, _KINDS, _LANGUAGES = ("t1", "t2", "t3"), ("news", "opinion"), ("en", "fr-CA")
_FACETS: tuple[FacetField, ...] = ("tag", "kind", "language", "published_month")
_STORIES = 36


@dataclass(frozen=True)
class Model:
    """A story as the test knows it."""

    attributes: SelectionFields
    title: str
    summary: str
    body: str

    @property
    def published_at(self) -> datetime:
        return parse_instant(self.attributes["published_at"])

    def has(self, text: str, *, in_full: bool) -> bool:
        """Whether a word or a phrase occurs in a form of the story."""
        fields = [self.title, self.summary]
        if in_full:
            fields += [self.body, *self.attributes["tag"]]
        return any(f" {text} " in f" {field} " for field in fields)


@dataclass(frozen=True)
class Words:
    """A query: words or phrases that are required, and an excluded one."""

    required: tuple[str, ...] = ()
    excluded: str | None = None

    @property
    def query_text(self) -> str | None:
        parts = [f'"{part}"' if " " in part else part for part in self.required]
        if self.excluded is not None:
            parts.append(f"-{self.excluded}")
        # After a space, the last word is complete.
        return " ".join([*parts, ""]) if parts else None

    def match(self, story: Model, *, in_full: bool) -> bool:
        return all(story.has(part, in_full=in_full) for part in self.required) and not (
            self.excluded is not None and story.has(self.excluded, in_full=in_full)
        )


def _choose_text(chance: random.Random, most: int) -> str:
    return " ".join(chance.choices(_WORDS, k=chance.randint(1, most)))


@pytest.fixture
def archive(newsroom: Newsroom, follow: Follow) -> dict[str, Model]:
    """Stories of the last days; some are not in the index yet, and some are under embargo."""
    chance = random.Random(5)
    stories = {}
    for number in range(_STORIES):
        is_embargoed = number % 6 == 0
        days = timedelta(days=chance.choice((0.5, 1, 2) if is_embargoed else (0, -0.5, -1, -2, -9)))
        published = format_instant(START + days)
        fields: dict[str, Any] = {
            "title": _choose_text(chance, 2),
            "summary": _choose_text(chance, 2),
            "body": _choose_text(chance, 3),
            "tags": chance.sample([*_TAGS, "onyx"], k=2),
            "kind": chance.choice(_KINDS),
            "language": chance.choice(_LANGUAGES),
        }
        when = {"embargo_until": published} if is_embargoed else {"published_at": published}
        document = newsroom.story(**fields, **when)
        language = fields["language"].lower()
        attributes: SelectionFields = {
            "id": [document["id"]],
            "tag": fields["tags"],
            "kind": [fields["kind"]],
            "language": list(dict.fromkeys((language[:2], language))),
            "published_at": published,
            "updated_at": published,
        }
        texts = (fields[name] for name in ("title", "summary", "body"))
        stories[document["id"]] = Model(attributes, *texts)
        if number == _STORIES * 2 // 3:
            follow()
    return stories


def _choose_grant(chance: random.Random, ids: list[str]) -> Grant:
    clauses = []
    for field, values in (
        ("tag", _TAGS),
        ("kind", _KINDS),
        ("language", ("fr", "en")),
        ("id", ids),
    ):
        if chance.random() < 0.3:
            picked = tuple(chance.sample(values, k=min(len(values) - 1, chance.randint(1, 9))))
            is_excluded = chance.random() < 0.4
            included, excluded = ((), picked) if is_excluded else (picked, ())
            # mypy sees `field` as a text, not as one of the literals.
            clauses.append(Clause(field, included, excluded))  # type: ignore[arg-type]
    return Grant(
        Selection(tuple(clauses)),
        form=chance.choice(("full", "headline")),
        images=chance.random() < 0.5,
        embargoed=chance.random() < 0.2,
        delay=timedelta(hours=chance.choice((0, 0, 12, 30))),
        depth=chance.choice((None, None, timedelta(days=1), timedelta(days=3))),
    )


def _choose_words(chance: random.Random) -> Words:
    if chance.random() < 0.15:
        return Words()
    phrases = (*_WORDS, " ".join(chance.choices(_WORDS, k=2)))
    required = tuple(chance.sample(phrases, k=chance.choice((0, 1, 1, 1, 2))))
    excluded = chance.choice(_WORDS) if not required or chance.random() < 0.3 else None
    return Words(required, excluded)


def test_readers_find_what_a_model_of_their_grants_finds(
    archive: dict[str, Model], services: Services
) -> None:
    chance = random.Random(22)
    for _ in range(repetitions(150)):
        grants = [_choose_grant(chance, list(archive)) for _ in range(chance.choice((1, 1, 2, 5)))]
        entitlement, words = combine(grants), _choose_words(chance)
        expected = _evaluate(archive, entitlement, words)
        query = SearchQuery(
            words.query_text,
            order=chance.choice(("relevance", "published_at"))
            if words.query_text
            else "published_at",
            limit=_STORIES,
            count_total=True,
            facets=_FACETS,
            highlight=True,
            entitlement=entitlement,
        )
        results = services.search.search(query)
        description = f"{grants} {words}"
        assert sorted(hit.id for hit in results.hits) == sorted(expected), description
        assert (results.total, results.corrected) == (len(expected), None), description
        assert _counts(results) == _count(archive, expected), description
        for story in map(json.loads, results.items):
            form = expected.pop(story["id"]).form
            is_scored = form == "full" and query.order == "relevance"
            assert (story["score"] is not None) == is_scored, description
            assert form == "full" or story["highlights"]["body"] == [], description
        assert not expected, description


@pytest.mark.usefixtures("dialect")
def test_the_query_for_everything_in_one_form_has_no_conditions() -> None:
    queries = FormQueries(Query.all_query(), Query.empty_query())
    for entitlement, query in ((PUBLIC, 0), (EMBARGOED, 0), (HEADLINES, 1)):
        assert apply_grants(queries, to_index_grants(entitlement, START)) is queries[query]


def test_pages_by_date_contain_all_stories_of_a_reader(
    archive: dict[str, Model], services: Services
) -> None:
    of_a_tag = Selection((Clause("tag", ("t1",)),))
    entitlement = combine((Grant(form="headline", embargoed=True), Grant(of_a_tag)))
    words = Words(("onyx",))
    ids: list[str] = []
    more, position = True, None
    while more:
        page = services.search.search(
            SearchQuery(
                words.query_text,
                order="published_at",
                limit=4,
                date_position=position,
                entitlement=entitlement,
            )
        )
        ids += [hit.id for hit in page.hits]
        more, position = page.more, page.hits[-1].date_position
    expected = _evaluate(archive, entitlement, words)
    assert len(ids) > 8
    assert sorted(ids) == sorted(expected)
    published = [archive[id_].published_at for id_ in ids]
    assert published == sorted(published, reverse=True)


def test_a_delay_and_a_depth_end_on_the_microsecond(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    newsroom.story("zanzibar")
    day = timedelta(days=1)
    entitlement = combine((Grant(delay=day, depth=2 * day),))
    totals = []
    for moment in (day, 2 * day):
        for slip in (-1, 0, 1):
            clock.moment = START + moment + timedelta(microseconds=slip)
            query = SearchQuery("zanzibar", count_total=True, entitlement=entitlement)
            results = services.search.search(query)
            assert results.total == len(results.items)
            totals.append(results.total)
    assert totals == [0, 1, 1, 1, 1, 0]


@pytest.mark.usefixtures("archive")
def test_a_reader_without_grants_finds_nothing(services: Services) -> None:
    query = SearchQuery(None, count_total=True, facets=("tag",), entitlement=NOTHING)
    results = services.search.search(query)
    assert (list(results.items), results.total, results.is_complete) == ([], 0, True)
    assert services.search.suggest("t1", 9, entitlement=NOTHING)[0] == []
    assert services.search.suggest("t1", 9, entitlement=HEADLINES)[0] != []


def _evaluate(
    archive: dict[str, Model], entitlement: Entitlement, words: Words
) -> dict[str, Grant]:
    """Return the grants of the stories that a reader finds, by id."""
    granted = {
        id_: entitlement.find_grant(story.attributes, START) for id_, story in archive.items()
    }
    return {
        id_: grant
        for id_, grant in granted.items()
        if grant is not None and words.match(archive[id_], in_full=grant.form == "full")
    }


def _counts(answer: SearchAnswer) -> dict[str, dict[str, int]]:
    return {
        name: {value.value: value.count for value in values}
        for name, values in answer.facets.items()
    }


def _count(archive: dict[str, Model], ids: dict[str, Grant]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {name: {} for name in _FACETS}
    for id_ in ids:
        fields = archive[id_].attributes
        languages = [{"fr-ca": "fr-CA"}.get(value, value) for value in fields["language"]]
        values = {
            "tag": fields["tag"],
            "kind": fields["kind"],
            "language": languages,
            "published_month": [fields["published_at"][:7]],
        }
        for name, several in values.items():
            for value in several:
                counts[name][value] = counts[name].get(value, 0) + 1
    return counts
