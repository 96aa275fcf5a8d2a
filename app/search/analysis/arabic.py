"""Arabic words without what is attached to them, in their folded form.

A word carries much at both ends: "and", "so", "with", "as", "for" and the article before it, and
number, gender, owner and relation after it. Snowball undoes some of these by turns, and leaves
words of one family apart; so each end is looked at once before. The letters were folded before
that: ة is ه, ى is ي, and every alef is ا.
"""

# The longest first.
_ARTICLES = ("وبال", "فبال", "وكال", "ولل", "فلل", "وال", "فال", "بال", "كال", "ال", "لل")
_SUFFIXES = (
    *("ياتهم", "ياتها"),
    *("اتهم", "اتها", "اتنا", "يتها", "يتهم", "ياتي"),
    *("هما", "كما", "تها", "تهم", "تنا", "يون", "يين", "يات", "اته", "يته", "تان", "تين"),
    *("ها", "هم", "هن", "نا", "كم", "ات", "ون", "ين", "ان", "يه", "ته", "وا"),
    *("ه", "ي"),
)
_SHORTEST = 3

# What may stand before a stem: where to look for the rest of a family. The letters after the
# articles are "and", "so", "with", "for", "as", and the future.
BEFORE = ("", *_ARTICLES, "و", "ف", "ب", "ل", "ك", "س", "وب", "ول", "فل", "وس")


def bared(word: str) -> str:
    """Return a folded word without article and ending, if a word is left."""
    return _without_suffix(_without_article(word))


def _without_article(word: str) -> str:
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= _SHORTEST:
            return word[len(article) :]
    return word


def _without_suffix(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST:
            return word[: -len(suffix)]
    return word
