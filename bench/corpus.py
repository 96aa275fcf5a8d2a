"""A synthetic archive of news, the same for the same seed, as an NDJSON file to import."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.generated_taxonomy import NEWSROOM, Line, Taxonomy, build_taxonomy
from bench.story import make_story

SEED = 20260112
FIRST_DAY = datetime(2017, 1, 1, tzinfo=UTC)
LAST_DAY = datetime(2025, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Corpus:
    """An archive on disk."""

    path: Path
    stories: int
    section: str
    """The slug of a category of the first level, with others below it."""


def write_corpus(path: Path, stories: int, seed: int = SEED) -> Corpus:
    """Write an archive of this many stories, in memory that does not grow with it."""
    world = build_taxonomy(NEWSROOM, seed)
    with path.open("w", encoding="utf-8") as file:
        for line in _lines(world, stories, seed):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return Corpus(path, stories, str(world.categories.items[0]["slug"]))


def moments(rng: random.Random, numbers: range, stories: int) -> Iterator[tuple[int, datetime]]:
    """Yield the numbers of stories with their publication times, spread over the years."""
    step = (LAST_DAY - FIRST_DAY) / stories
    for number in numbers:
        yield number, FIRST_DAY + step * (number + rng.random())


def _lines(world: Taxonomy, stories: int, seed: int) -> Iterator[Line]:
    yield from world.sources.items
    yield from world.categories.items
    rng = random.Random(f"{seed}:stories")
    for number, moment in moments(rng, range(stories), stories):
        yield make_story(world, rng, number, moment)
