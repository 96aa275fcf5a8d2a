"""From a page of finished documents to a feed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.delivery.freshness import LogState
from app.kit.clock import format_instant
from app.kit.xml import remove_illegal
from app.syndication.addresses import Addresses
from app.syndication.feed import Feed, Withdrawn
from app.syndication.item import Item

_NO_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a feed is, and what it is called; addresses are whole."""

    site: str
    name: str | None
    address: str
    id: str
    next: str | None = None
    archive: str | None = None
    current: str | None = None
    hub: str | None = None


def feed_of(
    place: Place,
    items: Sequence[Item],
    withdrawn: Sequence[Withdrawn],
    addresses: Addresses,
    head: LogState,
) -> Feed:
    """Return the feed that a page of stories makes."""
    return Feed(
        site=remove_illegal(place.site),
        title=remove_illegal(
            f"{place.site}: {' '.join(place.name.split())}" if place.name else place.site
        ),
        home=addresses.home,
        own=addresses.own,
        address=place.address,
        id=place.id,
        language=_language(items),
        updated=_updated(items, withdrawn, head.last_change_at or head.now),
        items=items,
        withdrawn=withdrawn,
        next=place.next,
        archive=place.archive,
        current=place.current,
        hub=place.hub,
    )


def _language(items: Sequence[Item]) -> str:
    """Return the language of most stories."""
    most = Counter(one.language for one in items).most_common(1)
    return most[0][0] if most else _NO_LANGUAGE


def _updated(items: Sequence[Item], withdrawn: Sequence[Withdrawn], otherwise: datetime) -> str:
    told = [*(one.updated_at for one in items), *(one.at for one in withdrawn)]
    return max(told, default=format_instant(otherwise))
