"""XML as text: escaped, and without the characters that no document may hold."""

import re

# The last two of every plane but the first, and those within it: never characters (Unicode, 23.7).
_NEVER = "".join(chr(plane << 16 | last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
# Beyond what XML 1.0 (section 2.2) forbids: C1 controls and U+FFFD, which are all that is left
# where text was decoded wrongly, and what HTML calls an error in a body; readers complain of each.
_ILLEGAL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffd-\uffff" + _NEVER + "]"
)
_END_TAG = re.compile(r"<(?=/\w+>)")
# A letter that is the first byte of others in UTF-8, and what is the second: they are taken for a
# text that was encoded twice.
_TWICE = re.compile("(?<=[\xc2\xc3])(?=[\xa0-\xbf])")
_JOINER = "\u2060"
# How JSON writes them after a backslash, and in UTF-8. Each begins with one byte that is looked
# for in no time.
_ESCAPES = (b"u00", b"b", b"f")
_C1 = re.compile(rb"\xc2[\x80-\x9f]")
_LAST = re.compile(rb"\xef(?:\xbf[\xbd-\xbf]|\xb7[\x90-\xaf])")


def remove_illegal(text: str) -> str:
    """Return text without the characters that no XML holds."""
    return _ILLEGAL.sub("", text)


def is_suspect(data: bytes) -> bool:
    """Tell whether compact JSON may hold a character that XML does not; a quick look, often."""
    return (
        b"\x7f" in data
        or any(one.startswith(_ESCAPES) for one in data.split(b"\\")[1:])
        or (b"\xc2" in data and _C1.search(data) is not None)
        or (b"\xef" in data and _LAST.search(data) is not None)
        or b"\xbf\xbe" in data
        or b"\xbf\xbf" in data
    )


def escape_text(text: str) -> str:
    """Return text as the content of an element."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_plain(text: str) -> str:
    """Return text for an element in which some readers look for markup.

    The numbers tell careful readers, line by line, that none is meant. What reads as the end of
    a tag would be taken for one all the same, and dropped; a joiner that nobody sees keeps it.
    """
    if "</" in text:
        text = _END_TAG.sub(f"<{_JOINER}", text)
    text = text.replace("&", "&#x26;").replace("<", "&#x3C;").replace(">", "&#x3E;")
    return text.replace("\n", "&#xA;").replace("\r", "&#xD;")


def escape_attribute(text: str) -> str:
    """Return text as the value of an attribute between double quotes."""
    return escape_text(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def wrap_in_cdata(text: str) -> str:
    """Return text as a section that needs no escapes; its end in the text is split in two."""
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def build_element(name: str, text: str | None) -> str:
    """Return an element with text in it, or nothing where there is none."""
    return f"<{name}>{escape_text(text)}</{name}>" if text else ""


def encode_xml(text: str) -> bytes:
    """Return XML as it is sent to readers who suspect texts that look as if encoded twice.

    A joiner that nobody sees between the two letters says that they are meant.
    """
    if "\xc2" in text or "\xc3" in text:
        text = _TWICE.sub(_JOINER, text)
    return text.encode()
