"""How deep HTML nests, before a parser is asked to find out.

What a parser of HTML does with unclosed tags takes time with the square of their number, so a
megabyte of `<div>` would keep it busy for minutes. No text that people read comes near these
limits.
"""

import re
from collections import Counter

MOST_LEVELS = 100
MOST_TAGS = 50_000
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
# Elements that have no end, and those that end where the next of their kind begins.
_FLAT = frozenset(
    "area base br col embed hr img input link meta source track wbr p li dt dd tr td th "
    "thead tbody tfoot option rp rt".split()
)


def is_too_deep(markup: str) -> bool:
    """Tell whether markup has more tags, or more of them open at once, than any text has."""
    if markup.count("<") <= MOST_LEVELS:
        return False
    still_open: Counter[str] = Counter()
    levels = 0
    for count, tag in enumerate(_TAG.finditer(markup), 1):
        name = tag.group(2).lower()
        if count > MOST_TAGS:
            return True
        if name in _FLAT:
            continue
        if not tag.group(1):
            still_open[name] += 1
            levels += 1
        elif still_open[name]:
            still_open[name] -= 1
            levels -= 1
        if levels > MOST_LEVELS:
            return True
    return False
