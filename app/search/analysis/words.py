"""Cutting texts into words, exactly as the engine does, and telling where each stands."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from app.kit.bounded_cache import entries_within
from app.search.analysis.folding import (
    INVISIBLE,
    UNSPACED,
    folded,
    is_latin,
    pairs,
    unspaced_letters,
)

# Longer ones are no words; in bytes, and the engine keeps those below.
LONGEST = 121
# Where Unicode keeps the marks of living scripts.
_WITH_MARKS = range(0x300, 0xAC00)


class Span(NamedTuple):
    """A word, in the form in which it is compared, and where it stands in a text."""

    start: int
    end: int
    word: str


def analyser() -> TextAnalyzer:
    """Return what cuts folded texts into words, in the engine and here."""
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    # Without its accent a letter may be large again, as that of `ǧ` is.
    even = (Filter.lowercase(), Filter.ascii_fold(), Filter.lowercase())
    for each in (*even, Filter.remove_long(LONGEST)):
        builder = builder.filter(each)
    return builder.build()


def words(text: str) -> list[str]:
    """Return the words of a text, in the form in which they are compared."""
    return _ANALYSER.analyze(folded(text))


def evened(text: str) -> str:
    """Return the words of a text in one line: equal for texts that readers may take for equal."""
    return " ".join(words(text))


def runs(text: str) -> Iterator[re.Match[str]]:
    """Yield the stretches of a text without a space or a sign in them; most are a word each."""
    return (_LATIN_RUN if is_latin(text) else _RUN).finditer(text)


def spans(text: str) -> Iterator[Span]:
    """Yield the words of a text with their places. Where no spaces are written, they overlap."""
    for found in runs(text):
        run, start = found[0], found.start()
        if found.lastgroup == "unspaced":
            yield from _unspaced(run, start)
        else:
            for word in _several(run):
                yield Span(start, found.end(), word)


def _unspaced(run: str, start: int) -> Iterator[Span]:
    letters = list(unspaced_letters(run))
    for number, pair in enumerate(pairs([letter for _, _, letter in letters])):
        first, *_ = letters[number]
        _, last, _ = letters[min(number + 1, len(letters) - 1)]
        for word in _several(pair):
            yield Span(start + first, start + last, word)


def _marks() -> str:
    """Return the ranges of all marks that are part of words, for a regular expression."""
    codes = [code for code in _WITH_MARKS if unicodedata.category(chr(code)) in {"Mn", "Mc"}]
    ranges = []
    for _, group in groupby(enumerate(codes), lambda pair: pair[1] - pair[0]):
        members = list(map(itemgetter(1), group))
        ranges.append(f"{chr(members[0])}-{chr(members[-1])}")
    return "".join(ranges)


def _several(run: str) -> tuple[str, ...]:
    return (_known_words if len(run) <= _LONGEST_KNOWN else _cut)(run)


def _cut(run: str) -> tuple[str, ...]:
    return tuple(words(run))


# Letters of runs whose words are remembered: nearly all that texts repeat are shorter.
_LONGEST_KNOWN = 40
_known_words = lru_cache(entries_within(8 * 2**20, 2 * _LONGEST_KNOWN))(_cut)


_ANALYSER = analyser()
_LETTERS = f"[^\\W_{UNSPACED}]"
_LATIN_RUN = re.compile(f"[^\\W_]+(?:[{INVISIBLE}]+[^\\W_]+)*")
_MARKS = f"[{_marks()}\u0640{INVISIBLE}]"
_RUN = re.compile(
    # Of letters alone first: most runs have no marks.
    f"(?P<unspaced>[{UNSPACED}]+(?:[{INVISIBLE}]+[{UNSPACED}]+)*)|"
    f"(?:{_LETTERS}+|{_MARKS}{_LETTERS}*)(?:{_MARKS}+{_LETTERS}*)*"
)
