"""Replace letters and digits by their base forms.

These are ASCII for accented letters, ligatures, full-width and circled characters, and digits of
all scripts; and one spelling for letters of other scripts. The table for ASCII is that of the
engine's filter. The filter itself would examine each word of each field again, which takes longer
than the rest of the analysis.
"""

import re
import unicodedata

from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

# First and last character of each range with letters or digits that the engine's filter changes.
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
# The digit zero of living scripts; the other digits follow it.
_ZEROS = "٠۰߀०০੦૦୦௦౦೦൦෦๐໐༠၀႐០᠐᥆᧐᪀᪐᭐᮰᱀᱐꘠꣐꤀꧐꧰꩐꯰"
_OTHER_LETTERS = {
    # Letters that are typed as apostrophes.
    **dict.fromkeys("ʹʻʼʾʿ", "'"),
    "µ": "μ",
    **dict(zip("ϐϑϕϖϱϲ", "βθφπρσ", strict=True)),
    **dict(zip("ѐѝ", "еи", strict=True)),
    **dict.fromkeys("ۀہۂۃ", "ه"),
    "ۓ": "ي",
    "և": "եւ",
    **dict(zip("ײװױ", ("יי", "וו", "וי"), strict=True)),
}
_POLYTONIC_GREEK = range(0x1F00, 0x2000)


def to_base_letters(text: str) -> str:
    """Replace letters in a lower-case text by base letters, and digits by those of ASCII."""
    if not _SPECIAL.search(text):
        return text
    for letter in _BASE.keys() & set(text):
        text = text.replace(letter, _BASE[letter])
    return text


def _build_ascii() -> dict[str, str]:
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


def _build_greek() -> dict[str, str]:
    letters = filter(str.isalpha, map(chr, _POLYTONIC_GREEK))
    return {letter: unicodedata.normalize("NFD", letter)[0] for letter in letters}


_BASE = {
    **_build_ascii(),
    **_build_greek(),
    **{chr(ord(zero) + digit): str(digit) for zero in _ZEROS for digit in range(10)},
    **_OTHER_LETTERS,
}
_SPECIAL = re.compile(f"[{''.join(map(re.escape, _BASE))}]")
