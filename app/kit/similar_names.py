"""Suggestions for misspelled names."""

from collections.abc import Iterable

from rapidfuzz.distance import OSA

# Typos that a name of a minimal length may have.
_MAX_TYPOS = ((12, 3), (6, 2), (4, 1))
# A longer word with other letters at its end is a name of its own, and no typo.
_MOST_EXTRA_LETTERS = 1
_WITHOUT_SEPARATORS = str.maketrans("", "", "-_ ")


def find_nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a name probably is a misspelling of, or None.

    A name that is only vaguely similar is not suggested, since it would mislead.
    """
    typed = _normalize(name)
    typos = next((most for letters, most in _MAX_TYPOS if len(typed) >= letters), 0)
    near = [(_distance(typed, _normalize(other), typos), other) for other in known]
    return min((match for match in near if match[0] <= typos), default=(0, None))[1]


def _distance(typed: str, other: str, typos: int) -> int:
    """Return the number of typos between two names; a plural is none.

    Names that begin with other letters, or are far shorter, are more than `typos` apart.
    """
    if typed and _singular(typed) == _singular(other):
        return 0
    begins_alike = typed[:1] == other[:1] or sorted(typed[:2]) == sorted(other[:2])
    if not begins_alike or len(typed) - len(other) > _MOST_EXTRA_LETTERS:
        return typos + 1
    return OSA.distance(typed, other, score_cutoff=typos)


def _singular(name: str) -> str:
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


def _normalize(name: str) -> str:
    """Return a name in the form for comparisons: `publishedAfter` equals `published_after`."""
    return name.casefold().translate(_WITHOUT_SEPARATORS)
