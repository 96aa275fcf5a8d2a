"""What a typed word stands for: itself, its family, its completions, and what was meant by it."""

from dataclasses import dataclass

from app.search.analysis.folding import is_unspaced
from app.search.query.spelling import Spelling
from app.search.query.units import Unit
from app.search.text_fields import TEXT, TITLE
from app.search.vocabulary import Vocabulary

# The word as it was typed counts for more than others of its family, and completions for less.
_EXACT, _RELATED, _COMPLETION = 1.4, 1.0, 0.3
_MOST_COMPLETIONS = 30
_SHORTEST_OPEN = 2
# Too many words begin with two letters; then those of titles do.
_SHORTEST_OPEN_ANYWHERE = 3
# A word that so large a share of all stories has is whole: to complete it takes long, and finds
# little that the word does not.
_WHOLE_FROM = 0.05


@dataclass(frozen=True, slots=True)
class Variants:
    """Words that a word stands for, with what each counts, and how rare they are taken together.

    `stories` is in about how many stories any of them stands. `corrected` is the word that was
    meant, if it is not the one that was typed.
    """

    weights: dict[str, float]
    rarity: float
    stories: float
    corrected: str | None = None


def variants(unit: Unit, vocabulary: Vocabulary, spelling: Spelling) -> Variants:
    """Return what a word stands for in an index."""
    word = unit.words[0]
    family = vocabulary.family(word)
    completions = _completions(unit, vocabulary)
    known = round(vocabulary.together(family))
    corrected = None if completions else spelling.meant(word, known)
    if corrected:
        family |= vocabulary.family(corrected)
    counted = vocabulary.together(family or completions)
    weights = dict.fromkeys(completions, _COMPLETION) | dict.fromkeys(family, _RELATED)
    rarity = vocabulary.rarity(counted)
    return Variants({**weights, word: _EXACT}, rarity, counted, corrected)


def _completions(unit: Unit, vocabulary: Vocabulary) -> dict[str, int]:
    word, part = unit.words[0], unit.part
    if not part.open or not (len(word) >= _SHORTEST_OPEN or is_unspaced(word)):
        return {}
    if vocabulary.count(word) > _WHOLE_FROM * vocabulary.stories:
        return {}
    anywhere = not part.title and (len(word) >= _SHORTEST_OPEN_ANYWHERE or is_unspaced(word))
    return vocabulary.beginning(word, _MOST_COMPLETIONS, TEXT if anywhere else TITLE)
