"""Limits for the size and nesting of a body, checked before a parser reads it.

For some input, the time of an HTML parser grows with the square of its length: unclosed tags, bare
`&`, many attributes on a tag, formatting that every paragraph opens again. Real texts stay far
below these limits. Within them, parsing takes at most about a second.
"""

import re
from collections import Counter

from app.kit.errors import FieldError, InvalidInput

MOST_LEVELS = 100
MOST_TAGS = 50_000
# The sum over all tags of the number of open elements at each of them.
MOST_OPEN = 1_000_000
# The most characters that are markup or are written as references.
MOST_MARKS = 100_000
MOST_ATTRIBUTES = 1_000
# The most `srcset` attributes, in which each URL is validated.
MOST_SETS = 2_000
MOST_LINES = 100_000
# The most characters that resolving URLs adds to a body.
MOST_ADDED = 4_000_000

# The first UTF-8 byte of U+0080 to U+00BF. The sanitiser compares each of these characters with
# the no-break space, which is slow for texts with many of them.
_LATIN = b"\xc2"
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
# Void elements, and elements that end where the next of their kind begins.
_FLAT = frozenset(
    "area base br col embed hr img input link meta source track wbr p li dt dd tr td th "
    "thead tbody tfoot option rp rt".split()
)
# An attribute as browsers parse it (HTML, sections 13.2.5.32 to 13.2.5.39); at the end of the text
# it may be unclosed.
_SPACE = r"[\t\n\f\r ]"
_VALUE = r""""[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^"'\t\n\f\r >][^\t\n\f\r >]*+"""
_ATTRIBUTE = (
    rf"(?:=[^\t\n\f\r />=]*+|[^\t\n\f\r />=]++)"
    rf"(?:{_SPACE}*+={_SPACE}*+(?:{_VALUE})?)?+"
)
_ATTRIBUTES = re.compile(_ATTRIBUTE)
# A tag without its ">": the slash of an end tag, the name, the attributes.
TAG_PATTERN = rf"<(/?)([a-zA-Z][^\t\n\f\r />]*+)((?:[\t\n\f\r /]++|{_ATTRIBUTE})*+)"
_WHOLE_TAG = re.compile(TAG_PATTERN)
_SETS = re.compile("srcset", re.IGNORECASE)


class BodyLimitExceeded(InvalidInput):
    """A body exceeds a limit; the detail says which, and what to do instead."""

    def __init__(self, code: str, detail: str) -> None:
        """Report the body, with the code of a field error."""
        super().__init__(detail, errors=[FieldError("#/body", code, detail)])


def check_html(markup: str) -> None:
    """Raise `BodyLimitExceeded` for HTML that a parser would need more than about a second for."""
    check_nesting(markup)
    references = markup.count("&") + markup.encode("utf-8", "surrogatepass").count(_LATIN)
    if markup.count("<") + references > MOST_MARKS:
        raise BodyLimitExceeded(
            "too_complex",
            f"HTML has at most {MOST_MARKS} of the characters <, & and U+0080 to U+00BF. Write "
            "letters as themselves in UTF-8, not as references, or split the story.",
        )
    if len(markup) > MOST_ATTRIBUTES:
        _check_attributes(markup)
    if len(markup) > MOST_SETS * len("srcset") and len(_SETS.findall(markup)) > MOST_SETS:
        raise BodyLimitExceeded(
            "too_complex", f"HTML has at most {MOST_SETS} pictures with `srcset`. Split the story."
        )


def check_text(text: str) -> None:
    """Raise `BodyLimitExceeded` for plain text that would become too much HTML."""
    marks = sum(text.count(character) for character in "<>&")
    if marks > MOST_MARKS or text.count("\n") > MOST_LINES:
        raise BodyLimitExceeded(
            "too_complex",
            f"Plain text has at most {MOST_LINES} lines, and at most {MOST_MARKS} of the "
            "characters <, > and &. Split the story.",
        )


def check_relative(count: int, base: str) -> None:
    """Raise `BodyLimitExceeded` if resolving relative URLs would make a body far longer."""
    if count * len(base) > MOST_ADDED:
        raise BodyLimitExceeded(
            "too_complex",
            f"The relative addresses in a body are resolved against the address of the story or "
            f"its source, and add at most {MOST_ADDED} characters. Write whole addresses.",
        )


def check_nesting(markup: str) -> None:
    """Raise `BodyLimitExceeded` for too many tags, or too many open elements."""
    if markup.count("<") <= MOST_LEVELS:
        return
    still_open: Counter[str] = Counter()
    levels = opened = 0
    for count, tag in enumerate(_TAG.finditer(markup), 1):
        name = tag.group(2).lower()
        if name not in _FLAT:
            if not tag.group(1):
                still_open[name] += 1
                levels += 1
            elif still_open[name]:
                still_open[name] -= 1
                levels -= 1
        opened += levels
        if count > MOST_TAGS or levels > MOST_LEVELS or opened > MOST_OPEN:
            raise BodyLimitExceeded(
                "too_deep",
                f"Markup nests at most {MOST_LEVELS} levels and has at most {MOST_TAGS} tags, with "
                f"{MOST_OPEN} elements open around all of them together. Close elements, or split "
                "the story.",
            )


def _check_attributes(markup: str) -> None:
    for tag in _WHOLE_TAG.finditer(markup):
        if len(tag[3]) <= MOST_ATTRIBUTES:
            continue
        if sum(1 for _ in _ATTRIBUTES.finditer(tag[3])) > MOST_ATTRIBUTES:
            raise BodyLimitExceeded(
                "too_complex", f"A tag has at most {MOST_ATTRIBUTES} attributes."
            )
