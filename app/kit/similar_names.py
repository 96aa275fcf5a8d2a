"""What somebody probably meant."""

from collections.abc import Iterable

from rapidfuzz.distance import OSA

# Slips that a name may have, by its letters; a short one with two is another name.
_MAX_TYPOS = ((12, 3), (6, 2), (2, 1))
_WITHOUT_SEPARATORS = str.maketrans("", "", "-_ ")


def find_nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that differs from a name by a slip of the keyboard, if any does.

    A name that is only a little like it would lead somebody astray.
    """
    typed = _normalize(name)
    typos = next((most for letters, most in _MAX_TYPOS if len(typed) >= letters), 0)
    near = [(_distance(typed, _normalize(other), typos), other) for other in known]
    return min((one for one in near if one[0] <= typos), default=(0, None))[1]


def _distance(typed: str, other: str, typos: int) -> int:
    """Return how many slips are between two names; the plural of one is one."""
    if typed and _singular(typed) == _singular(other):
        return int(typed != other)
    return OSA.distance(typed, other, score_cutoff=typos)


def _singular(name: str) -> str:
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


def _normalize(name: str) -> str:
    """Return a name as it is compared: `publishedAfter` is `published_after`."""
    return name.casefold().translate(_WITHOUT_SEPARATORS)
