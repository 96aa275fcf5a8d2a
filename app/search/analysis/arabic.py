"""Stems of Arabic words in their folded form.

A word carries much at both ends: "and", "so", "with", "as", "for" and the article before it, and
number, gender, owner and relation after it. Snowball undoes some of these by turns, and leaves
words of one family apart; here each end is looked at once, and what is taken off must leave a
word. The letters were folded before, so ة is ه, ى is ي and every alef is ا.
"""

# The longest first.
_ARTICLES = ("وبال", "فبال", "وكال", "ولل", "فلل", "وال", "فال", "بال", "كال", "ال", "لل")
# "And", "so", "with", "for", "as" and the future. Too many words begin so to take them off at once.
_LETTERS = ("و", "ف", "ب", "ل", "ك", "س", "وب", "ول", "فل", "وس")
_SUFFIXES = (
    *("ياتهم", "ياتها"),
    *("اتهم", "اتها", "اتنا", "يتها", "يتهم", "ياتي"),
    *("هما", "كما", "تها", "تهم", "تنا", "يون", "يين", "يات", "اته", "يته", "تان", "تين"),
    *("ها", "هم", "هن", "نا", "كم", "ات", "ون", "ين", "ان", "يه", "ته", "وا"),
    *("ه", "ي"),
)
_SHORTEST = 3

# What may stand before a stem: where to look for the rest of a family.
BEFORE = ("", *_ARTICLES, *_LETTERS)


def stem(word: str) -> str:
    """Return what is left of a folded word without what is attached to it."""
    return _without_suffix(_without_prefix(word))


def is_led_by_a_letter(word: str, root: str) -> bool:
    """Tell whether a word is one of a stem after an attached letter such as "and".

    Only of long stems: what is short and begins so is more often a word of its own.
    """
    if len(root) <= _SHORTEST:
        return False
    return any(
        word.startswith(letters + root[0]) and stem(word[len(letters) :]) == root
        for letters in _LETTERS
    )


def _without_prefix(word: str) -> str:
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= _SHORTEST:
            return word[len(article) :]
    return word


def _without_suffix(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST:
            return word[: -len(suffix)]
    return word
