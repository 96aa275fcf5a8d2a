"""The checks of the W3C validator for RSS and Atom, reimplemented as rules.

Its sources were read class by class, and each check that concerns an element of our feeds has a
rule here. Two checks are omitted on purpose: it does not know tombstones, and it rejects two
entries with the same second.
"""

import re
from collections.abc import Iterator
from io import StringIO
from xml.sax import make_parser
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import Locator

from tests.syndication.formats.validation_rules import (
    Element,
    check_markup,
    check_prose,
    check_structure,
    check_values,
)

# Characters of wrongly decoded text, and text that was encoded twice.
_SUSPECT = re.compile("[\x80-\x9f\ufffd]|[\xc2\xc3][\x80-\xbf]")
_PROSE = set("title description name category source label".split())


class Validator(ContentHandler):
    """Parses a feed and records every error with its position."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.complaints: list[str] = []
        self.numbered = ["&#x" in line for line in text.split("\n")]
        self.stack: list[Element] = []
        self.ids: set[str] = set()

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802
        """Store the locator of the parser."""
        self.locator = locator

    def startElementNS(  # noqa: N802
        self, name: tuple[str | None, str], qname: str | None, attrs: object
    ) -> None:
        """Record the start of an element."""
        # `xml.sax` declares no type for attributes with namespaces.
        attributes = {key[1]: value for key, value in attrs.items()}  # type: ignore[attr-defined]
        line = self.locator.getLineNumber() or 0
        self.stack.append(
            Element(name[1], attributes, line, self.stack[-1] if self.stack else None)
        )

    def characters(self, content: str) -> None:
        """Collect text."""
        self.stack[-1].pieces.append(content)

    def endElementNS(  # noqa: N802
        self, name: tuple[str | None, str], qname: str | None
    ) -> None:
        """Check a complete element."""
        element = self.stack.pop()
        element.text = "".join(element.pieces)
        if element.parent is not None:
            element.parent.children[element.name] += 1
            element.parent.links += (
                [element.attrs] if element.name == "link" and element.attrs else []
            )
        for complaint in self._of(element):
            self.complaints.append(f"{element.path}: {complaint}")

    def _of(self, element: Element) -> Iterator[str]:
        yield from check_structure(element)
        yield from check_values(element)
        for text in (element.text, *element.attrs.values()):
            if _SUSPECT.search(text):
                yield "BadCharacters"
        numbered = self.numbered[element.line - 1]
        if element.name in _PROSE and element.holds_prose:
            yield from check_prose(element.text.strip(), numbered)
        if "label" in element.attrs:
            yield from check_prose(element.attrs["label"], numbered)
        if element.holds_markup:
            yield from check_markup(element.text)
        if element.name in ("guid", "id"):
            if element.text in self.ids:
                yield "DuplicateEntries"
            self.ids.add(element.text)


def find_errors(feed: bytes) -> list[str]:
    """Return all errors of an RSS or Atom feed."""
    # Lines are counted as the parser of the validator counts them.
    text = feed.decode().replace("\r\n", "\n").replace("\r", "\n")
    judge, parser = Validator(text), make_parser()
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(judge)
    parser.parse(StringIO(text))
    return judge.complaints
