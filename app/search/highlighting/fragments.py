"""Which fragments of a text to show: those with the most of a query in them."""

from collections.abc import Iterator, Sequence
from itertools import islice

from app.search.highlighting.graphemes import widened
from app.search.highlighting.marker import Mark

_MOST_FRAGMENTS = 3
# About so many characters before a fragment's first mark, and in the whole of it.
_BEFORE, _LONG = 60, 200
# Beyond this many marks a text is not searched for better fragments.
_MOST_MARKS = 500


def fragments(text: str, marks: Sequence[Mark]) -> list[tuple[int, int]]:
    """Return the edges of up to three fragments that do not overlap, in the order of the text."""
    best: list[tuple[int, int]] = []
    for _, start, end in sorted(_candidates(text, marks)):
        if all(end <= other_start or start >= other_end for other_start, other_end in best):
            best.append((start, end))
        if len(best) == _MOST_FRAGMENTS:
            break
    return sorted(best)


def _candidates(text: str, marks: Sequence[Mark]) -> Iterator[tuple[int, int, int]]:
    """Yield a fragment around each mark, after how little of the query is in it."""
    for number, mark in enumerate(marks[:_MOST_MARKS]):
        start = _after_space(text, max(mark.start - _BEFORE, 0), mark.start)
        end = _before_space(text, mark.end, min(start + _LONG, len(text)))
        start, end = widened(text, start, end)
        inside = {one.unit for one in islice(marks, number, None) if one.end <= end}
        yield -len(inside), start, end


def _after_space(text: str, start: int, latest: int) -> int:
    """Return where the first whole word begins, from a place on."""
    if start == 0:
        return 0
    spaces = (place for place in range(start, latest) if text[place - 1].isspace())
    return next(spaces, start if latest - start >= _BEFORE else latest)


def _before_space(text: str, earliest: int, end: int) -> int:
    """Return where the last whole word ends, up to a place."""
    if end >= len(text):
        return len(text)
    spaces = (place for place in range(end, earliest, -1) if text[place].isspace())
    return next(spaces, max(end, earliest))
