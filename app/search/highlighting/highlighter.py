"""Highlight search results: HTML-safe text with `<mark>` around each match."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from app.search.analysis.languages import primary_language
from app.search.highlighting.fragments import find_fragments
from app.search.highlighting.graphemes import boundary_before
from app.search.highlighting.marker import Mark, Marker
from app.search.query.parser import ParsedQuery

# So many characters of a long body are searched, and so many bytes are read from the database.
_MOST_CHARACTERS, MOST_BYTES = 100_000, 200_000
# Bytes of the longest character: a body that was cut by bytes may be this much shorter.
_LONGEST_CHARACTER = 4


@dataclass(frozen=True, slots=True)
class Highlights:
    """A whole title, and up to three fragments of the body; both are HTML."""

    title: str
    body: tuple[str, ...]


class Highlighter:
    """Highlights a query in the stories of one answer.

    It caches words of those stories, so each answer has its own highlighter.
    """

    def __init__(self, parsed: ParsedQuery) -> None:
        """Highlight the words and phrases of a query."""
        self._parsed = parsed
        self._markers: dict[str, Marker] = {}

    def highlight(self, language: str, title: str, body: str) -> Highlights:
        """Highlight the stored text of a story; `body` is plain text, or its beginning."""
        marker = self._get_marker(primary_language(language))
        text = _truncate(body)
        marks = marker.find_marks(text, title=False)
        return Highlights(
            title=_render_marks(title, marker.find_marks(title, title=True), 0, len(title)),
            body=tuple(
                _render_fragment(text, marks, *edges) for edges in find_fragments(text, marks)
            ),
        )

    def _get_marker(self, language: str) -> Marker:
        marker = self._markers.get(language)
        if marker is None:
            marker = self._markers[language] = Marker(self._parsed, language)
        return marker


def _truncate(body: str) -> str:
    """Return the part of a body that is searched; it never ends inside a character."""
    cut = len(body) > _MOST_CHARACTERS or len(body.encode()) > MOST_BYTES - _LONGEST_CHARACTER
    return body[: boundary_before(body, min(len(body) - 1, _MOST_CHARACTERS))] if cut else body


def _render_fragment(text: str, marks: Sequence[Mark], start: int, end: int) -> str:
    before = "… " if text[:start].strip() else ""
    after = " …" if text[end:].strip() else ""
    return f"{before}{' '.join(_render_marks(text, marks, start, end).split())}{after}"


def _render_marks(text: str, marks: Sequence[Mark], start: int, end: int) -> str:
    """Return a range of a text as HTML."""
    html = []
    for first, last in _merge_marks(marks, start, end):
        html += [escape(text[start:first], quote=False), "<mark>"]
        html += [escape(text[first:last], quote=False), "</mark>"]
        start = last
    return "".join([*html, escape(text[start:end], quote=False)])


def _merge_marks(marks: Sequence[Mark], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the marks within a range; overlapping marks are merged."""
    first = last = start
    for mark in marks:
        if start <= mark.start and mark.end <= end:
            if mark.start >= last:
                if last > first:
                    yield first, last
                first = mark.start
            last = max(last, mark.end)
    if last > first:
        yield first, last
