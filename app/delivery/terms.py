"""The terms that a public story is found by: single ones, and pairs that are often asked for.

Each term names one stretch of an index that has its stories in order, so a list that one term
describes reads the rows that it shows, and no others.
"""

from collections.abc import Iterator, Sequence
from itertools import product

from app.access.selection import Facts, Field

Term = tuple[str, str]

SINGLE: tuple[Field, ...] = ("category", "source", "language", "tag", "author", "kind")
PAIRS: tuple[tuple[Field, Field], ...] = (
    ("category", "source"),
    ("source", "language"),
    ("category", "language"),
)


def terms_of(attributes: Facts) -> set[Term]:
    """Return every term of a story with these attributes."""
    single = {(field, value) for field in SINGLE for value in attributes[field]}
    return single | set(_pairs(attributes))


def pair_field(fields: Sequence[str]) -> str:
    """Return the field under which a pair of values stands."""
    return "+".join(fields)


def pair_value(values: Sequence[str]) -> str:
    """Return a pair of values as one; no id and no language holds a space."""
    return " ".join(values)


def _pairs(attributes: Facts) -> Iterator[Term]:
    for fields in PAIRS:
        for values in product(*(attributes[field] for field in fields)):
            yield pair_field(fields), pair_value(values)
