"""Normalize text before the engine splits it into words.

Words are in lower case, without accents and marks, with one form of each letter; scripts without
spaces become bigrams. Most texts use the letters of one code page; a translation table folds those.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from app.search.analysis.base_letters import to_base_letters

_LAST_LATIN = "\u02ff"
# Punctuation and symbols do not identify a script.
_BEYOND_LATIN = re.compile(f"[^\\0-{_LAST_LATIN}\u1e00-\u1eff\u2000-\u2bff\u2e00-\u2e7f]")

# Invisible characters: soft hyphens, direction marks, joiners and variation selectors.
INVISIBLE = (
    "\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]+")

# Marks that users may leave out: vowels of Arabic and Hebrew, stress, and tatweel.
_MARKS = re.compile(
    f"[{INVISIBLE}"
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    # Viramas and nuktas of Indic scripts; otherwise they would split a word.
    "\u093c\u094d\u09bc\u09cd\u0a3c\u0a4d\u0abc\u0acd\u0b3c\u0b4d\u0bcd\u0c4d\u0cbc\u0ccd\u0d4d]"
)

# Arabic presentation forms, which typesetting software leaves in texts. The range also contains a
# few characters of other scripts: one range is faster to search for than several.
_PRESENTATION_FORMS = re.compile("[\ufb50-\ufefc]")

# Lower-case letters with several spellings, or with accents that users leave out.
_VARIANTS = (
    *((variant, "ا") for variant in "أإآٱ"),
    *(("ى", "ي"), ("ئ", "ي"), ("ی", "ي"), ("ے", "ي"), ("ؤ", "و"), ("ة", "ه"), ("ک", "ك")),
    *((variant, plain) for variant, plain in zip("άέήίόύώϊϋΐΰς", "αεηιουωιυιυσ", strict=True)),
    *(("ё", "е"), ("ґ", "г")),
)

# Scripts without spaces, and Korean, which appends suffixes to its words.
UNSPACED = (
    # All but the digits.
    "\u0e00-\u0e4f\u0e5a-\u0ecf\u0eda-\u0eff\u1000-\u103f\u104a-\u108f\u109a-\u109f"
    "\u1780-\u17df\u17ea-\u17ff\u3005-\u3007\u3040-\u312f\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
# Half-width kana, each with its sound mark; in full width that is one letter.
_HALF_WIDTH = re.compile("[\uff66-\uff9f][\uff9e\uff9f]?")
_UNSPACED_LETTER = re.compile(f"{_HALF_WIDTH.pattern}|[^{INVISIBLE}]")


def fold_text(text: str) -> str:
    """Return text in a form from which the engine makes the same words for every spelling."""
    if text.isascii():
        return text.lower()
    for page in _CODE_PAGES:
        result = page.fold(text)
        if result is not None:
            return result
    return _fold_letters(text)


class _CodePage:
    """A code page. A translation table folds text that uses only its characters.

    That takes a tenth of the time of `_fold_letters`.
    """

    def __init__(self, encoding: str) -> None:
        """Fold each character of a page; none of them may combine with the one before."""
        self._encoding = encoding
        table, removed = bytearray(bytes(range(256)).lower()), bytearray()
        # Letters that become two, as `ß` does, or one of another page.
        self._others: dict[str, str] = {}
        for code in range(0x80, 0x100):
            letter = bytes([code]).decode(encoding, "ignore")
            plain = _fold_letters(letter)
            sign = plain.encode(encoding, "ignore")
            if len(sign) == len(plain) == 1:
                table[code] = sign[0]
            elif plain:
                self._others[letter] = plain
            elif letter:
                removed.append(code)
        self._table, self._removed = bytes(table), bytes(removed)

    def fold(self, text: str) -> str | None:
        """Return the folded text, or None if it contains characters of other pages."""
        try:
            signs = text.encode(self._encoding)
        except UnicodeEncodeError:
            return None
        folded = signs.translate(self._table, self._removed).decode(self._encoding)
        if not folded.isascii():
            for letter, plain in self._others.items():
                folded = folded.replace(letter, plain)
        return folded


def is_latin(text: str) -> bool:
    """Tell whether a text has only letters of the Latin script, and no combining accents."""
    return text.isascii() or not _BEYOND_LATIN.search(text)


def is_unspaced(word: str) -> bool:
    """Tell whether a word belongs to a script without spaces."""
    return _UNSPACED_RUN.match(word) is not None


def find_unspaced_letters(run: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and folded form of each letter in a run without spaces."""
    for match in _UNSPACED_LETTER.finditer(run):
        yield match.start(), match.end(), _to_full_width(match[0])


def to_bigrams(run: Sequence[str]) -> list[str]:
    """Return the bigrams that stand for words in scripts without spaces."""
    return ["".join(run[start : start + 2]) for start in range(len(run) - 1)] or ["".join(run)]


def _fold_letters(text: str) -> str:
    text = unicodedata.normalize("NFC", text).replace("İ", "I").lower()
    return to_base_letters(_INVISIBLE.sub("", text)) if is_latin(text) else _fold_non_latin(text)


def _fold_non_latin(text: str) -> str:
    text = _MARKS.sub("", _PRESENTATION_FORMS.sub(_to_compatibility_form, text))
    for variant, plain in _VARIANTS:
        text = text.replace(variant, plain)
    return _UNSPACED_RUN.sub(_to_spaced_bigrams, _to_full_width(to_base_letters(text)))


def _to_full_width(text: str) -> str:
    return _HALF_WIDTH.sub(_to_compatibility_form, text)


def _to_compatibility_form(letter: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", letter[0])


def _to_spaced_bigrams(run: re.Match[str]) -> str:
    return f" {' '.join(to_bigrams(run[0]))} "


# Western Europe, without and with typographic quotation marks; Arabic; Central Europe; Cyrillic;
# Greek; Turkish; Baltic. No character of these pages combines with the letter before it; Arabic
# vowel signs are removed.
_ENCODINGS = ("latin-1", "cp1252", "cp1256", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257")
_CODE_PAGES = tuple(map(_CodePage, _ENCODINGS))
