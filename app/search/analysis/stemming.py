"""Stems: words of one family have the same stem."""

import re
import threading
from functools import lru_cache
from itertools import takewhile

import Stemmer

from app.kit.bounded_cache import entries_within
from app.search.analysis import arabic, hebrew
from app.search.analysis.languages import LANGUAGES, has_stems
from app.search.analysis.tokenizer import LONGEST_WORD

# Endings that the stemmer misreads, mostly because folding removed their accents.
_ENDINGS = {
    "cs": ((r"ach$", "ách"), (r"um$", "ům"), (r"ich$", "ích")),
    # The stemmer would read gobiernos as "gobier" + "nos"; economía and económico share a stem.
    "es": ((r"ernos$", "erno"), (r"(nom|log|graf|erg)ia(s?)$", r"\1ía\2")),
    "fr": ((r"ee(s?)$", r"ée\1"), (r"iere(s?)$", r"ière\1")),
    "pl": ((r"ow$", "ów"),),
    "pt": ((r"oes$", "ao"),),
}
_COMPILED_ENDINGS = {
    language: tuple((re.compile(ending), better) for ending, better in endings)
    for language, endings in _ENDINGS.items()
}
# The stemmer keeps the s of lois, partis and élus; in the words below it is no plural.
_FRENCH_PLURAL = re.compile("(?<=..[iou])s$")
_FRENCH_SINGULAR = frozenset(
    """abus avis bois bras bus campus cas consensus depuis dessous dessus fois jamais jus mais mois
    nous paris pays permis plus proces processus puis pus refus sous suis tapis tous trois virus
    vous""".split()
)


# The analyzer drops longer words.
@lru_cache(entries_within(16 * 2**20, LONGEST_WORD))
def stem(language: str, word: str) -> str:
    """Return the stem of a folded word, or the word itself if its script has no stems."""
    if not has_stems(language, word) or (language == "fr" and word in _FRENCH_SINGULAR):
        return word
    if language == "he":
        return hebrew.strip_article(word)
    root: str = _stemmers.get(LANGUAGES[language].stemmer).stemWord(_prepare(language, word))
    return _FRENCH_PLURAL.sub("", root) if language == "fr" else root


def stem_prefixes(language: str, word: str) -> tuple[str, ...]:
    """Return prefixes that nearly all words with the same stem begin with."""
    root = stem(language, word)
    if language == "ar":
        # The first letter of a word such as وزير may have been stripped as a conjunction.
        bare = arabic.strip_affixes(word)
        whole = (root,) if bare.startswith(root) else (root, bare)
        return tuple(before + start for start in whole for before in arabic.PREFIXES)
    if language == "he":
        return tuple(before + root for before in hebrew.PREFIXES)
    shared = _common_prefix(root, word)
    if len(shared) > 3:
        return (shared[:-1],)
    return (shared if len(shared) >= 2 else word[: max(2, len(word) - 3)],)


def _prepare(language: str, word: str) -> str:
    """Return a word in the form that its stemmer expects."""
    if language == "ar":
        return arabic.strip_affixes(word)
    for ending, better in _COMPILED_ENDINGS.get(language, ()):
        word = ending.sub(better, word)
    return word


def _common_prefix(first: str, other: str) -> str:
    equal = takewhile(lambda both: both[0] == both[1], zip(first, other, strict=False))
    return first[: sum(1 for _ in equal)]


class _Stemmers(threading.local):
    """Stemmers of one thread: a stemmer is not thread-safe."""

    def __init__(self) -> None:
        self._made: dict[str, Stemmer.Stemmer] = {}

    def get(self, name: str) -> "Stemmer.Stemmer":
        if name not in self._made:
            # 0: no cache inside the stemmer, because `stem` has one.
            self._made[name] = Stemmer.Stemmer(name, 0)
        return self._made[name]


_stemmers = _Stemmers()
