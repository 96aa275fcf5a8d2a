"""Find the words and phrases of a query in a text, by the same rules as the engine."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.search.analysis.stemming import stem
from app.search.analysis.stop_words import find_stop_words
from app.search.analysis.tokenizer import find_runs, find_spans
from app.search.highlighting.graphemes import widen
from app.search.query.parser import ParsedQuery
from app.search.query.units import QueryUnit, build_units

# Marks of so many different runs of letters are cached, up to this length: some 3 MB.
_MOST_CACHED_RUNS, _LONGEST_CACHED_RUN = 10_000, 40


class Mark(NamedTuple):
    """A range of a text that matches a query; `unit` is the number of the matching query unit."""

    start: int
    end: int
    unit: int


class Marker:
    """Finds the matches of a query in texts of one language."""

    def __init__(self, parsed: ParsedQuery, language: str) -> None:
        """Find the units of a query in texts of a language."""
        self._languages = tuple(dict.fromkeys((language, *parsed.languages)))
        self._units = _select_units(build_units(parsed.required), self._languages)
        self._roots = [self._stem_unit(unit) for unit in self._units]
        self._known: dict[str, tuple[Mark, ...]] = {}

    def find_marks(self, text: str, *, title: bool) -> list[Mark]:
        """Return the matches in a text, in order; units for titles match only titles."""
        marks = (
            mark
            for mark in (*self._mark_words(text), *self._mark_phrases(text))
            if title or not self._units[mark.unit].part.title
        )
        return sorted(Mark(*widen(text, mark.start, mark.end), mark.unit) for mark in marks)

    def _mark_words(self, text: str) -> Iterator[Mark]:
        for run in find_runs(text):
            for start, end, unit in self._mark_run(run[0]):
                yield Mark(run.start() + start, run.start() + end, unit)

    def _mark_run(self, run: str) -> tuple[Mark, ...]:
        """Return the matches within one run of letters; texts repeat most of their runs."""
        marks = self._known.get(run)
        if marks is None:
            marks = tuple(
                Mark(start, end, unit)
                for start, end, word in find_spans(run)
                for unit in range(len(self._units))
                if self._is_match(unit, word)
            )
            if len(run) <= _LONGEST_CACHED_RUN:
                if len(self._known) >= _MOST_CACHED_RUNS:
                    self._known.clear()
                self._known[run] = marks
        return marks

    def _mark_phrases(self, text: str) -> Iterator[Mark]:
        phrases = [pair for pair in enumerate(self._units) if not pair[1].is_word]
        spans = list(find_spans(text)) if phrases else []
        words = tuple(span.word for span in spans)
        for number, unit in phrases:
            length = len(unit.words)
            for first in range(len(words) - length + 1):
                if words[first : first + length] == unit.words:
                    yield Mark(spans[first].start, spans[first + length - 1].end, number)

    def _is_match(self, number: int, word: str) -> bool:
        unit = self._units[number]
        if not unit.is_word:
            return False
        if word == unit.words[0] or (unit.part.is_prefix and word.startswith(unit.words[0])):
            return True
        return any(stem(language, word) == root for language, root in self._roots[number])

    def _stem_unit(self, unit: QueryUnit) -> list[tuple[str, str]]:
        return [(language, stem(language, unit.words[0])) for language in self._languages]


def _select_units(
    groups: Sequence[Sequence[QueryUnit]], languages: Sequence[str]
) -> list[QueryUnit]:
    """Return the units to mark: stop words only if the query has nothing else."""
    all_units = [unit for group in groups for unit in group]
    typed_words = [unit.words[0] for unit in all_units if not unit.is_notation]
    stop_words = find_stop_words(typed_words, languages)
    dropped = stop_words.function_words | stop_words.question_words
    selected = []
    for group in groups:
        words = [unit for unit in group if not (unit.is_word and unit.words[0] in dropped)]
        if not all(unit.is_notation for unit in words):
            selected += words
    return selected or all_units
