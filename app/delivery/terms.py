"""The terms that lists find public stories by: single values, and frequent pairs of values.

Each term is one index range that has its stories in order. So a list of one term reads only the
rows that it shows.
"""

from collections.abc import Callable, Iterable
from itertools import product

from app.access.selection import Facts, Field

Term = tuple[str, str]

SINGLE: tuple[Field, ...] = ("category", "source", "language", "tag", "author", "kind")
PAIRS: tuple[tuple[Field, Field], ...] = (
    ("category", "source"),
    ("source", "language"),
    ("category", "language"),
)
# The field name of a pair, and the pair as one value: neither ids nor languages contain a space.
pair_field: Callable[[Iterable[str]], str] = "+".join
pair_value: Callable[[Iterable[str]], str] = " ".join


def terms_of(attributes: Facts) -> set[Term]:
    """Return all terms of a story with these attributes."""
    terms: set[Term] = set()
    for field in SINGLE:
        for value in attributes[field]:
            terms.add((field, value))
    for fields in PAIRS:
        for values in product(attributes[fields[0]], attributes[fields[1]]):
            terms.add((pair_field(fields), pair_value(values)))
    return terms
