"""Collections: documents, queries, and the relevant documents of each query."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.search.text_fields import StoryText


@dataclass(frozen=True)
class Collection:
    """Texts by id, queries by id, and for each query the grades of documents above zero."""

    documents: Mapping[str, StoryText]
    queries: Mapping[str, str]
    judgements: Mapping[str, Mapping[str, float]]


def plain(documents: Path, queries: Path, judgements: Path, language: str) -> Collection:
    """Read a collection from its plain format.

    Documents are NDJSON with `id` and other fields of a story; queries are TSV of an id and a text;
    judgements are TSV of a query, a document and a grade (with TREC's second column or without).
    """
    stories = map(json.loads, _lines(documents))
    return Collection(
        documents={str(story["id"]): _text(story, language) for story in stories},
        queries={id_: text for id_, text, *_ in _rows(queries)},
        judgements=_grades(judgements),
    )


def squad(path: Path, language: str) -> Collection:
    """Read a collection from questions in the format of SQuAD: each is answered by its passage."""
    documents: dict[str, StoryText] = {}
    queries: dict[str, str] = {}
    judgements: dict[str, dict[str, float]] = {}
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for passage in article["paragraphs"]:
            id_ = str(len(documents))
            documents[id_] = StoryText(language, "", body=passage["context"])
            for question in passage["qas"]:
                queries[question["id"]] = question["question"]
                judgements[question["id"]] = {id_: 1.0}
    return Collection(documents, queries, judgements)


def _text(story: Mapping[str, Any], language: str) -> StoryText:
    return StoryText(
        language=story.get("language") or language,
        title=story.get("title") or "",
        summary=story.get("summary") or "",
        body=story.get("body") or story.get("text") or "",
        tags=story.get("tags") or (),
        authors=story.get("authors") or (),
        source=story.get("source") or "",
    )


def _grades(path: Path) -> dict[str, dict[str, float]]:
    grades: dict[str, dict[str, float]] = {}
    for query, *_, document, grade in _rows(path):
        if float(grade) > 0:
            grades.setdefault(query, {})[document] = float(grade)
    return grades


def _rows(path: Path) -> Iterator[list[str]]:
    return (line.rstrip("\r\n").split("\t") for line in _lines(path))


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        yield from (line for line in lines if line.strip())
