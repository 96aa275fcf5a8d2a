"""What somebody probably meant."""

from collections.abc import Iterable

from rapidfuzz.distance import OSA

# Slips that a name may have, by its letters; a short one with two is another name.
_SLIPS = ((12, 3), (6, 2), (2, 1))
_WITHOUT_JOINTS = str.maketrans("", "", "-_ ")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that differs from a name by a slip of the keyboard, if any does.

    A name that is only a little like it would lead somebody astray.
    """
    typed = _plain(name)
    slips = next((most for letters, most in _SLIPS if len(typed) >= letters), 0)
    near = [(_distance(typed, _plain(other), slips), other) for other in known]
    return min((one for one in near if one[0] <= slips), default=(0, None))[1]


def _distance(typed: str, other: str, slips: int) -> int:
    """Return how many slips are between two names; the plural of one is one."""
    if typed and _singular(typed) == _singular(other):
        return int(typed != other)
    return OSA.distance(typed, other, score_cutoff=slips)


def _singular(name: str) -> str:
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


def _plain(name: str) -> str:
    """Return a name as it is compared: `publishedAfter` is `published_after`."""
    return name.casefold().translate(_WITHOUT_JOINTS)
