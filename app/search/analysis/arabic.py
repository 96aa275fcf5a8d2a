"""Affix stripping for folded Arabic words, applied before the Snowball stemmer.

An Arabic word can carry a conjunction, a preposition and the article in front, and number, gender,
possessor and relation behind. Snowball removes only some of these at a time, so that words of one
family get different stems. In a folded word ة is ه, ى is ي, and every alef is ا.
"""

# Longest first.
_ARTICLES = ("وبال", "فبال", "وكال", "ولل", "فلل", "وال", "فال", "بال", "كال", "ال", "لل")
_SUFFIXES = (
    *("ياتهم", "ياتها"),
    *("اتهم", "اتها", "اتنا", "يتها", "يتهم", "ياتي"),
    *("هما", "كما", "تها", "تهم", "تنا", "يون", "يين", "يات", "اته", "يته", "تان", "تين"),
    *("ها", "هم", "هن", "نا", "كم", "ات", "ون", "ين", "ان", "يه", "ته", "وا"),
    *("ه", "ي"),
)
_SHORTEST = 3

# Prefixes that can precede a stem: where to look for the rest of a family. The letters after the
# articles mean "and", "so", "with", "for", "as", and the future tense.
PREFIXES = ("", *_ARTICLES, "و", "ف", "ب", "ل", "ك", "س", "وب", "ول", "فل", "وس")


def strip_affixes(word: str) -> str:
    """Return a folded word without its article and its ending, if enough letters remain."""
    return _strip_suffix(_strip_article(word))


def _strip_article(word: str) -> str:
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= _SHORTEST:
            return word[len(article) :]
    return word


def _strip_suffix(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST:
            return word[: -len(suffix)]
    return word
