"""Hebrew words without the article, and what joins it to the words before."""

import re

# The article, perhaps after "and", "that" and "when"; a word may itself begin with its letter.
_ARTICLE = re.compile("^(?:וש|כש|ו|ש)?ה+(?=..)")
# Words that hold a sentence together; their first letter is no article.
_WHOLE = frozenset("הוא היא היה היו הם הן האם הנה היום".split())

# What may stand before a stem: where to look for the rest of a family.
BEFORE = ("", "ה", "הה", "וה", "שה", "כשה", "ושה")


def bared(word: str) -> str:
    """Return a word without article, if a word is left."""
    return word if word in _WHOLE else _ARTICLE.sub("", word)
