"""Remove the Hebrew article, and the particles in front of it."""

import re

# The article, perhaps after "and", "that" and "when"; a word may itself begin with its letter.
_ARTICLE = re.compile("^(?:וש|כש|ו|ש)?ה+(?=..)")
# Function words; their first letter is not an article.
_FUNCTION_WORDS = frozenset("הוא היא היה היו הם הן האם הנה היום".split())

# Prefixes that can precede a stem: where to look for the rest of a family.
PREFIXES = ("", "ה", "הה", "וה", "שה", "כשה", "ושה")


def strip_article(word: str) -> str:
    """Return a word without its article, if enough letters remain."""
    return word if word in _FUNCTION_WORDS else _ARTICLE.sub("", word)
