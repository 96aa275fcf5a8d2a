"""What is looked for one by one: the words and phrases of a typed query, folded."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.search.analysis.folding import is_unspaced
from app.search.analysis.words import words
from app.search.typed import MOST_WORDS, Part

# What French, Italian and Catalan put before an apostrophe; what English puts after one.
_ELIDED = frozenset(
    "l d j m t s n c qu jusqu lorsqu puisqu quoiqu all dall dell nell sull un quest".split()
)
_POSSESSIVE = frozenset({"s", "t"})
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´", "'"))
# Parts of a compound that stand for themselves; shorter ones mean something together only.
_SHORTEST_ALONE = 3
_MOST_PAIRS = 4


@dataclass(frozen=True, slots=True)
class Unit:
    """A word, or words that stand together. `part` is what it was typed in."""

    words: tuple[str, ...]
    part: Part

    @property
    def is_word(self) -> bool:
        """Tell whether this is one word that stands for others of its family too."""
        return len(self.words) == 1 and not self.part.phrase


def units(wanted: tuple[tuple[Part, ...], ...]) -> list[tuple[Unit, ...]]:
    """Return alternatives of units, joined by *and*; at most so many as words may be typed."""
    groups = (group for parts in wanted for group in _groups(parts))
    return list(dict.fromkeys(groups))[:MOST_WORDS]


def part_words(part: Part) -> tuple[str, ...]:
    """Return the words of a part, folded."""
    found = words(" ".join(part.words)) if part.phrase else _of_one(part.words[0])
    return tuple(found[:MOST_WORDS])


def _groups(parts: tuple[Part, ...]) -> Iterator[tuple[Unit, ...]]:
    made = tuple(Unit(found, part) for part in parts if (found := part_words(part)))
    if len(made) == 1 and _stand_alone(made[0]):
        *others, last = made[0].words
        closed = replace(made[0].part, open=False)
        yield from ((Unit((word,), closed),) for word in others)
        yield (Unit((last,), made[0].part),)
    elif made:
        yield made


def _of_one(typed: str) -> list[str]:
    """Return the words of what was typed as one, without elided articles and the like."""
    before, apostrophe, after = typed.translate(_APOSTROPHES).partition("'")
    first, second = words(before), words(after)
    if apostrophe and second and len(first) == 1 and first[0] in _ELIDED:
        return second
    if apostrophe and first and len(second) == 1 and second[0] in _POSSESSIVE:
        return first
    return [*first, *second]


def _stand_alone(unit: Unit) -> bool:
    """Tell whether what was typed as one are words that may stand apart in a story."""
    if unit.part.phrase or len(unit.words) == 1:
        return False
    if all(map(is_unspaced, unit.words)):
        return len(unit.words) > _MOST_PAIRS
    return all(len(word) >= _SHORTEST_ALONE and word.isalpha() for word in unit.words)
