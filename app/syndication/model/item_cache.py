"""A cache of parsed items, by document.

A story appears in the feeds of its categories, its source, its language and its tags, and again
whenever one of them changes. Parsing its document and rendering it is most of the cost of a feed.
"""

from collections.abc import Sequence

from app.kit.bounded_cache import BoundedCache
from app.syndication.model.addresses import Addresses
from app.syndication.model.item import Item, build_item

# Approximate bytes of the cache, and the weight of an item for each byte of its document: the
# document, its texts, and the output of formats.
_MOST = 16 * 1024 * 1024
_WEIGHT = 6
# A larger item would displace many others and is not cached.
_LARGEST = _MOST // 50


class ItemCache:
    """The items that were parsed last; the oldest are dropped first."""

    def __init__(self, addresses: Addresses) -> None:
        """Start empty; all items share the addresses."""
        self.addresses = addresses
        self._known: BoundedCache[bytes, Item] = BoundedCache(
            _MOST, lambda document, _: len(document) * _WEIGHT
        )

    def load_all(self, documents: Sequence[bytes]) -> list[Item]:
        """Parse documents."""
        return [self.load(document) for document in documents]

    def load(self, document: bytes) -> Item:
        """Parse a document, in short or full form."""
        cached = self._known.get(document)
        if cached is not None:
            return cached
        item = build_item(document, self.addresses)
        if len(document) * _WEIGHT <= _LARGEST:
            self._known[document] = item
        return item
