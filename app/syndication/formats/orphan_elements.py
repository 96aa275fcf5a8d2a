"""Replace list items and ruby parts outside lists and ruby by neutral elements.

The author wanted their text to be visible. An HTML 4 parser would close the elements around them,
and a validator would report an error.
"""

import re

# Stored markup has its attributes in double quotes; ">" inside one does not end the tag.
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
    """Return a body without list items and ruby parts outside their parents."""
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
    """Return the element to write for a tag inside other elements."""
    parents = _PARENTS.get(name)
    if parents is None:
        return name
    # `div` may group the items of a description list.
    ancestors = (
        element
        for element in reversed(open_elements)
        if element != "div" or name not in ("dd", "dt")
    )
    return name if next(ancestors, "") in parents else _REPLACEMENTS[name]
