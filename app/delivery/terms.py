"""The terms that a public story is found by: single ones, and pairs that are often asked for.

Each term names one stretch of an index that has its stories in order, so a list that one term
describes reads the rows that it shows, and no others.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

Term = tuple[str, str]

SINGLE = ("category", "source", "language", "tag", "author", "kind")
PAIRS = (("category", "source"), ("source", "language"), ("category", "language"))


def terms_of(attributes: Mapping[str, Sequence[Any]]) -> set[Term]:
    """Return every term of a story with these attributes (as the change log keeps them)."""
    single = {(field, value) for field in SINGLE for value in attributes[field]}
    return single | set(_pairs(attributes))


def pair_field(fields: Sequence[str]) -> str:
    """Return the field under which a pair of values stands."""
    return "+".join(fields)


def pair_value(values: Sequence[str]) -> str:
    """Return a pair of values as one; no id and no language holds a space."""
    return " ".join(values)


def _pairs(attributes: Mapping[str, Sequence[Any]]) -> Iterator[Term]:
    for fields in PAIRS:
        for values in product(*(attributes[field] for field in fields)):
            yield pair_field(fields), pair_value(values)
