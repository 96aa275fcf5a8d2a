"""What the validator of the W3C complains of in RSS and Atom, as rules of our own.

Its sources were read class by class, and each that may speak of an element of ours has a rule here.
Two complaints are left out, since both are meant: that it does not know tombstones, and that two
entries may share a second.
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

# What is left where a text was decoded wrongly, and what it is where one was encoded twice.
_SUSPECT = re.compile("[\x80-\x9f\ufffd]|[\xc2\xc3][\x80-\xbf]")
_PROSE = set("title description name category source label".split())


class Validator(ContentHandler):
    """Reads a feed and notes every complaint, with where it stands."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.complaints: list[str] = []
        self.numbered = ["&#x" in line for line in text.split("\n")]
        self.stack: list[Element] = []
        self.ids: set[str] = set()

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802
        """Keep what knows where the parser is."""
        self.locator = locator

    def startElementNS(  # noqa: N802
        self, name: tuple[str | None, str], qname: str | None, attrs: object
    ) -> None:
        """Note where an element begins."""
        given = {key[1]: value for key, value in attrs.items()}  # type: ignore[attr-defined]
        line = self.locator.getLineNumber() or 0
        self.stack.append(Element(name[1], given, line, self.stack[-1] if self.stack else None))

    def characters(self, content: str) -> None:
        """Gather text."""
        self.stack[-1].pieces.append(content)

    def endElementNS(  # noqa: N802
        self, name: tuple[str | None, str], qname: str | None
    ) -> None:
        """Judge an element that is whole."""
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
    """Return all that there is to complain of in an RSS or Atom feed."""
    # As the validator reads what it fetches: its lines are those of the parser.
    text = feed.decode().replace("\r\n", "\n").replace("\r", "\n")
    judge, parser = Validator(text), make_parser()
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(judge)
    parser.parse(StringIO(text))
    return judge.complaints
