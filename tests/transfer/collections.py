"""Collections of real input, converted to lines."""

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from app.kit import json
from app.kit.slugs import make_slug

_TAGS = {"se": "sv", "dk": "da"}


def load_rows(path: Path) -> list[dict[str, Any]]:
    """Read a compressed file with one object a line."""
    with gzip.open(path) as lines:
        return [json.loads(line) for line in lines]


def build_arabic_lines(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Convert the Arabic articles, their source and their categories."""
    rows = list(rows)
    yield {"type": "source", "slug": "jawhara-fm", "name": "Jawhara FM", "language": "ar"}
    yield from _categories(row["category"] for row in rows)
    for row in rows:
        yield {
            "type": "article",
            "external_id": row["id"],
            "source": "jawhara-fm",
            "categories": [make_slug(row["category"], "category")],
            "language": "ar",
            "title": row["title"],
            "summary": row["description"] or None,
            "url": row["url"],
            "body": row["body"],
            "body_format": "text",
            "published_at": instant(row["published"]),
            "status": "published",
        }


def build_spanish_lines(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Convert the Spanish articles; the first words are the title of one without a headline."""
    rows = list(rows)
    for slug, name in _remove_duplicates(row["source"] for row in rows if row["source"]).items():
        yield {"type": "source", "slug": slug, "name": name, "language": "es"}
    yield from _categories(row["category"] for row in rows)
    for row in rows:
        yield {
            "type": "article",
            "external_id": row["id"],
            "source": make_slug(row["source"], "source") if row["source"] else None,
            "categories": [make_slug(row["category"], "category")],
            "language": "es",
            "title": row["title"] or row["body"][:80],
            "body": row["body"],
            "body_format": "text",
            "published_at": "2021-06-01T00:00:00Z",
            "status": "published",
        }


def build_topic_lines(path: Path) -> list[dict[str, Any]]:
    """Convert the media topics to a category tree, parents first."""
    with gzip.open(path) as packed:
        concepts = json.loads(packed.read())["conceptSet"]
    below: dict[str | None, list[dict[str, Any]]] = {}
    for concept in concepts:
        (parent,) = concept.get("broader", [None])
        below.setdefault(parent, []).append(concept)
    lines: list[dict[str, Any]] = []
    waiting = below[None]
    while waiting:
        lines += [_topic(concept) for concept in waiting]
        waiting = [child for concept in waiting for child in below.get(concept["uri"], [])]
    return lines


def instant(text: str) -> str:
    """Return an instant; some rows have only a date, and one lacks its colons."""
    if text[2:3] == "/":
        day, month, year = text.split("/")
        return f"{year}-{month}-{day}T00:00:00Z"
    hours = text.partition("T")[2]
    if hours.isdigit():
        return f"{text[:11]}{hours[:2]}:{hours[2:4]}:{hours[4:]}Z"
    return text


def _topic(concept: dict[str, Any]) -> dict[str, Any]:
    labels = {_TAGS.get(tag, tag): label for tag, label in concept["prefLabel"].items()}
    parent = concept.get("broader")
    return {
        "type": "category",
        "slug": _topic_slug(concept["uri"]),
        "name": labels.pop("en-GB"),
        "names": labels,
        "parent": _topic_slug(parent[0]) if parent else None,
    }


def _topic_slug(uri: str) -> str:
    return "medtop-" + uri.rpartition("/")[2]


def _categories(names: Iterable[str]) -> Iterator[dict[str, Any]]:
    for slug, name in _remove_duplicates(names).items():
        yield {"type": "category", "slug": slug, "name": name}


def _remove_duplicates(names: Iterable[str]) -> dict[str, str]:
    return {make_slug(name, "thing"): name for name in names}
