"""A feed as every format sees it: what it is called, where it is, and the stories in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.syndication.model.item import Item


@dataclass(frozen=True, slots=True)
class WithdrawnItem:
    """A story that readers of a feed may have had, and should have no more; `reason` is for people."""

    id: str
    at: str
    reason: str
    version: int = 1

    @property
    def urn(self) -> str:
        """Return the name under which readers had the story."""
        return f"urn:uuid:{self.id}"


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of stories under one name.

    `address` is this page, `id` stays the same for all of its pages. `next` is the page of
    older stories that begins where this one ends; `archive` the one in the chain of archive
    pages, and `current` is set on these alone: it leads back to the feed.
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
