"""Collections generated from news: a part of each story is the query, the rest the document."""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from app.search.text_fields import StoryText
from bench.search.collection import Collection

Half = Literal["all", "tuning", "testing"]
_SENTENCE = re.compile(r"(?<=[.!?؟。])\s+|\n+")
# Number of words in a long query, and in the rest of its story.
_MIN_QUERY_WORDS, _MAX_QUERY_WORDS, _LEAST_LEFT = 15, 80, 40


def titles(path: Path, half: Half = "all") -> Collection:
    """Return stories without their titles; each title is a query."""
    stories = {
        str(story["id"]): story for story in _stories(path) if story["title"] and story["body"]
    }
    documents = {
        id_: _document(story, story["body"].removeprefix(story["title"]))
        for id_, story in stories.items()
    }
    return _collection(documents, {id_: story["title"] for id_, story in stories.items()}, half)


def passages(path: Path, half: Half = "all") -> Collection:
    """Return stories without some sentences from their middle; these are the query."""
    documents: dict[str, StoryText] = {}
    queries: dict[str, str] = {}
    for story in _stories(path):
        sentences = [sentence for sentence in _SENTENCE.split(story["body"]) if sentence.strip()]
        query_sentences = _middle(sentences)
        rest = " ".join(sentence for sentence in sentences if sentence not in query_sentences)
        words = sum(len(question.split()) for question in query_sentences)
        if words >= _MIN_QUERY_WORDS and len(rest.split()) >= _LEAST_LEFT:
            id_ = str(story["id"])
            documents[id_] = _document(story, rest, story.get("title") or "")
            queries[id_] = " ".join(query_sentences)
    return _collection(documents, queries, half)


def _middle(sentences: list[str]) -> list[str]:
    """Return sentences from the middle of a story, enough for a long query."""
    chosen: list[str] = []
    for sentence in sentences[len(sentences) // 2 :]:
        if sum(len(text.split()) for text in (*chosen, sentence)) > _MAX_QUERY_WORDS:
            break
        chosen.append(sentence)
        if sum(len(text.split()) for text in chosen) >= _MIN_QUERY_WORDS:
            break
    return chosen


def _document(story: Mapping[str, Any], body: str, title: str = "") -> StoryText:
    return StoryText(story["language"], title, body=body)


def _collection(
    documents: Mapping[str, StoryText], queries: Mapping[str, str], half: Half
) -> Collection:
    """Return a collection with every other query: one half is for tuning, the other for testing."""
    remainders = {"all": (0, 1), "tuning": (0,), "testing": (1,)}[half]
    selected = {id_: text for at, (id_, text) in enumerate(queries.items()) if at % 2 in remainders}
    return Collection(documents, selected, {id_: {id_: 1.0} for id_ in selected})


def _stories(path: Path) -> Iterator[dict[str, Any]]:
    """Yield stories of NDJSON, or the passages of a file like SQuAD's."""
    read = gzip.open if path.suffix == ".gz" else open
    with read(path, "rt", encoding="utf-8") as lines:
        if path.suffix == ".json":
            passages = (
                paragraph for each in json.load(lines)["data"] for paragraph in each["paragraphs"]
            )
            for at, passage in enumerate(passages):
                yield {"id": at, "language": "en", "title": "", "body": passage["context"]}
            return
        yield from map(json.loads, lines)
