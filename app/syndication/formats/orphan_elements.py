"""Parts of lists and of ruby that stand outside them, said by elements that may stand anywhere.

Who wrote the body meant something to be seen there. A parser that knows HTML as it was would end
what is around it instead, and who checks with one would complain.
"""

import re

# Stored markup has its attributes in double quotes, and a ">" in one does not end the tag.
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:[^<>"]|"[^"]*")*)>')
_VOID = frozenset("br col hr img source track wbr".split())
_PARENTS = {
    "dd": {"dl"},
    "dt": {"dl"},
    "li": {"ol", "ul"},
    "rp": {"ruby"},
    "rt": {"ruby"},
}
_REPLACEMENTS = {"dd": "div", "dt": "div", "li": "div", "rp": "span", "rt": "span"}
_CANDIDATE = re.compile(r"<(?:d[dt]|li|r[pt])\b")


def replace_orphans(markup: str) -> str:
    """Return a body in which parts of lists and of ruby stand in these alone."""
    if _CANDIDATE.search(markup) is None:
        return markup
    parts, open_elements, last = list[str](), list[str](), 0
    for tag in _TAG.finditer(markup):
        ends, name, rest = tag.groups()
        parts.append(markup[last : tag.start()])
        last = tag.end()
        if ends:
            parts.append(f"</{open_elements.pop() if open_elements else name}>")
            continue
        element = _element_for(name, open_elements)
        parts.append(f"<{element}{rest}>")
        if name not in _VOID:
            open_elements.append(element)
    return "".join([*parts, markup[last:]])


def _element_for(name: str, open_elements: list[str]) -> str:
    """Return the element that says what one of a name means within others."""
    parents = _PARENTS.get(name)
    if parents is None:
        return name
    # Groups of a list of descriptions stand in `div`.
    ancestors = (
        element
        for element in reversed(open_elements)
        if element != "div" or name not in ("dd", "dt")
    )
    return name if next(ancestors, "") in parents else _REPLACEMENTS[name]
