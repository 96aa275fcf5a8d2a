"""XML as text: escaped, and without the characters that no document may hold."""

import re

# Beyond what XML 1.0 (section 2.2) forbids: C1 controls and U+FFFD, which are all that is left
# where text was decoded wrongly, and which readers of feeds complain of.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd-\uffff]")
# How JSON in UTF-8 writes them. Each begins with one byte that is looked for quickly.
_TRACES = (
    re.compile(rb"\\(?:u00|b|f)"),
    re.compile(rb"\x7f"),
    re.compile(rb"\xc2[\x80-\x9f]"),
    re.compile(rb"\xef\xbf[\xbd-\xbf]"),
)


def legal(text: str) -> str:
    """Return text without the characters that no XML holds."""
    return _ILLEGAL.sub("", text)


def is_suspect(data: bytes) -> bool:
    """Tell whether compact JSON may hold a character that XML does not; a quick look, often."""
    return any(one.search(data) is not None for one in _TRACES)


def escaped(text: str) -> str:
    """Return text as the content of an element."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attribute(text: str) -> str:
    """Return text as the value of an attribute between double quotes."""
    return escaped(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def cdata(text: str) -> str:
    """Return text as a section that needs no escapes; its end in the text is split in two."""
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def element(name: str, text: str | None) -> str:
    """Return an element with text in it, or nothing where there is none."""
    return f"<{name}>{escaped(text)}</{name}>" if text else ""
