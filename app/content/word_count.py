"""Count the words of a text in any script."""

import re
from typing import NamedTuple

_SPACE = re.compile(r"\s")
# Regular expressions hold the GIL, so long texts are processed in parts.
_PART = 50_000
# Chinese, Japanese and Korean: each character counts as a word.
_CJK = re.compile(
    "[\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9d"
    "\u1100-\u115f\ua960-\ua97c"
    "\U0001b000-\U0001b16f\U00020000-\U0003fffd]+"
)
# Vowels and finals of Korean syllables that are written in parts; only the first part counts.
_LATER_PARTS = re.compile("[\u1160-\u11ff\ud7b0-\ud7fb]+")
_ETHIOPIC_SPACE = "\u1361"
# A word starts with a letter or digit and ends at white space; anything else is punctuation.
_WORD = re.compile(r"[^\W_]\S*")


class _UnspacedScript(NamedTuple):
    """A script without spaces between words, and its average length of a word."""

    letters: re.Pattern[str]
    in_a_word: float


# Averages of news texts, with the word boundaries of ICU's dictionaries.
_UNSPACED_SCRIPTS = (
    # Thai, Lao, and the scripts of Tai languages.
    _UnspacedScript(
        re.compile(
            "[\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf"
            "\u1950-\u1974\u1980-\u19c9\u1a20-\u1a7c\uaa80-\uaadf]+"
        ),
        4.5,
    ),
    _UnspacedScript(re.compile("[\u1780-\u17d3\u17d7\u17dc\u17dd]+"), 6),
    # Burmese and related scripts; U+104C to U+104F stand for words.
    _UnspacedScript(
        re.compile(
            "[\u1000-\u103f\u104c-\u108f\u109a-\u109d\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7f]+"
        ),
        5,
    ),
    # Tibetan, which has a mark between syllables.
    _UnspacedScript(re.compile("[\u0f00\u0f40-\u0f84\u0f88-\u0fbc]+"), 4.5),
)


def split_text(text: str) -> list[str]:
    """Split a text into parts that end at the end of a word."""
    parts: list[str] = []
    start = 0
    while len(text) - start > _PART:
        space = _SPACE.search(text, start + _PART)
        end = space.end() if space else len(text)
        parts.append(text[start:end])
        start = end
    return [*parts, text[start:]]


def count_words(text: str) -> int:
    """Count the words of a text.

    Each character of Chinese, Japanese or Korean script counts as a word. In scripts without spaces
    the number is estimated from the number of letters. Punctuation alone is no word.
    """
    count = 0
    letters = [0] * len(_UNSPACED_SCRIPTS)
    runs = [0] * len(_UNSPACED_SCRIPTS)
    for part in split_text(text):
        rest = part
        if not part.isascii():
            rest = _LATER_PARTS.sub("", part).replace(_ETHIOPIC_SPACE, " ")
            rest, characters, _ = _replace_runs(_CJK, rest)
            count += characters
            for index, script in enumerate(_UNSPACED_SCRIPTS):
                rest, found, times = _replace_runs(script.letters, rest)
                letters[index] += found
                runs[index] += times
        count += len(_WORD.findall(rest))
    for script, found, times in zip(_UNSPACED_SCRIPTS, letters, runs, strict=True):
        count += max(times, round(found / script.in_a_word))
    return count


def _replace_runs(characters: re.Pattern[str], text: str) -> tuple[str, int, int]:
    """Replace runs of some characters by spaces; count the characters and the runs."""
    rest, runs = characters.subn(" ", text)
    return rest, len(text) - len(rest) + runs, runs
