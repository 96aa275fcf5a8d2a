"""Which words of a language belong together: those of one stem."""

import re
import threading
from functools import lru_cache
from itertools import takewhile

import Stemmer

from app.kit.bounded_cache import entries_within
from app.search.analysis import arabic, hebrew
from app.search.analysis.languages import LANGUAGES, has_stems
from app.search.analysis.words import LONGEST

# Endings that the stemmer takes for something else, not least because their accents are gone.
_ENDINGS = {
    "cs": ((r"ach$", "ách"), (r"um$", "ům"), (r"ich$", "ích")),
    # gobiernos is no "gobier" with "nos"; economía is as económico.
    "es": ((r"ernos$", "erno"), (r"(nom|log|graf|erg)ia(s?)$", r"\1ía\2")),
    "fr": ((r"ee(s?)$", r"ée\1"), (r"iere(s?)$", r"ière\1")),
    "pl": ((r"ow$", "ów"),),
    "pt": ((r"oes$", "ao"),),
}
_READY_ENDINGS = {
    language: tuple((re.compile(ending), better) for ending, better in endings)
    for language, endings in _ENDINGS.items()
}
# The stemmer keeps the s of lois, partis and élus; of these it is no plural.
_FRENCH_PLURAL = re.compile("(?<=..[iou])s$")
_FRENCH_SINGULAR = frozenset(
    """abus avis bois bras bus campus cas consensus depuis dessous dessus fois jamais jus mais mois
    nous paris pays permis plus proces processus puis pus refus sous suis tapis tous trois virus
    vous""".split()
)


# The analyser leaves no word longer than this.
@lru_cache(entries_within(16 * 2**20, LONGEST))
def stem(language: str, word: str) -> str:
    """Return the stem of a folded word; of a language or script without stems, the word."""
    if not has_stems(language, word) or (language == "fr" and word in _FRENCH_SINGULAR):
        return word
    if language == "he":
        return hebrew.bared(word)
    found: str = _stemmers.of(LANGUAGES[language].stemmer).stemWord(_ready(language, word))
    return _FRENCH_PLURAL.sub("", found) if language == "fr" else found


def beginnings(language: str, word: str) -> tuple[str, ...]:
    """Return how words of the same stem begin; looking there finds nearly all of them."""
    root = stem(language, word)
    if language == "ar":
        # The first letter of a word such as وزير may have been taken for an attached one.
        bare = arabic.bared(word)
        whole = (root,) if bare.startswith(root) else (root, bare)
        return tuple(before + one for one in whole for before in arabic.BEFORE)
    if language == "he":
        return tuple(before + root for before in hebrew.BEFORE)
    shared = _shared(root, word)
    if len(shared) > 3:
        return (shared[:-1],)
    return (shared if len(shared) >= 2 else word[: max(2, len(word) - 3)],)


def _ready(language: str, word: str) -> str:
    """Return a word as its stemmer has to see it."""
    if language == "ar":
        return arabic.bared(word)
    for ending, better in _READY_ENDINGS.get(language, ()):
        word = ending.sub(better, word)
    return word


def _shared(one: str, other: str) -> str:
    same = takewhile(lambda both: both[0] == both[1], zip(one, other, strict=False))
    return one[: sum(1 for _ in same)]


class _Stemmers(threading.local):
    """Stemmers of one thread: they must not be shared."""

    def __init__(self) -> None:
        self._made: dict[str, Stemmer.Stemmer] = {}

    def of(self, name: str) -> "Stemmer.Stemmer":
        if name not in self._made:
            # A stemmer's own memory would be a second one.
            self._made[name] = Stemmer.Stemmer(name, 0)
        return self._made[name]


_stemmers = _Stemmers()
