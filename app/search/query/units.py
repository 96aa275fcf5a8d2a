"""Query units: the folded words and phrases that a parsed query searches for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from app.search.analysis.folding import is_unspaced
from app.search.analysis.tokenizer import tokenize
from app.search.query.notations import (
    APOSTROPHES,
    find_joined_neighbours,
    find_notations,
    find_phrase_notations,
)
from app.search.query.parser import MOST_WORDS, QueryPart

# Elided articles before an apostrophe in French, Italian and Catalan; English contractions.
_ELIDED_ARTICLES = frozenset(
    "l d j m t s n c qu jusqu lorsqu puisqu quoiqu all dall dell nell sull un quest".split()
)
_CONTRACTIONS = frozenset({"t"})
_APOSTROPHES = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))
_POSSESSIVE_END = re.compile(r"(?<=[\w.])'s?(?=\W*$)", re.IGNORECASE)
# Parts of a compound from this length on are searched for as words of their own.
_SHORTEST_ALONE = 3
_MOST_PAIRS = 4


@dataclass(frozen=True, slots=True)
class QueryUnit:
    """A word, or consecutive words. `part` is the part of the query that it comes from.

    `is_notation` marks another notation of what was typed; it is searched for without variants.
    """

    words: tuple[str, ...]
    part: QueryPart
    is_notation: bool = False

    @property
    def is_word(self) -> bool:
        """Tell whether this is a single word, which matches other words of its family, too."""
        return len(self.words) == 1 and not self.part.phrase


def build_units(required: tuple[tuple[QueryPart, ...], ...]) -> list[tuple[QueryUnit, ...]]:
    """Return groups of alternative units; all groups are required. Their number is limited."""
    groups = [group for parts in required for group in _build_groups(parts)]
    return list(dict.fromkeys(_add_joined_neighbours(groups)))[:MOST_WORDS]


def build_excluded_units(parts: tuple[QueryPart, ...]) -> list[tuple[QueryUnit, ...]]:
    """Return groups of alternative units that are excluded."""
    return [group for part in parts for group in _build_groups((part,))]


def fold_part(part: QueryPart) -> tuple[str, ...]:
    """Return the folded words of a part."""
    words = tokenize(" ".join(part.words)) if part.phrase else _split_word(part.words[0])
    return tuple(words[:MOST_WORDS])


def _build_groups(parts: tuple[QueryPart, ...]) -> Iterator[tuple[QueryUnit, ...]]:
    units = tuple(QueryUnit(words, part) for part in parts if (words := fold_part(part)))
    notations = tuple(notation for unit in units for notation in _build_notations(unit))
    if len(units) == 1 and _can_stand_alone(units[0]):
        *others, last = units[0].words
        closed = replace(units[0].part, is_prefix=False)
        yield from ((QueryUnit((word,), closed), *notations) for word in others)
        yield (QueryUnit((last,), units[0].part), *notations)
    elif units:
        yield (*units, *notations)


def _build_notations(unit: QueryUnit) -> Iterator[QueryUnit]:
    part = unit.part
    if part.phrase:
        others = find_phrase_notations(part.words)
    else:
        others = find_notations(_strip_possessive(part.words[0]), unit.words)
    exact = replace(part, phrase=True, is_prefix=False)
    return (QueryUnit(other[:MOST_WORDS], exact, is_notation=True) for other in others)


def _add_joined_neighbours(groups: list[tuple[QueryUnit, ...]]) -> Iterator[tuple[QueryUnit, ...]]:
    """Yield groups, with the joined form of neighbours that a text may write as one word.

    Each neighbour gets the joined form as an alternative: a story has all words, or the joined one.
    """
    for is_single, run in groupby(groups, _is_single_word):
        groups_in_run = list(run)
        if is_single:
            words = [group[0].words[0] for group in groups_in_run]
            for start, end, word in find_joined_neighbours(words):
                for at in range(start, end):
                    exact = replace(groups_in_run[at][0].part, phrase=True, is_prefix=False)
                    groups_in_run[at] = (
                        *groups_in_run[at],
                        QueryUnit((word,), exact, is_notation=True),
                    )
        yield from groups_in_run


def _is_single_word(group: tuple[QueryUnit, ...]) -> bool:
    first, *others = group
    return first.is_word and all(unit.is_notation for unit in others)


def _split_word(text: str) -> list[str]:
    """Return the words of one typed word, without elided articles and contractions."""
    before, apostrophe, after = _strip_possessive(text).partition("'")
    first, second = tokenize(before), tokenize(after)
    if apostrophe and second and len(first) == 1 and first[0] in _ELIDED_ARTICLES:
        return second
    if apostrophe and first and len(second) == 1 and second[0] in _CONTRACTIONS:
        return first
    return [*first, *second]


def _strip_possessive(text: str) -> str:
    """Return a typed word with ASCII apostrophes, and without the English possessive `'s`."""
    return _POSSESSIVE_END.sub("", text.translate(_APOSTROPHES))


def _can_stand_alone(unit: QueryUnit) -> bool:
    """Tell whether the words of one typed word may stand apart in a story."""
    if unit.part.phrase or len(unit.words) == 1:
        return False
    if all(map(is_unspaced, unit.words)):
        return len(unit.words) > _MOST_PAIRS
    return all(len(word) >= _SHORTEST_ALONE and word.isalpha() for word in unit.words)
