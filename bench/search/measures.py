"""MRR, R@1, R@10, MAP and nDCG@10, as the literature defines them, averaged over queries."""

from collections.abc import Callable, Mapping, Sequence
from math import log2

Grades = Mapping[str, float]


def mean_reciprocal_rank(ranking: Sequence[str], grades: Grades) -> float:
    """Return the reciprocal rank of the first relevant document."""
    places = (place for place, document in enumerate(ranking, 1) if document in grades)
    return 1 / next(places, float("inf"))


def recall(ranking: Sequence[str], grades: Grades, depth: int) -> float:
    """Return the share of relevant documents among the first ones."""
    hits = sum(document in grades for document in ranking[:depth])
    return hits / min(len(grades), depth)


def average_precision(ranking: Sequence[str], grades: Grades) -> float:
    """Return the mean precision at the ranks of relevant documents."""
    places = [place for place, document in enumerate(ranking, 1) if document in grades]
    return sum(nth / place for nth, place in enumerate(places, 1)) / len(grades)


def ndcg(ranking: Sequence[str], grades: Grades, depth: int) -> float:
    """Return the gain of the first documents, relative to the best order."""
    gained = _gain([grades.get(document, 0.0) for document in ranking[:depth]])
    return gained / _gain(sorted(grades.values(), reverse=True)[:depth])


MEASURES: Mapping[str, Callable[[Sequence[str], Grades], float]] = {
    "MRR": mean_reciprocal_rank,
    "R@1": lambda ranking, grades: recall(ranking, grades, 1),
    "R@10": lambda ranking, grades: recall(ranking, grades, 10),
    "MAP": average_precision,
    "nDCG@10": lambda ranking, grades: ndcg(ranking, grades, 10),
}


def averages(
    rankings: Mapping[str, Sequence[str]], judgements: Mapping[str, Grades]
) -> dict[str, float]:
    """Return each measure, averaged over all queries with relevant documents."""
    judged = [query for query in rankings if judgements.get(query)]
    return {
        name: sum(measure(rankings[query], judgements[query]) for query in judged)
        / max(len(judged), 1)
        for name, measure in MEASURES.items()
    }


def _gain(grades: Sequence[float]) -> float:
    return sum((2**grade - 1) / log2(place + 1) for place, grade in enumerate(grades, 1))
