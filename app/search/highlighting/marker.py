"""Where a query's words and phrases stand in a text: what the engine found them by, found again."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.search.analysis.stemming import stem
from app.search.analysis.stop_words import little_words
from app.search.analysis.tokenizer import runs, spans
from app.search.highlighting.graphemes import widened
from app.search.query.parser import Typed
from app.search.query.units import Unit, units

# Marks of so many different runs of letters are remembered, of those that are as short as words
# are: some 3 MB.
_MOST_KNOWN, _LONGEST_KNOWN = 10_000, 40


class Mark(NamedTuple):
    """A stretch of a text that fits a query; `unit` tells what of the query it fits."""

    start: int
    end: int
    unit: int


class Marker:
    """Finds what a query looks for."""

    def __init__(self, typed: Typed, language: str) -> None:
        """Look for what a query wants, in texts of a language."""
        self._languages = tuple(dict.fromkeys((language, *typed.languages)))
        self._units = _telling(units(typed.wanted), self._languages)
        self._roots = [self._roots_of(unit) for unit in self._units]
        self._known: dict[str, tuple[Mark, ...]] = {}

    def marks(self, text: str, *, title: bool) -> list[Mark]:
        """Return what fits in a text, in its order; some is looked for in titles alone."""
        marks = (
            mark
            for mark in (*self._words(text), *self._phrases(text))
            if title or not self._units[mark.unit].part.title
        )
        return sorted(Mark(*widened(text, mark.start, mark.end), mark.unit) for mark in marks)

    def _words(self, text: str) -> Iterator[Mark]:
        for found in runs(text):
            for start, end, unit in self._in_run(found[0]):
                yield Mark(found.start() + start, found.start() + end, unit)

    def _in_run(self, run: str) -> tuple[Mark, ...]:
        """Return what fits in one run of letters; most texts repeat most of theirs."""
        known = self._known.get(run)
        if known is None:
            known = tuple(
                Mark(start, end, unit)
                for start, end, word in spans(run)
                for unit in range(len(self._units))
                if self._fits(unit, word)
            )
            if len(run) <= _LONGEST_KNOWN:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[run] = known
        return known

    def _phrases(self, text: str) -> Iterator[Mark]:
        phrases = [one for one in enumerate(self._units) if not one[1].is_word]
        found = list(spans(text)) if phrases else []
        words = tuple(span.word for span in found)
        for number, unit in phrases:
            length = len(unit.words)
            for first in range(len(words) - length + 1):
                if words[first : first + length] == unit.words:
                    yield Mark(found[first].start, found[first + length - 1].end, number)

    def _fits(self, number: int, word: str) -> bool:
        unit = self._units[number]
        if not unit.is_word:
            return False
        if word == unit.words[0] or (unit.part.open and word.startswith(unit.words[0])):
            return True
        return any(stem(language, word) == root for language, root in self._roots[number])

    def _roots_of(self, unit: Unit) -> list[tuple[str, str]]:
        return [(language, stem(language, unit.words[0])) for language in self._languages]


def _telling(groups: Sequence[Sequence[Unit]], languages: Sequence[str]) -> list[Unit]:
    """Return the units that are worth a mark: not the little words beside others."""
    every = [unit for group in groups for unit in group]
    typed = [unit.words[0] for unit in every if not unit.is_notation]
    little = little_words(typed, languages)
    small = little.joining | little.asking
    telling = []
    for group in groups:
        words = [unit for unit in group if not (unit.is_word and unit.words[0] in small)]
        if not all(unit.is_notation for unit in words):
            telling += words
    return telling or every
