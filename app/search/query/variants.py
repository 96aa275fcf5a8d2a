"""Variants of a query word: the word, its family, its completions, and its correction."""

from dataclasses import dataclass

from app.search.analysis.folding import is_unspaced
from app.search.query.spelling import SpellingCorrector
from app.search.query.units import QueryUnit
from app.search.text_fields import TITLE
from app.search.vocabulary import Vocabulary

# All words of a family count alike, by the rarity of the family; completions count less. The typed
# word counts again by its own rarity.
_FAMILY, _COMPLETION, _TYPED = 1.0, 0.3, 0.4
_MOST_COMPLETIONS = 30
_SHORTEST_OPEN = 2
# Too many words begin with two letters, so only words of titles are completed.
_SHORTEST_OPEN_ANYWHERE = 3
# A word in so large a share of all stories is not completed: that is slow and finds little more.
_WHOLE_FROM = 0.05


@dataclass(frozen=True, slots=True)
class Variants:
    """The weights of all variants of a word, and the IDF of all of them together.

    `stories` estimates in how many stories any variant occurs. `corrected` is the correction, if
    the word was misspelt.
    """

    weights: dict[str, float]
    idf: float
    stories: float
    corrected: str | None = None


def find_variants(unit: QueryUnit, vocabulary: Vocabulary, spelling: SpellingCorrector) -> Variants:
    """Return the variants of a word in an index."""
    word = unit.words[0]
    family = vocabulary.find_family(word)
    completions = _find_completions(unit, vocabulary)
    count = round(vocabulary.estimate_stories(family))
    corrected = None if completions else spelling.correct(word, count)
    if corrected:
        family |= vocabulary.find_family(corrected)
    stories = vocabulary.estimate_stories(family or completions)
    rarity = vocabulary.idf(stories)
    weights = dict.fromkeys(completions, _COMPLETION) | dict.fromkeys(family, _FAMILY)
    weights[word] = _FAMILY + _TYPED * vocabulary.idf(vocabulary.count(word)) / rarity
    return Variants(weights, rarity, stories, corrected)


def _find_completions(unit: QueryUnit, vocabulary: Vocabulary) -> dict[str, int]:
    word, part = unit.words[0], unit.part
    if not part.is_prefix or not (len(word) >= _SHORTEST_OPEN or is_unspaced(word)):
        return {}
    if vocabulary.count(word) > _WHOLE_FROM * vocabulary.stories:
        return {}
    anywhere = not part.title and (len(word) >= _SHORTEST_OPEN_ANYWHERE or is_unspaced(word))
    return vocabulary.words_with_prefix(word, _MOST_COMPLETIONS, None if anywhere else TITLE)
