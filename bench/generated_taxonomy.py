"""Generated sources, categories, tags, bylines and languages."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Generic, TypeVar

from bench.generated_text import LANGUAGES, GeneratedLanguage, build_language, capitalize

Line = dict[str, Any]
Item = TypeVar("Item")

_KINDS = "news analysis opinion feature interview review live".split()
_KIND_SHARES = (70, 8, 8, 6, 4, 3, 1)


@dataclass(frozen=True)
class Shape:
    """The number of each, and the skew of their use."""

    sources: int
    tree: tuple[int, ...]
    """How many children a category has, level by level."""
    tags: int
    bylines: int
    languages: tuple[int, ...]
    """What share of the stories each language has."""
    skew: float
    """0: every source and category is as frequent; 1: the second half as much as the first."""
    body_bytes: tuple[int, int]
    """From the most usual length to the longest."""


NEWSROOM = Shape(12, (6, 2, 1), 300, 500, (50, 20, 15, 15), 0.0, (3000, 3000))
AGENCY = Shape(200, (12, 4, 5), 20_000, 5_000, (40, 14, 12, 10, 9, 7, 5, 3), 0.8, (400, 3000))


@dataclass(frozen=True)
class WeightedChoice(Generic[Item]):
    """A weighted random choice."""

    items: Sequence[Item]
    weights: list[float]

    def draw(self, rng: random.Random) -> Item:
        """Draw one value."""
        return rng.choices(self.items, cum_weights=self.weights)[0]

    def draw_several(self, rng: random.Random, most: int) -> list[Item]:
        """Draw several values, without duplicates."""
        drawn = rng.choices(range(len(self.items)), cum_weights=self.weights, k=most)
        return [self.items[index] for index in dict.fromkeys(drawn)]


@dataclass(frozen=True)
class Taxonomy:
    """All values that stories are generated from."""

    shape: Shape
    tongues: dict[str, GeneratedLanguage]
    sources: WeightedChoice[Line]
    categories: WeightedChoice[Line]
    tags: WeightedChoice[str]
    bylines: WeightedChoice[str]
    languages: WeightedChoice[str]
    kinds: WeightedChoice[str]


def build_taxonomy(shape: Shape, seed: int) -> Taxonomy:
    """Build a taxonomy; the same for the same seed."""
    rng = random.Random(f"{seed}:world")
    tongues = {
        language: build_language(language, seed) for language in LANGUAGES[: len(shape.languages)]
    }
    english = tongues["en"]
    return Taxonomy(
        shape=shape,
        tongues=tongues,
        sources=_falling(_sources(english, rng, shape), shape.skew),
        categories=_categories(english, rng, shape),
        tags=_falling(_phrases(english, rng, shape.tags), 1),
        bylines=_falling([_name(english, rng) for _ in range(shape.bylines)], shape.skew),
        languages=_weight(list(tongues), shape.languages),
        kinds=_weight(_KINDS, _KIND_SHARES),
    )


def _falling(items: Sequence[Item], skew: float) -> WeightedChoice[Item]:
    return WeightedChoice(items, list(accumulate(rank**-skew for rank in range(1, len(items) + 1))))


def _weight(items: Sequence[Item], shares: Sequence[int]) -> WeightedChoice[Item]:
    return WeightedChoice(items, list(accumulate(shares)))


def _phrases(english: GeneratedLanguage, rng: random.Random, number: int) -> list[str]:
    phrases = sorted({english.phrase(rng, 2).lower() for _ in range(number)})
    rng.shuffle(phrases)
    return phrases


def _name(english: GeneratedLanguage, rng: random.Random) -> str:
    return " ".join(capitalize(word) for word in rng.choices(english.words, k=2))


def _sources(english: GeneratedLanguage, rng: random.Random, shape: Shape) -> list[Line]:
    return [_source(english, rng, shape, number) for number in range(shape.sources)]


def _source(english: GeneratedLanguage, rng: random.Random, shape: Shape, number: int) -> Line:
    slug = f"source-{number + 1}"
    return {
        "type": "source",
        "slug": slug,
        "name": english.phrase(rng, 2),
        "description": english.phrase(rng, 12) + ".",
        "url": f"https://{slug}.example",
        "language": LANGUAGES[number % len(shape.languages)],
    }


def _categories(
    english: GeneratedLanguage, rng: random.Random, shape: Shape
) -> WeightedChoice[Line]:
    """Return the category tree, parents first; any category may be the most frequent."""
    lines: list[Line] = []
    parents: list[str | None] = [None]
    for children in shape.tree:
        level = [(parent, number + 1) for parent in parents for number in range(children)]
        lines += [_category(english, rng, parent, number) for parent, number in level]
        parents = [_category_slug(parent, number) for parent, number in level]
    weights = [rank**-shape.skew for rank in range(1, len(lines) + 1)]
    rng.shuffle(weights)
    return WeightedChoice(lines, list(accumulate(weights)))


def _category(
    english: GeneratedLanguage, rng: random.Random, parent: str | None, number: int
) -> Line:
    name = english.phrase(rng, 1)
    return {
        "type": "category",
        "slug": _category_slug(parent, number),
        "name": name,
        "parent": parent,
        "names": {"fr": f"{name} (fr)", "ar": f"{name} (ar)"},
    }


def _category_slug(parent: str | None, number: int) -> str:
    return f"{parent or 'section'}-{number}"
