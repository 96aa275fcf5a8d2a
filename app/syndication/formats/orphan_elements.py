"""Parts of lists and of ruby that stand outside them, said by elements that may stand anywhere.

Who wrote the body meant something to be seen there. A parser that knows HTML as it was would end
what is around it instead, and who checks with one would complain.
"""

import re

# Stored markup has its attributes in double quotes, and a ">" in one does not end the tag.
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:[^<>"]|"[^"]*")*)>')
_VOID = frozenset("br col hr img source track wbr".split())
_AT_HOME = {
    "dd": {"dl"},
    "dt": {"dl"},
    "li": {"ol", "ul"},
    "rp": {"ruby"},
    "rt": {"ruby"},
}
_INSTEAD = {"dd": "div", "dt": "div", "li": "div", "rp": "span", "rt": "span"}
_SOME = re.compile(r"<(?:d[dt]|li|r[pt])\b")


def without_strays(markup: str) -> str:
    """Return a body in which parts of lists and of ruby stand in these alone."""
    if _SOME.search(markup) is None:
        return markup
    parts, around, last = list[str](), list[str](), 0
    for tag in _TAG.finditer(markup):
        ends, name, rest = tag.groups()
        parts.append(markup[last : tag.start()])
        last = tag.end()
        if ends:
            parts.append(f"</{around.pop() if around else name}>")
            continue
        written = _written(name, around)
        parts.append(f"<{written}{rest}>")
        if name not in _VOID:
            around.append(written)
    return "".join([*parts, markup[last:]])


def _written(name: str, around: list[str]) -> str:
    """Return the element that says what one of a name means within others."""
    homes = _AT_HOME.get(name)
    if homes is None:
        return name
    # Groups of a list of descriptions stand in `div`.
    inside = (
        element for element in reversed(around) if element != "div" or name not in ("dd", "dt")
    )
    return name if next(inside, "") in homes else _INSTEAD[name]
