"""Grapheme boundaries: where a text can be cut without splitting a visible character.

These are the boundaries of extended grapheme clusters (UAX 29), less some: conjunct consonants are
never split, in any script, whichever version of Unicode joins them.
"""

import re
import unicodedata

_VIRAMA = 9
# Extenders that are no marks: half-width sound marks, skin tones, tags of flags, and two vowels of
# Thai and Lao.
_CONTINUING = re.compile(
    "[\u200c\u200d\u0e33\u0eb3\uff9e\uff9f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
)
# Characters that belong to the next one.
_PREPENDED = re.compile(
    "[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd\U000111c2\U000111c3"
    "\U0001193f\U00011941\U00011a3a\U00011a84-\U00011a89\U00011d46\U00011f02]"
)
_FLAG_LETTER = re.compile("[\U0001f1e6-\U0001f1ff]")
_PICTURE = re.compile(
    "[©®\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d"
    "\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001fffd]"
)
_LEADING_JAMO = re.compile("[\u1100-\u115f\ua960-\ua97c]")
_FOLLOWING_JAMO = re.compile("[\u1160-\u11ff\ud7b0-\ud7fb]")
_HANGUL = re.compile("[\u1100-\u11ff\ua960-\ua97c\uac00-\ud7fb]")


def widen(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the smallest range around another that starts and ends at grapheme boundaries."""
    return boundary_before(text, start), boundary_after(text, end)


def boundary_before(text: str, at: int) -> int:
    """Return the last boundary at or before a position."""
    while not _is_boundary(text, at):
        at -= 1
    return at


def boundary_after(text: str, at: int) -> int:
    """Return the first boundary at or after a position."""
    while not _is_boundary(text, at):
        at += 1
    return at


def _is_boundary(text: str, at: int) -> bool:
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if before.isascii() and after.isascii():
        return (before, after) != ("\r", "\n")
    return not (
        _continues(after)
        or _PREPENDED.match(before)
        or _joins_hangul(before, after)
        or (before == "\u200d" and _PICTURE.match(after))
        or (_FLAG_LETTER.match(after) and _is_half_a_flag(text, at))
        or _is_conjunct(text, at)
    )


def _continues(sign: str) -> bool:
    return unicodedata.category(sign).startswith("M") or _CONTINUING.match(sign) is not None


def _joins_hangul(before: str, after: str) -> bool:
    if _FOLLOWING_JAMO.match(after):
        return _HANGUL.match(before) is not None
    return bool(_LEADING_JAMO.match(before) and _HANGUL.match(after))


def _is_half_a_flag(text: str, at: int) -> bool:
    first = at
    while first and _FLAG_LETTER.match(text[first - 1]):
        first -= 1
    return (at - first) % 2 == 1


def _is_conjunct(text: str, at: int) -> bool:
    """Tell whether a consonant is joined to the one before it."""
    if unicodedata.category(text[at]) != "Lo":
        return False
    while at and _continues(text[at - 1]):
        at -= 1
        if unicodedata.combining(text[at]) == _VIRAMA:
            return True
    return False
