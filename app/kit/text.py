"""Cleaning of typed or pasted text: control characters removed, white space normalized."""

import re

# Character ranges for regular expressions. Format characters: soft hyphen, joiners and non-joiners,
# directional marks, word joiner, byte order mark, tags.
FORMAT = (
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0001-\U000e007f"
)
# Invisible letters and marks: the grapheme joiner, and fillers of Hangul and Khmer.
FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
# Variation selectors and enclosing marks, which change how the preceding character is drawn.
SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\u20e3\U000e0100-\U000e01ef"

# C0, DEL and C1, except white space and U+0000, which fields reject.
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SPACES = re.compile(r"\s+")
_LINE_ENDS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
# French has these before some punctuation marks and Japanese between words, so they stay.
_KEPT_SPACES = frozenset("\xa0\u202f\u3000")


def clean_line(text: str) -> str:
    """Clean text for a field of one line: a run of white space becomes one space.

    A no-break or ideographic space stays, unless the run has other white space.
    """
    return _SPACES.sub(_collapse, _CONTROLS.sub("", text)).strip()


def clean_paragraphs(text: str) -> str:
    """Clean text for a field of several lines: every line end becomes U+000A."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)).strip()


def _collapse(found: re.Match[str]) -> str:
    run = found[0]
    return run[0] if run[0] in _KEPT_SPACES and run.count(run[0]) == len(run) else " "
