"""XML as text: escaping, and removal of characters that XML does not allow."""

import re

# Noncharacters at the end of every plane but the first (Unicode, 23.7).
_NEVER = "".join(chr(plane << 16 | last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
# In addition to what XML 1.0 (section 2.2) forbids: C1 controls and U+FFFD, which result from wrong
# decoding, and what HTML calls a parse error. Feed validators complain about each of them.
_ILLEGAL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffd-\uffff" + _NEVER + "]"
)
_END_TAG = re.compile(r"<(?=/\w+>)")
# Two characters that equal the two bytes of another character in UTF-8: validators take them for
# text that was encoded twice.
_TWICE = re.compile("(?<=[\xc2\xc3])(?=[\xa0-\xbf])")
_JOINER = "\u2060"
# How JSON escapes the illegal characters, and how UTF-8 encodes them. Each pattern has a first byte
# that is quick to search for.
_ESCAPES = (b"u00", b"b", b"f")
_C1 = re.compile(rb"\xc2[\x80-\x9f]")
_LAST = re.compile(rb"\xef(?:\xbf[\xbd-\xbf]|\xb7[\x90-\xaf])")


def remove_illegal(text: str) -> str:
    """Return text without characters that XML does not allow."""
    return _ILLEGAL.sub("", text)


def is_suspect(data: bytes) -> bool:
    """Tell quickly whether compact JSON may contain a character that XML does not allow."""
    return (
        b"\x7f" in data
        or any(part.startswith(_ESCAPES) for part in data.split(b"\\")[1:])
        or (b"\xc2" in data and _C1.search(data) is not None)
        or (b"\xef" in data and _LAST.search(data) is not None)
        or b"\xbf\xbe" in data
        or b"\xbf\xbf" in data
    )


def escape_text(text: str) -> str:
    """Escape text for the content of an element."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_plain(text: str) -> str:
    """Escape text for an element in which some feed readers expect markup.

    Numeric references tell careful readers that there is no markup. Others would still drop text
    that looks like an end tag, so an invisible joiner breaks it up.
    """
    if "</" in text:
        text = _END_TAG.sub(f"<{_JOINER}", text)
    text = text.replace("&", "&#x26;").replace("<", "&#x3C;").replace(">", "&#x3E;")
    return text.replace("\n", "&#xA;").replace("\r", "&#xD;")


def escape_attribute(text: str) -> str:
    """Escape text for the value of an attribute in double quotes."""
    return escape_text(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def wrap_in_cdata(text: str) -> str:
    """Return text as a CDATA section; an end marker in the text is split in two sections."""
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def build_element(name: str, text: str | None) -> str:
    """Return an element with text, or an empty string if there is no text."""
    return f"<{name}>{escape_text(text)}</{name}>" if text else ""


def encode_xml(text: str) -> bytes:
    """Encode XML, for readers that take some character pairs for text that was encoded twice.

    An invisible joiner between the two characters prevents that.
    """
    if "\xc2" in text or "\xc3" in text:
        text = _TWICE.sub(_JOINER, text)
    return text.encode()
