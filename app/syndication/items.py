"""Stories as formats see them, remembered by the documents that they were made of.

A story stands in the feeds of its categories, its source, its language and its tags, and in each
of them again when another story comes. Reading its document and writing it in a format is most of
what a feed costs.
"""

from collections.abc import Sequence

from app.kit.bounded_cache import BoundedCache
from app.syndication.addresses import Addresses
from app.syndication.item import Item, item_of

# Bytes that are kept, about; and what a story weighs for each byte of its document: the document,
# its texts, and what formats make of them.
_MOST = 16 * 1024 * 1024
_WEIGHT = 6
# One that would push out many others is made anew each time.
_LARGEST = _MOST // 50


class Items:
    """The stories that were read last; the oldest go first."""

    def __init__(self, addresses: Addresses) -> None:
        """Remember nothing yet; addresses are the same for all."""
        self.addresses = addresses
        self._known: BoundedCache[bytes, Item] = BoundedCache(
            _MOST, lambda document, _: len(document) * _WEIGHT
        )

    def of_all(self, documents: Sequence[bytes]) -> list[Item]:
        """Read finished documents."""
        return [self.of(one) for one in documents]

    def of(self, document: bytes) -> Item:
        """Read a finished document, in short form or whole."""
        known = self._known.get(document)
        if known is not None:
            return known
        item = item_of(document, self.addresses)
        if len(document) * _WEIGHT <= _LARGEST:
            self._known[document] = item
        return item
