"""What was found, shown where it stands: HTML-safe, with `<mark>` around each word that fits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from app.search.analysis.languages import primary
from app.search.highlighting.fragments import fragments
from app.search.highlighting.graphemes import cut_before
from app.search.highlighting.marker import Mark, Marker
from app.search.query.parser import Typed

# Of a long body so many characters are looked at, and so many bytes read.
_MOST_LOOKED_AT, MOST_BYTES = 100_000, 200_000
# Bytes of one sign: what was read may end so many before it had to.
_LONGEST_SIGN = 4


@dataclass(frozen=True, slots=True)
class Highlights:
    """A title whole, and up to three fragments of the body; both are HTML."""

    title: str
    body: tuple[str, ...]


class Highlighter:
    """Marks what a query looks for in the stories of one answer.

    It remembers words of theirs, so it is made for each answer, and released with it.
    """

    def __init__(self, typed: Typed) -> None:
        """Mark what was typed."""
        self._typed = typed
        self._markers: dict[str, Marker] = {}

    def highlights(self, language: str, title: str, body: str) -> Highlights:
        """Mark the stored words of a story; `body` is plain text, or its beginning."""
        marker = self._marker(primary(language))
        text = _beginning(body)
        marks = marker.marks(text, title=False)
        return Highlights(
            title=_marked(title, marker.marks(title, title=True), 0, len(title)),
            body=tuple(_fragment(text, marks, *edges) for edges in fragments(text, marks)),
        )

    def _marker(self, language: str) -> Marker:
        known = self._markers.get(language)
        if known is None:
            known = self._markers[language] = Marker(self._typed, language)
        return known


def _beginning(body: str) -> str:
    """Return what is looked at of a body; its last character may be a part of one."""
    cut = len(body) > _MOST_LOOKED_AT or len(body.encode()) > MOST_BYTES - _LONGEST_SIGN
    return body[: cut_before(body, min(len(body) - 1, _MOST_LOOKED_AT))] if cut else body


def _fragment(text: str, marks: Sequence[Mark], start: int, end: int) -> str:
    before = "… " if text[:start].strip() else ""
    after = " …" if text[end:].strip() else ""
    return f"{before}{' '.join(_marked(text, marks, start, end).split())}{after}"


def _marked(text: str, marks: Sequence[Mark], start: int, end: int) -> str:
    """Return a stretch of a text as HTML."""
    html = []
    for first, last in _joined(marks, start, end):
        html += [escape(text[start:first], quote=False), "<mark>"]
        html += [escape(text[first:last], quote=False), "</mark>"]
        start = last
    return "".join([*html, escape(text[start:end], quote=False)])


def _joined(marks: Sequence[Mark], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the places of marks within a stretch; those that overlap are one."""
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
