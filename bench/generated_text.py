"""Generated languages: words of syllables, with the frequencies of real text."""

import random
from dataclasses import dataclass
from itertools import accumulate

_VOCABULARY = 8000
_SENTENCES = 3000
_ZIPF_SHIFT = 2.7

_SYLLABLES = {
    "en": "al ber con den er fal gran hol in ker lan mor ning or pel quen ran sto ter vel".split(),
    "fr": "ai beau ché deux eau fré gnon hui jour lier mont nou oi pré quel ré seau tion".split(),
    "ar": "با تي جا حر دو را سل شم صب طر عا غر فت قم كت لي من نو هد وا يس".split(),
    "es": "al ba cón des en fue gar ha ja llo mar ño os pue qui rra sí tra ver zón".split(),
    "de": "auf ber chen dach ein für ge heit ich keit land mög nach ober pfle rück ung".split(),
    "pt": "ão ba ção de es fei ga lho mar nha os pre que rio são ta ções ver".split(),
    "it": "al bel che di en fio ghi la men no per quat ri scio ta gli ve zio".split(),
    "tr": "an bil cak çi der ev ge ğı içi ka lar me ol ön şe tır üç yor".split(),
}

LANGUAGES = tuple(_SYLLABLES)


@dataclass(frozen=True)
class GeneratedLanguage:
    """A generated language: words by descending frequency, and some sentences."""

    words: list[str]
    weights: list[float]
    sentences: list[str]

    def phrase(self, rng: random.Random, length: int) -> str:
        """Return some words, capitalized and without a full stop."""
        return capitalize(" ".join(rng.choices(self.words, cum_weights=self.weights, k=length)))


def capitalize(text: str) -> str:
    """Capitalize the first letter only."""
    return text[:1].upper() + text[1:]


def build_language(language: str, seed: int) -> GeneratedLanguage:
    """Build a language; the same for the same seed."""
    rng = random.Random(f"{seed}:{language}")
    words = _vocabulary(rng, _SYLLABLES[language])
    weights = list(accumulate(1 / (rank + _ZIPF_SHIFT) for rank in range(len(words))))
    generated = GeneratedLanguage(words, weights, [])
    generated.sentences.extend(_sentence(rng, generated) for _ in range(_SENTENCES))
    return generated


def _vocabulary(rng: random.Random, syllables: list[str]) -> list[str]:
    words: dict[str, None] = {}
    while len(words) < _VOCABULARY:
        # Frequent words are short in every language.
        longest = 1 if len(words) < len(syllables) // 2 else 4
        words["".join(rng.choices(syllables, k=rng.randint(1, longest)))] = None
    return list(words)


def _sentence(rng: random.Random, language: GeneratedLanguage) -> str:
    return language.phrase(rng, rng.randint(6, 18)) + "."
