"""Ranking measures, and their values for the search; with real queries if they are installed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.search.__main__ import rankings
from bench.search.collection import Collection, plain, squad
from bench.search.generated_collections import passages, titles
from bench.search.measures import averages
from bench.search.systems import DatelineSystem, PlainSystem


def test_measures_equal_published_values() -> None:
    judgements = {"q": {"a": 2.0, "b": 1.0}, "none": {}}
    measured = averages({"q": ["x", "b", "a"], "none": ["x"]}, judgements)

    assert measured["MRR"] == pytest.approx(1 / 2)
    assert measured["R@1"] == 0
    assert measured["R@10"] == 1
    assert measured["MAP"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert measured["nDCG@10"] == pytest.approx((1 / 1.58496 + 3 / 2) / (3 + 1 / 1.58496), abs=1e-5)


@pytest.fixture
def collection(tmp_path: Path) -> list[str]:
    """The arguments that name a small collection in the plain format."""
    documents = [
        {"id": 1, "title": "Rain", "body": "It rained over Rabat."},
        {"id": 2, "body": "The elections were held.", "language": "en"},
    ]
    files = {
        "documents": "\n".join(map(json.dumps, documents)) + "\n\n",
        "queries": "a\tWhich city had rain?\nb\telection \n",
        "judgements": "a\t1\t1\nb\t0\t2\t1\nb\t1\t0\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return [part for name in files for part in (f"--{name}", str(tmp_path / name))]


def test_any_collection_can_be_measured(collection: list[str]) -> None:
    documents, queries, judgements = map(Path, collection[1::2])
    read = plain(documents, queries, judgements, "en")

    assert read.judgements == {"a": {"1": 1.0}, "b": {"2": 1.0}}
    assert averages(rankings(DatelineSystem(read.documents), read), read.judgements)["R@1"] == 1


def test_the_command_prints_a_line_for_each_system(collection: list[str]) -> None:
    command = [sys.executable, "-m", "bench.search", *collection]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    lines = printed.splitlines()
    assert lines[0] == "2 documents, 2 queries"
    assert lines[1].split() == ["MRR", "R@1", "R@10", "MAP", "nDCG@10"]
    assert lines[2].split() == ["dateline", *["1.0000"] * 5]
    assert [line[:16].strip() for line in lines[3:]] == ["bm25", "bm25 and stemmer"]


def test_questions_find_their_passages(shared: Path) -> None:
    questions = squad(shared / "xquad" / "xquad.en.json", "en")
    recall = {
        system: averages(rankings(ranker, questions), questions.judgements)["R@1"]
        for system, ranker in (
            ("ours", DatelineSystem(questions.documents)),
            ("naive", PlainSystem(questions.documents)),
            ("stemmed", PlainSystem(questions.documents, "english")),
        )
    }

    assert recall["ours"] >= 0.945
    assert recall["ours"] > recall["stemmed"] > recall["naive"]


def test_the_halves_of_generated_questions_are_disjoint(tmp_path: Path) -> None:
    sentences = [
        f"Sentence {n} tells of rain, wind and {'many other things ' * 5}." for n in range(9)
    ]
    rows = [
        {
            "id": n,
            "language": "en",
            "title": f"Title {n}",
            "body": f"Title {n} " + " ".join(sentences),
        }
        for n in range(5)
    ]
    path = tmp_path / "news.ndjson"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    for generate in (titles, passages):
        every, tuning, testing = (generate(path, half) for half in ("all", "tuning", "testing"))
        assert every.queries == {**tuning.queries, **testing.queries}
        assert not tuning.queries.keys() & testing.queries.keys()
        assert len(every.queries) == len(every.documents) == 5
        for id_, question in every.queries.items():
            assert question not in every.documents[id_].body


def test_long_questions_find_their_stories(shared: Path) -> None:
    every = passages(shared / "spanish" / "fakenewscorpus_es.jsonl.gz", "testing")
    ids = list(every.queries)[::8]
    sample = Collection(every.documents, {id_: every.queries[id_] for id_ in ids}, every.judgements)
    ours, stemmed = (
        averages(rankings(ranker, sample), sample.judgements)["R@1"]
        for ranker in (DatelineSystem(sample.documents), PlainSystem(sample.documents, "spanish"))
    )

    assert ours >= stemmed + 0.02


def test_arabic_titles_find_their_stories(shared: Path) -> None:
    news = titles(shared / "arabic" / "ant_jawhara_2000.jsonl.gz", "testing")
    ours, stemmed = (
        averages(rankings(ranker, news), news.judgements)["R@1"]
        for ranker in (DatelineSystem(news.documents), PlainSystem(news.documents, "arabic"))
    )

    assert ours >= stemmed + 0.02
