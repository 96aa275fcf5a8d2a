"""What is looked for one by one: the words and phrases of a typed query, folded."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from app.search.analysis.folding import is_unspaced
from app.search.analysis.tokenizer import words
from app.search.query.notations import APOSTROPHES, joined_neighbours, notations, phrase_notations
from app.search.query.parser import MOST_WORDS, Part

# What French, Italian and Catalan put before an apostrophe; what English puts after one.
_ELIDED = frozenset(
    "l d j m t s n c qu jusqu lorsqu puisqu quoiqu all dall dell nell sull un quest".split()
)
_CONTRACTED = frozenset({"t"})
_APOSTROPHES = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))
_POSSESSIVE_END = re.compile(r"(?<=[\w.])'s?(?=\W*$)", re.IGNORECASE)
# Parts of a compound that stand for themselves; shorter ones mean something together only.
_SHORTEST_ALONE = 3
_MOST_PAIRS = 4


@dataclass(frozen=True, slots=True)
class Unit:
    """A word, or words that stand together. `part` is what it was typed in.

    `is_notation` is set on another way to write what was typed; it is looked for as it is.
    """

    words: tuple[str, ...]
    part: Part
    is_notation: bool = False

    @property
    def is_word(self) -> bool:
        """Tell whether this is one word that stands for others of its family too."""
        return len(self.words) == 1 and not self.part.phrase


def units(wanted: tuple[tuple[Part, ...], ...]) -> list[tuple[Unit, ...]]:
    """Return alternatives of units, joined by *and*; at most so many as words may be typed."""
    groups = [group for parts in wanted for group in _groups(parts)]
    return list(dict.fromkeys(_with_neighbours(groups)))[:MOST_WORDS]


def unwanted_units(parts: tuple[Part, ...]) -> list[tuple[Unit, ...]]:
    """Return alternatives of units, of which none is wanted."""
    return [group for part in parts for group in _groups((part,))]


def part_words(part: Part) -> tuple[str, ...]:
    """Return the words of a part, folded."""
    found = words(" ".join(part.words)) if part.phrase else _of_one(part.words[0])
    return tuple(found[:MOST_WORDS])


def _groups(parts: tuple[Part, ...]) -> Iterator[tuple[Unit, ...]]:
    made = tuple(Unit(found, part) for part in parts if (found := part_words(part)))
    notes = tuple(note for unit in made for note in _notations(unit))
    if len(made) == 1 and _stand_alone(made[0]):
        *others, last = made[0].words
        closed = replace(made[0].part, open=False)
        yield from ((Unit((word,), closed), *notes) for word in others)
        yield (Unit((last,), made[0].part), *notes)
    elif made:
        yield (*made, *notes)


def _notations(unit: Unit) -> Iterator[Unit]:
    part = unit.part
    if part.phrase:
        others = phrase_notations(part.words)
    else:
        others = notations(_without_possessive(part.words[0]), unit.words)
    exact = replace(part, phrase=True, open=False)
    return (Unit(other[:MOST_WORDS], exact, is_notation=True) for other in others)


def _with_neighbours(groups: list[tuple[Unit, ...]]) -> Iterator[tuple[Unit, ...]]:
    """Yield groups with what several of them are together, if a text may write that as one.

    Each gets it as an alternative: so a story has all of the words, or the one.
    """
    for is_single, run in groupby(groups, _is_single):
        several = list(run)
        if is_single:
            found = [group[0].words[0] for group in several]
            for start, end, word in joined_neighbours(found):
                for at in range(start, end):
                    exact = replace(several[at][0].part, phrase=True, open=False)
                    several[at] = (*several[at], Unit((word,), exact, is_notation=True))
        yield from several


def _is_single(group: tuple[Unit, ...]) -> bool:
    first, *others = group
    return first.is_word and all(unit.is_notation for unit in others)


def _of_one(typed: str) -> list[str]:
    """Return the words of what was typed as one, without elided articles and the like."""
    before, apostrophe, after = _without_possessive(typed).partition("'")
    first, second = words(before), words(after)
    if apostrophe and second and len(first) == 1 and first[0] in _ELIDED:
        return second
    if apostrophe and first and len(second) == 1 and second[0] in _CONTRACTED:
        return first
    return [*first, *second]


def _without_possessive(typed: str) -> str:
    """Return what was typed with one kind of apostrophe, and without the English `'s`."""
    return _POSSESSIVE_END.sub("", typed.translate(_APOSTROPHES))


def _stand_alone(unit: Unit) -> bool:
    """Tell whether what was typed as one are words that may stand apart in a story."""
    if unit.part.phrase or len(unit.words) == 1:
        return False
    if all(map(is_unspaced, unit.words)):
        return len(unit.words) > _MOST_PAIRS
    return all(len(word) >= _SHORTEST_ALONE and word.isalpha() for word in unit.words)
