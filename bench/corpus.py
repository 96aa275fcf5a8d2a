"""A synthetic archive of news, the same for the same seed, as an NDJSON file to import."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from bench.words import LANGUAGES, Tongue, capitalised, tongue

Line = dict[str, Any]

BODY_BYTES = 3000
SOURCES = 12
_SEED = 20260112
_FIRST_DAY = datetime(2017, 1, 1, tzinfo=UTC)
_LAST_DAY = datetime(2025, 12, 31, tzinfo=UTC)
_TAGS = 300
# How many children a category has, level by level: 6 + 12 + 12 = 30.
_TREE = (6, 2, 1)
_LANGUAGE_SHARES = (50, 20, 15, 15)


@dataclass(frozen=True)
class Corpus:
    """An archive on disk."""

    path: Path
    stories: int
    section: str
    """The slug of a category of the first level, with others below it."""


@dataclass(frozen=True)
class _World:
    """What stories are made from."""

    tongues: dict[str, Tongue]
    sources: list[Line]
    categories: list[Line]
    tags: list[str]
    tag_weights: list[float]


def write_corpus(path: Path, stories: int, seed: int = _SEED) -> Corpus:
    """Write an archive of so many stories, in memory that does not grow with it."""
    world = _world(seed)
    with path.open("w", encoding="utf-8") as file:
        for line in _lines(world, stories, seed):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return Corpus(path, stories, str(world.categories[0]["slug"]))


def _lines(world: _World, stories: int, seed: int) -> Iterator[Line]:
    yield from world.sources
    yield from world.categories
    rng = random.Random(f"{seed}:stories")
    step = (_LAST_DAY - _FIRST_DAY) / stories
    for number in range(stories):
        moment = _FIRST_DAY + step * (number + rng.random())
        yield _story(world, rng, number, moment)


def _world(seed: int) -> _World:
    rng = random.Random(f"{seed}:world")
    tongues = {language: tongue(language, seed) for language in LANGUAGES}
    english = tongues["en"]
    tags = sorted({english.phrase(rng, 2).lower() for _ in range(_TAGS)})
    rng.shuffle(tags)
    return _World(
        tongues=tongues,
        sources=[_source(english, rng, number) for number in range(SOURCES)],
        categories=_categories(english, rng),
        tags=tags,
        tag_weights=list(accumulate(1 / rank for rank in range(1, len(tags) + 1))),
    )


def _source(english: Tongue, rng: random.Random, number: int) -> Line:
    slug = f"source-{number + 1}"
    return {
        "type": "source",
        "slug": slug,
        "name": english.phrase(rng, 2),
        "description": english.phrase(rng, 12) + ".",
        "url": f"https://{slug}.example",
        "language": LANGUAGES[number % len(LANGUAGES)],
    }


def _categories(english: Tongue, rng: random.Random) -> list[Line]:
    lines: list[Line] = []
    parents: list[str | None] = [None]
    for children in _TREE:
        level = [(parent, number + 1) for parent in parents for number in range(children)]
        lines += [_category(english, rng, parent, number) for parent, number in level]
        parents = [_category_slug(parent, number) for parent, number in level]
    return lines


def _category(english: Tongue, rng: random.Random, parent: str | None, number: int) -> Line:
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


def _story(world: _World, rng: random.Random, number: int, moment: datetime) -> Line:
    language = rng.choices(LANGUAGES, weights=_LANGUAGE_SHARES)[0]
    speech = world.tongues[language]
    source = rng.choice(world.sources)
    return {
        "type": "article",
        "external_id": f"story-{number + 1}",
        "source": source["slug"],
        "categories": _chosen_categories(world, rng),
        "language": language,
        "title": speech.phrase(rng, rng.randint(6, 11)),
        "summary": " ".join(rng.choices(speech.sentences, k=2)),
        "body": _body(speech, rng),
        "url": f"{source['url']}/{moment:%Y/%m/%d}/{number + 1}",
        "tags": _chosen_tags(world, rng),
        "authors": [{"name": _name(world, rng)} for _ in range(rng.randint(0, 2))],
        "image": _image(speech, rng, number),
        "dateline": world.tongues["en"].phrase(rng, 1).upper(),
        "urgency": rng.randint(1, 9),
        "published_at": _instant(moment),
        "status": "published",
    }


def _chosen_categories(world: _World, rng: random.Random) -> list[str]:
    chosen = rng.sample(world.categories, k=rng.choice((1, 2, 2, 3)))
    return [line["slug"] for line in chosen]


def _chosen_tags(world: _World, rng: random.Random) -> list[str]:
    drawn = rng.choices(world.tags, cum_weights=world.tag_weights, k=rng.randint(0, 5))
    return list(dict.fromkeys(drawn))


def _name(world: _World, rng: random.Random) -> str:
    first, last = rng.choices(world.tongues["en"].words, k=2)
    return f"{capitalised(first)} {capitalised(last)}"


def _image(speech: Tongue, rng: random.Random, number: int) -> Line | None:
    if rng.random() < 0.4:
        return None
    return {
        "url": f"https://images.example/{number + 1}.jpg",
        "alt": speech.phrase(rng, 8),
        "credit": "Example Pictures",
        "width": 1200,
        "height": 800,
    }


def _body(speech: Tongue, rng: random.Random) -> str:
    parts: list[str] = []
    size = 0
    while size < BODY_BYTES - 100:
        parts.append(_paragraph(speech, rng, len(parts)))
        size += len(parts[-1].encode())
    return "\n".join(parts)


def _paragraph(speech: Tongue, rng: random.Random, position: int) -> str:
    text = " ".join(rng.choices(speech.sentences, k=rng.randint(2, 4)))
    if position % 4 == 3:
        return f"<h2>{speech.phrase(rng, 4)}</h2>\n<p>{text}</p>"
    if position % 3 == 1:
        address = f"https://links.example/{rng.randrange(10_000)}"
        link = f'<a href="{address}">{speech.phrase(rng, 3)}</a>'
        return f"<p>{text} {link} <em>{speech.phrase(rng, 2)}</em>.</p>"
    return f"<p>{text}</p>"


def _instant(moment: datetime) -> str:
    return (moment - timedelta(microseconds=moment.microsecond)).strftime("%Y-%m-%dT%H:%M:%SZ")
