"""What of a text has to be evened out before the engine cuts it into words.

The engine's own analyser (`words.py`) knows letters of every alphabet, makes them small and takes
Latin accents away. Here is the rest: marks and variants of other alphabets, and scripts that
write no spaces. Most texts are of letters of one code page, and are folded by a table.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

_LAST_LATIN = "\u02ff"
# Punctuation and signs say nothing about the script.
_BEYOND_LATIN = re.compile(f"[^\\0-{_LAST_LATIN}\u1e00-\u1eff\u2000-\u2bff\u2e00-\u2e7f]")

# What nobody sees: where a word may be broken, which way it runs, how its letters join, and which
# of its forms a letter has.
INVISIBLE = (
    "\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]+")

# Marks that readers may leave out: vowels of Arabic and Hebrew, stress, and tatweel.
_MARKS = re.compile(
    f"[{INVISIBLE}"
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    # What joins consonants in scripts of India would cut a word in two.
    "\u093c\u094d\u09bc\u09cd\u0a3c\u0a4d\u0abc\u0acd\u0b3c\u0b4d\u0bcd\u0c4d\u0cbc\u0ccd\u0d4d]"
)

# Arabic letters in the form of one place in a word, and several in one, as programs that set type
# leave them behind. Signs of other scripts stand between: a text is looked through for one range.
_PRESENTED = re.compile("[\ufb50-\ufefc]")

# Digits of Arabic, Persian and Hindi: readers type 2026 for ٢٠٢٦, and the other way round.
_DIGITS = tuple(
    (variant, str(number))
    for digits in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९")
    for number, variant in enumerate(digits)
)

# Letters that are written in several ways, or whose accents readers leave out.
_VARIANTS = (
    *((variant, "ا") for variant in "أإآٱ"),
    *(("ى", "ي"), ("ئ", "ي"), ("ی", "ي"), ("ے", "ي"), ("ؤ", "و"), ("ة", "ه"), ("ک", "ك")),
    *((variant, plain) for variant, plain in zip("άέήίόύώϊϋΐΰς", "αεηιουωιυιυσ", strict=True)),
    *((variant, plain) for variant, plain in zip("ΆΈΉΊΌΎΏΪΫ", "ΑΕΗΙΟΥΩΙΥ", strict=True)),
    *(("ё", "е"), ("Ё", "Е"), ("ґ", "г"), ("Ґ", "Г")),
    *_DIGITS,
)

# Scripts that write no spaces, and Korean, whose words grow at their ends.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u312f\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
# Kana of half width, each with the mark that changes its sound; in full width that is one letter.
_HALF_WIDTH = re.compile("[\uff66-\uff9f][\uff9e\uff9f]?")
_UNSPACED_LETTER = re.compile(f"{_HALF_WIDTH.pattern}|[^{INVISIBLE}]")


def folded(text: str) -> str:
    """Return a text from which the engine makes the same words however it was written."""
    if text.isascii():
        return text
    for page in _PAGES:
        found = page.folded(text)
        if found is not None:
            return found
    return _folded_by_letters(text)


class _Page:
    """A code page: a text of its signs alone is folded by a table, each sign for itself.

    That takes a tenth of the time. Western accents go here too: the engine would take them away
    as well, but is slower with words that are not plain.
    """

    def __init__(self, encoding: str) -> None:
        """Fold each sign of a page. Where one would join the letter before it, this is no way."""
        self._encoding = encoding
        table, gone = bytearray(range(256)), bytearray()
        for code in range(0x80, 0x100):
            letter = bytes([code]).decode(encoding, "ignore")
            plain = _without_accent(_folded_by_letters(letter))
            if letter and not plain:
                gone.append(code)
            elif plain:
                table[code] = plain.encode(encoding)[0]
        self._table, self._gone = bytes(table), bytes(gone)

    def folded(self, text: str) -> str | None:
        """Return a text, folded; nothing if it has signs of other pages."""
        try:
            signs = text.encode(self._encoding)
        except UnicodeEncodeError:
            return None
        return signs.translate(self._table, self._gone).decode(self._encoding)


def _without_accent(letter: str) -> str:
    plain = unicodedata.normalize("NFD", letter)[:1]
    return plain if plain.isascii() else letter


def is_latin(text: str) -> bool:
    """Tell whether a text has letters of Latin script alone, and no accents of their own."""
    return text.isascii() or not _BEYOND_LATIN.search(text)


def is_unspaced(word: str) -> bool:
    """Tell whether a word is of a script that writes no spaces."""
    return _UNSPACED_RUN.match(word) is not None


def unspaced_letters(run: str) -> Iterator[tuple[int, int, str]]:
    """Yield the letters of a run without spaces as they are compared, with their places."""
    for found in _UNSPACED_LETTER.finditer(run):
        yield found.start(), found.end(), _full_width(found[0])


def pairs(run: Sequence[str]) -> list[str]:
    """Return what stands for words where no spaces are written: each two neighbours."""
    return ["".join(run[start : start + 2]) for start in range(len(run) - 1)] or ["".join(run)]


def _folded_by_letters(text: str) -> str:
    text = unicodedata.normalize("NFC", text).replace("İ", "I")
    return _INVISIBLE.sub("", text) if is_latin(text) else _folded_beyond_latin(text)


def _folded_beyond_latin(text: str) -> str:
    text = _MARKS.sub("", _PRESENTED.sub(_plain, text))
    for variant, plain in _VARIANTS:
        text = text.replace(variant, plain)
    return _UNSPACED_RUN.sub(_spaced, _full_width(text))


def _full_width(text: str) -> str:
    return _HALF_WIDTH.sub(_plain, text)


def _plain(letter: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", letter[0])


def _spaced(run: re.Match[str]) -> str:
    return f" {' '.join(pairs(run[0]))} "


# Most texts: of Western letters, those with the quotation marks of print, and Arabic ones. No sign
# of these pages becomes one with the letter before it; signs of Arabic vowels vanish.
_PAGES = tuple(map(_Page, ("latin-1", "cp1252", "cp1256")))
