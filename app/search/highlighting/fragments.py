"""Select the fragments of a text that contain most of a query."""

from collections.abc import Iterator, Sequence
from itertools import islice

from app.search.highlighting.graphemes import widen
from app.search.highlighting.marker import Mark

_MOST_FRAGMENTS = 3
# Approximate number of characters before the first mark of a fragment, and of a whole fragment.
_BEFORE, _LONG = 60, 200
# Marks beyond this number are not considered.
_MOST_MARKS = 500


def find_fragments(text: str, marks: Sequence[Mark]) -> list[tuple[int, int]]:
    """Return start and end of up to three fragments that do not overlap, in text order."""
    best: list[tuple[int, int]] = []
    for _, start, end in sorted(_find_candidates(text, marks)):
        if all(end <= other_start or start >= other_end for other_start, other_end in best):
            best.append((start, end))
        if len(best) == _MOST_FRAGMENTS:
            break
    return sorted(best)


def _find_candidates(text: str, marks: Sequence[Mark]) -> Iterator[tuple[int, int, int]]:
    """Yield a fragment around each mark, with the negative number of query units in it."""
    for number, mark in enumerate(marks[:_MOST_MARKS]):
        start = _start_after_space(text, max(mark.start - _BEFORE, 0), mark.start)
        end = _end_before_space(text, mark.end, min(start + _LONG, len(text)))
        start, end = widen(text, start, end)
        inside = {mark.unit for mark in islice(marks, number, None) if mark.end <= end}
        yield -len(inside), start, end


def _start_after_space(text: str, start: int, latest: int) -> int:
    """Return the start of the first whole word at or after a position."""
    if start == 0:
        return 0
    spaces = (place for place in range(start, latest) if text[place - 1].isspace())
    return next(spaces, start if latest - start >= _BEFORE else latest)


def _end_before_space(text: str, earliest: int, end: int) -> int:
    """Return the end of the last whole word at or before a position."""
    if end >= len(text):
        return len(text)
    spaces = (place for place in range(end, earliest, -1) if text[place].isspace())
    return next(spaces, max(end, earliest))
