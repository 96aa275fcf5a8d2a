"""Replace accented letters, ligatures, and full-width or circled characters by ASCII.

The table is that of the engine's filter. The filter itself would examine each word of each field
again, which takes longer than the rest of the analysis.
"""

import re

from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

# First and last character of each range with letters or digits that have an ASCII form.
_RANGES = (
    "\u00b2\u02af",
    "\u1d00\u1d99",
    "\u1e00\u1eff",
    "\u2070\u2094",
    "\u2183\u2184",
    "\u2460\u249b",
    "\u24b6\u24ff",
    "\u2776\u2793",
    "\u2c60\u2c7f",
    "\ua728\ua7ff",
    "\ufb00\ufb06",
    "\uff10\uff5a",
)


def strip_accents(text: str) -> str:
    """Return a text in lower case with accented and other special letters in ASCII."""
    return _SPECIAL.sub(_to_ascii, text)


def _to_ascii(letter: re.Match[str]) -> str:
    return _ASCII[letter[0]]


def _build_table() -> dict[str, str]:
    """Return the lower-case letters and the digits that the engine's filter changes, in ASCII."""
    letters = [
        letter
        for limits in _RANGES
        for letter in map(chr, range(ord(limits[0]), ord(limits[1]) + 1))
        if letter == letter.lower()
    ]
    fold = TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.ascii_fold()).build()
    words = fold.analyze(" ".join(letters))
    # A number in brackets is the number.
    folded = ["".join(filter(str.isalnum, word)).lower() for word in words]
    return {
        letter: word
        for letter, word in zip(letters, folded, strict=True)
        if word and word.isascii()
    }


_ASCII = _build_table()
_SPECIAL = re.compile(f"[{''.join(_ASCII)}]")
