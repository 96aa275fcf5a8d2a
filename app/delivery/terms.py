"""The terms that a public story is found by: single ones, and pairs that are often asked for.

Each term names one stretch of an index that has its stories in order, so a list that one term
describes reads the rows that it shows, and no others.
"""

from collections.abc import Callable, Iterable
from itertools import product

from app.access.selection import Field, SelectionFields

Term = tuple[str, str]

SINGLE: tuple[Field, ...] = ("category", "source", "language", "tag", "author", "kind")
PAIRS: tuple[tuple[Field, Field], ...] = (
    ("category", "source"),
    ("source", "language"),
    ("category", "language"),
)
# The field under which a pair of values stands, and the pair as one value: no id and no language
# holds a space.
pair_field: Callable[[Iterable[str]], str] = "+".join
pair_value: Callable[[Iterable[str]], str] = " ".join


def terms_of(attributes: SelectionFields) -> set[Term]:
    """Return every term of a story with these attributes."""
    terms: set[Term] = set()
    for field in SINGLE:
        for value in attributes[field]:
            terms.add((field, value))
    for fields in PAIRS:
        for values in product(attributes[fields[0]], attributes[fields[1]]):
            terms.add((pair_field(fields), pair_value(values)))
    return terms
