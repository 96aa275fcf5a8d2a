"""A feed as every format sees it: its title, its addresses, and its stories."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.syndication.model.item import Item


@dataclass(frozen=True, slots=True)
class WithdrawnItem:
    """A withdrawn story that readers of a feed may still have; `reason` is text for people."""

    id: str
    at: str
    reason: str
    version: int = 1

    @property
    def urn(self) -> str:
        """Return the URN under which readers had the story."""
        return f"urn:uuid:{self.id}"


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of a feed.

    `address` is this page; `id` is the same for all pages of the feed. `next` is the page with the
    stories that follow. `archive` is the next page in the chain of archive pages; `current` is set
    only on archive pages and leads back to the feed.
    """

    site: str
    title: str
    home: str
    address: str
    id: str
    own: str
    language: str
    updated: str
    items: Sequence[Item]
    withdrawn: Sequence[WithdrawnItem] = ()
    next: str | None = None
    archive: str | None = None
    current: str | None = None
    hub: str | None = None
