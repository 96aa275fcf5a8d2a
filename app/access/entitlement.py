"""The entitlement that decides which stories a reader may see, and in which form.

An entitlement is an ordered list of grants. A story is sent in the form of the first grant that
includes it. "Everything that is public" is one grant, so there is one rule for all readers.
Entitlements are evaluated for each request and never stored: a change of an agreement makes
another digest, and takes effect with the next request.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from app.access.limits.partner_limits import NO_LIMITS, PartnerLimits
from app.access.selection import Selection, SelectionFields, selection_to_json
from app.kit import json
from app.kit.clock import MICROSECOND, parse_instant
from app.kit.cursor import fingerprint

GrantForm = Literal["full", "headline"]
_NO_DELAY = timedelta()


@dataclass(frozen=True, slots=True)
class Grant:
    """Stories of a selection, in a form.

    A story is granted from `delay` after its publication, and until `depth` after it (None: for
    ever). `embargoed` includes stories under embargo. Without `images`, stories have no images,
    no audio and no video.
    """

    selection: Selection = Selection()
    form: GrantForm = "full"
    images: bool = True
    embargoed: bool = False
    delay: timedelta = _NO_DELAY
    depth: timedelta | None = None

    @property
    def is_unlimited(self) -> bool:
        """Tell whether it includes all public stories, whole and without delay."""
        return self == Grant(embargoed=self.embargoed)

    @property
    def is_timed(self) -> bool:
        """Tell whether the passing of time alone changes what it includes."""
        return self.delay > _NO_DELAY or self.depth is not None

    @property
    def offsets(self) -> tuple[timedelta, ...]:
        """Return the delay and the depth: when a story enters and leaves, after its publication."""
        enters = (self.delay,) if self.delay > _NO_DELAY and not self.embargoed else ()
        # A story leaves just after the end of the depth.
        leaves = (self.depth + MICROSECOND,) if self.depth is not None else ()
        return enters + leaves

    def includes(self, attributes: SelectionFields, now: datetime) -> bool:
        """Tell whether a story with these attributes is granted now."""
        published_at = parse_instant(attributes["published_at"])
        if published_at > now - self.delay and not self.embargoed:
            return False
        is_too_old = self.depth is not None and published_at < now - self.depth
        return not is_too_old and self.selection.matches(attributes)


@dataclass(frozen=True, slots=True, eq=False)
class Entitlement:
    """The grants of a reader, in order; without grants, a reader sees no story.

    `is_unlimited` means that it includes all public stories, whole and without delay; `embargoed`,
    that it includes stories under embargo; `has_bodies`, that it includes whole stories;
    `is_timed`, that the passing of time alone changes which stories it includes.

    Two entitlements with the same `digest` are equal. It is a short hash (16 hexadecimal digits)
    of the grants, and stands in cache keys and cursors. It does not depend on a key or a process.
    """

    grants: tuple[Grant, ...] = (Grant(),)
    # Computed once, because they are read for each request.
    digest: str = field(init=False)
    is_unlimited: bool = field(init=False)
    embargoed: bool = field(init=False)
    has_bodies: bool = field(init=False)
    is_timed: bool = field(init=False)

    def __post_init__(self) -> None:
        """Compute what follows from the grants."""
        grants = self.grants
        computed = {
            "digest": fingerprint(_describe(grants)),
            "is_unlimited": len(grants) == 1 and grants[0].is_unlimited,
            "embargoed": any(grant.embargoed for grant in grants),
            "has_bodies": any(grant.form == "full" for grant in grants),
            "is_timed": any(grant.is_timed for grant in grants),
        }
        for name, value in computed.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entitlement) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def offsets(self) -> tuple[timedelta, ...]:
        """Return how long after its publication a story may enter, leave, or change its form."""
        return tuple(sorted({offset for grant in self.grants for offset in grant.offsets}))

    def find_grant(self, attributes: SelectionFields, now: datetime) -> Grant | None:
        """Return the first grant that includes a story with these attributes."""
        for grant in self.grants:
            if grant.includes(attributes, now):
                return grant
        return None

    def without_embargo(self) -> "Entitlement":
        """Return the same without stories under embargo, for formats that cannot mark them."""
        if not self.embargoed:
            return self
        return combine(map(_close_embargo, self.grants))


class TimedEntitlement(NamedTuple):
    """An entitlement, the instant at which another one holds, if that is known, and limits."""

    entitlement: Entitlement
    until: datetime | None = None
    limits: PartnerLimits = NO_LIMITS


def combine(grants: Iterable[Grant]) -> Entitlement:
    """Return the entitlement of grants: full before headline, with images before without."""
    listed = dict.fromkeys(grants)
    ordered = sorted(listed, key=lambda grant: (grant.form != "full", not grant.images))
    combined = Entitlement(tuple(ordered))
    return PUBLIC if combined == PUBLIC else combined


def _close_embargo(grant: Grant) -> Grant:
    return replace(grant, embargoed=False)


def _describe(grants: tuple[Grant, ...]) -> str:
    if len(grants) == 1 and grants[0].is_unlimited:
        # Cursors of earlier releases have this digest.
        return f"rights embargoed={int(grants[0].embargoed)}"
    return json.dumps_text(
        [
            [
                selection_to_json(grant.selection),
                grant.form,
                grant.images,
                grant.embargoed,
                grant.delay.total_seconds(),
                None if grant.depth is None else grant.depth.total_seconds(),
            ]
            for grant in grants
        ]
    )


PUBLIC = Entitlement()
EMBARGOED = Entitlement((Grant(embargoed=True),))
HEADLINES = Entitlement((Grant(form="headline"),))
NOTHING = Entitlement(())
