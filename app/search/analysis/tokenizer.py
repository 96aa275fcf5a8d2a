"""Split text into words exactly as the engine does, with the position of each word."""

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
    find_unspaced_letters,
    fold_text,
    is_latin,
    to_bigrams,
)

# In bytes; the engine drops words of this length and longer.
LONGEST_WORD = 121
# The Unicode range with the marks of living scripts.
_WITH_MARKS = range(0x300, 0xAC00)


class WordSpan(NamedTuple):
    """A folded word and its position in a text."""

    start: int
    end: int
    word: str


def build_analyzer() -> TextAnalyzer:
    """Return the analyzer that splits folded text into words, in the engine and here.

    Each filter costs time for each word of each field, so the text is folded before.
    """
    return TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(LONGEST_WORD)).build()


def tokenize(text: str) -> list[str]:
    """Return the folded words of a text."""
    return _ANALYZER.analyze(fold_text(text))


def normalize_text(text: str) -> str:
    """Return the folded words of a text on one line, for comparison of names and titles."""
    return " ".join(tokenize(text))


def find_runs(text: str) -> Iterator[re.Match[str]]:
    """Yield the runs of letters in a text; most runs are one word each."""
    return (_LATIN_RUN if is_latin(text) else _RUN).finditer(text)


def find_spans(text: str) -> Iterator[WordSpan]:
    """Yield the words of a text with their positions. Bigrams of scripts without spaces overlap."""
    for match in find_runs(text):
        run, start = match[0], match.start()
        if match.lastgroup == "unspaced":
            yield from _split_unspaced(run, start)
        else:
            for word in _tokenize_run(run):
                yield WordSpan(start, match.end(), word)


def _split_unspaced(run: str, start: int) -> Iterator[WordSpan]:
    letters = list(find_unspaced_letters(run))
    for number, pair in enumerate(to_bigrams([letter for _, _, letter in letters])):
        first, *_ = letters[number]
        _, last, _ = letters[min(number + 1, len(letters) - 1)]
        for word in _tokenize_run(pair):
            yield WordSpan(start + first, start + last, word)


def _mark_ranges() -> str:
    """Return the ranges of all combining marks that belong to words, for a regular expression."""
    codes = [code for code in _WITH_MARKS if unicodedata.category(chr(code)) in {"Mn", "Mc"}]
    ranges = []
    for _, group in groupby(enumerate(codes), lambda pair: pair[1] - pair[0]):
        members = list(map(itemgetter(1), group))
        ranges.append(f"{chr(members[0])}-{chr(members[-1])}")
    return "".join(ranges)


def _tokenize_run(run: str) -> tuple[str, ...]:
    return (_tokenize_cached if len(run) <= _LONGEST_KNOWN else _tokenize_uncached)(run)


def _tokenize_uncached(run: str) -> tuple[str, ...]:
    return tuple(tokenize(run))


# Runs up to this length are cached: nearly all repeated runs are shorter.
_LONGEST_KNOWN = 40
_tokenize_cached = lru_cache(entries_within(8 * 2**20, 2 * _LONGEST_KNOWN))(_tokenize_uncached)


_ANALYZER = build_analyzer()
_LETTERS = f"[^\\W_{UNSPACED}]"
_LATIN_RUN = re.compile(f"[^\\W_]+(?:[{INVISIBLE}]+[^\\W_]+)*")
_MARKS = f"[{_mark_ranges()}\u0640{INVISIBLE}]"
_RUN = re.compile(
    # The alternative without marks comes first: most runs have none.
    f"(?P<unspaced>[{UNSPACED}]+(?:[{INVISIBLE}]+[{UNSPACED}]+)*)|"
    f"(?:{_LETTERS}+|{_MARKS}{_LETTERS}*)(?:{_MARKS}+{_LETTERS}*)*"
)
