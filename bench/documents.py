"""Synthetic stories as finished documents, rendered by the product itself.

An import of a million stories takes hours, most of them for working copies and revisions, which no
reader uses. Here only the delivery tables are filled, in batches that can be built concurrently.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from app.content.article import Article
from app.content.events import CategorySaved, SourceSaved
from app.content.taxonomy import Category, Source
from app.content.text_computation import compute_text
from app.delivery.models import Document, DocumentBody, DocumentTerm, LogRow
from app.delivery.projector import build_document
from app.delivery.rendering import Term, build_attributes
from app.delivery.store.documents import BodyRow, DocumentRow
from app.delivery.store.log import Change
from app.kit.clock import to_micros
from app.kit.json import dumps_text
from app.kit.sql.schema import Base, table_of
from bench.corpus import FIRST_DAY, LAST_DAY, SEED, moments
from bench.generated_taxonomy import AGENCY, Line, Taxonomy, build_taxonomy
from bench.story import make_story

Row = dict[str, Any]
# Stories built from one seed.
BATCH = 10_000


class TermRow(NamedTuple):
    """A term of a document, with the instant that orders it."""

    field: str
    value: str
    published_at: datetime
    id: str


@dataclass
class Batch:
    """Rows of some stories, and how many of them have each term."""

    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    """By the statement that inserts them."""
    counts: Counter[Term] = field(default_factory=Counter)

    def add(self, model: type[Base], row: DocumentRow | BodyRow | TermRow | Change) -> None:
        """Add a row of a table."""
        statement, places = _insert(model, row._fields)
        self.rows.setdefault(statement, []).append(
            tuple(_convert_value(row[place]) for place in places)
        )


@lru_cache
def _insert(model: type[Base], fields: tuple[str, ...]) -> tuple[str, list[int]]:
    """Return the insert statement and its columns; the database generates identities."""
    columns = table_of(model).c
    places = [place for place, name in enumerate(fields) if columns[name].identity is None]
    names = ", ".join(fields[place] for place in places)
    marks = ", ".join("?" * len(places))
    return f"INSERT INTO {model.__tablename__} ({names}) VALUES ({marks})", places


def _convert_value(value: Any) -> Any:
    """Return a value as the column stores it; SQLAlchemy takes three times as long."""
    if isinstance(value, datetime):
        return to_micros(value)
    return dumps_text(value) if isinstance(value, dict) else value


@dataclass(frozen=True)
class TaxonomyIds:
    """A taxonomy whose sources and categories have ids."""

    world: Taxonomy
    ids: dict[str, str]
    """By slug; those of sources and categories differ."""
    above: dict[str, list[str]]
    """The ids of a category and of all above it."""

    def taxonomy(self) -> list[SourceSaved | CategorySaved]:
        """Return the events that publish sources and categories, parents first."""
        sources = (SourceSaved(self._source(line)) for line in self.world.sources.items)
        categories = (CategorySaved(self._category(line)) for line in self.world.categories.items)
        return [*sources, *categories]

    def with_ancestors(self, categories: list[str]) -> list[str]:
        """Return categories with all their ancestors."""
        return list(dict.fromkeys(up for category in categories for up in self.above[category]))

    def _source(self, line: Line) -> Source:
        fields = {name: line[name] for name in ("slug", "name", "url", "description", "language")}
        return Source(id=self.ids[line["slug"]], **fields, **_FIRST_VERSION)

    def _category(self, line: Line) -> Category:
        fields = {name: line[name] for name in ("slug", "name", "names")}
        parent = line["parent"] and self.ids[line["parent"]]
        return Category(id=self.ids[line["slug"]], parent_id=parent, **fields, **_FIRST_VERSION)


_FIRST_VERSION: Row = {"version": 1, "created_at": FIRST_DAY, "modified_at": FIRST_DAY}


@lru_cache(maxsize=1)
def build_taxonomy_ids() -> TaxonomyIds:
    """Build the taxonomy of the archive; the same in every process."""
    world = build_taxonomy(AGENCY, SEED)
    rng = random.Random(f"{SEED}:ids")
    lines = [*world.sources.items, *world.categories.items]
    ids = {line["slug"]: _id_at(FIRST_DAY, rng) for line in lines}
    above: dict[str, list[str]] = {}
    for line in world.categories.items:
        own, parent = ids[line["slug"]], line["parent"]
        above[own] = [own, *(above[ids[parent]] if parent else ())]
    return TaxonomyIds(world, ids, above)


def make_batch(numbers: range, stories: int) -> Batch:
    """Build the rows of the stories with these numbers."""
    newsroom = build_taxonomy_ids()
    rng = random.Random(f"{SEED}:{numbers.start}")
    batch = Batch()
    for number, moment in moments(rng, numbers, stories):
        line = make_story(newsroom.world, rng, number, moment)
        article = _article(newsroom, rng, line, number, moment)
        _add(batch, article, newsroom.with_ancestors(article.categories))
    # Sorted by field and value, so that each index range is written once for each batch.
    for rows in batch.rows.values():
        rows.sort()
    return batch


def _add(batch: Batch, article: Article, categories: list[str]) -> None:
    facts = build_attributes(article, categories)
    whole = build_document(article, facts, LAST_DAY, compute_text(article))
    batch.add(Document, whole.document)
    batch.add(DocumentBody, BodyRow(article.id, whole.body))
    at, version = whole.document.published_at, article.version
    for term in whole.terms:
        batch.add(DocumentTerm, TermRow(*term, at, article.id))
    change = Change(at, "article", article.id, "upsert", "published", version, after=facts)
    batch.add(LogRow, change)
    batch.counts.update(whole.terms)


def _article(
    newsroom: TaxonomyIds, rng: random.Random, line: Line, number: int, moment: datetime
) -> Article:
    published = moment.replace(microsecond=0)
    names = "external_id kind language title summary body url tags image dateline urgency".split()
    return Article(
        id=_id_at(moment, rng),
        slug=_slug(newsroom.world, rng, number),
        stage="published",
        version=1,
        published_version=1,
        source_id=newsroom.ids[line["source"]],
        categories=[newsroom.ids[slug] for slug in line["categories"]],
        authors=[author | {"url": None} for author in line["authors"]],
        body_format="html",
        body_base=None,
        rights=None,
        corrections=[],
        translation_of=None,
        published_at=published,
        first_published_at=published,
        updated_at=published,
        created_at=published,
        modified_at=published,
        expires_at=None,
        embargo_until=None,
        deleted_at=None,
        **{name: line[name] for name in names},
    )


def _slug(world: Taxonomy, rng: random.Random, number: int) -> str:
    return f"{world.tongues['en'].phrase(rng, 7).lower().replace(' ', '-')}-{number + 1}"


def _id_at(moment: datetime, rng: random.Random) -> str:
    """Return a UUIDv7 for an instant; the same for the same seed."""
    millis = int(moment.astimezone(UTC).timestamp() * 1000)
    random_bits = rng.getrandbits(74)
    high, low = random_bits >> 62, random_bits & ((1 << 62) - 1)
    return str(UUID(int=millis << 80 | 7 << 76 | high << 64 | 2 << 62 | low))
