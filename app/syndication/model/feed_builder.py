"""Build a feed from a page of documents."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.delivery.invalidation import LogState
from app.kit.clock import format_instant
from app.kit.xml import remove_illegal
from app.syndication.model.addresses import Addresses
from app.syndication.model.feed import Feed, WithdrawnItem
from app.syndication.model.item import Item

_NO_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class FeedLocation:
    """The address and title of a feed; URLs are absolute."""

    site: str
    name: str | None
    address: str
    id: str
    next: str | None = None
    archive: str | None = None
    current: str | None = None
    hub: str | None = None


def build_feed(
    location: FeedLocation,
    items: Sequence[Item],
    withdrawn: Sequence[WithdrawnItem],
    addresses: Addresses,
    head: LogState,
) -> Feed:
    """Return the feed for a page of stories."""
    return Feed(
        site=remove_illegal(location.site),
        title=remove_illegal(
            f"{location.site}: {' '.join(location.name.split())}"
            if location.name
            else location.site
        ),
        home=addresses.home,
        own=addresses.own,
        address=location.address,
        id=location.id,
        language=_find_main_language(items),
        updated=_find_latest_update(items, withdrawn, head.last_change_at or head.now),
        items=items,
        withdrawn=withdrawn,
        next=location.next,
        archive=location.archive,
        current=location.current,
        hub=location.hub,
    )


def _find_main_language(items: Sequence[Item]) -> str:
    """Return the language of most stories."""
    most = Counter(item.language for item in items).most_common(1)
    return most[0][0] if most else _NO_LANGUAGE


def _find_latest_update(
    items: Sequence[Item], withdrawn: Sequence[WithdrawnItem], default: datetime
) -> str:
    instants = [*(item.updated_at for item in items), *(gone.at for gone in withdrawn)]
    return max(instants, default=format_instant(default))
