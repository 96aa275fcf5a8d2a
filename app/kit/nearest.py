"""What somebody probably meant."""

from collections.abc import Iterable

from rapidfuzz import fuzz, process

_ALIKE = 60


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like a name, if any is like it at all."""
    found = process.extractOne(name, list(known), scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return found[0] if found else None
