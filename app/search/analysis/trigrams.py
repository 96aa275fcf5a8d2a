"""Letter trigrams of words in Arabic script.

Arabic words of one family differ in prefixes, endings and inner vowels, and a stemmer finds only a
part of such a family. Two of its words mostly have trigrams in common.
"""

import re

_TRIGRAM = re.compile("(?=([\u0620-\u064a\u066e-\u06d3]{3}))")


def find_trigrams(text: str) -> list[str]:
    """Return the trigrams of all words of a folded text, in its order."""
    return [] if text.isascii() else _TRIGRAM.findall(text)
