"""The entitlements of partners, from their agreements and products.

Anything that cannot be read grants nothing, so a reader may see less than was agreed, never more.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from itertools import groupby

from app.access.entitlement import NOTHING, Entitlement, Grant, TimedEntitlement, combine
from app.access.limits.partner_limits import PartnerLimits
from app.kit.sql.database import Database
from app.kit.sql.session import ReadSession
from app.partners.errors import UnreadableProduct
from app.partners.store.partners import AGREEMENTS, AgreementRow
from app.partners.terms import GrantColumns, build_grant


class PartnerEntitlements:
    """Loads the entitlements of partners, with one statement."""

    def __init__(self, database: Database) -> None:
        """Load them from a database."""
        self._database = database

    def resolve(self, partner_id: str, now: datetime) -> TimedEntitlement:
        """Return the entitlement of a partner, and the time at which it changes."""
        return self.resolve_all((partner_id,), now)[partner_id]

    def resolve_all(
        self, partner_ids: Collection[str], now: datetime
    ) -> dict[str, TimedEntitlement]:
        """Return the entitlements of some partners by id."""
        rows = self._database.fetch(AGREEMENTS, {"values": partner_ids})
        return _build_entitlements(rows, partner_ids, now)


def load_entitlements(
    session: ReadSession, partner_ids: Collection[str], now: datetime
) -> dict[str, TimedEntitlement]:
    """Return the entitlements of some partners by id, in a transaction."""
    rows = session.all(AGREEMENTS, {"values": partner_ids})
    return _build_entitlements(rows, partner_ids, now)


def _build_entitlements(
    rows: Iterable[AgreementRow], partner_ids: Collection[str], now: datetime
) -> dict[str, TimedEntitlement]:
    found = dict.fromkeys(partner_ids, TimedEntitlement(NOTHING))
    for partner_id, agreement in groupby(rows, lambda row: row.partner_id):
        found[partner_id] = build_entitlement(list(agreement), now)
    return found


def build_entitlement(rows: list[AgreementRow], now: datetime) -> TimedEntitlement:
    """Return what an agreement grants: a row for each of its products."""
    starts_at, ends_at = rows[0].starts_at, rows[0].ends_at
    limits = PartnerLimits(*rows[0][3:6])
    later = [moment for moment in (starts_at, ends_at) if moment is not None and moment > now]
    until = min(later, default=None)
    has_started = starts_at is None or starts_at <= now
    has_ended = ends_at is not None and ends_at <= now
    if not has_started or has_ended:
        return TimedEntitlement(NOTHING, until, limits)
    return TimedEntitlement(_combine_products(rows), until, limits)


def _combine_products(rows: Iterable[AgreementRow]) -> Entitlement:
    products = (GrantColumns(*row[6:]) for row in rows if row.selection is not None)
    try:
        return _combine_grants(tuple(map(build_grant, products)))
    except UnreadableProduct:
        return NOTHING


@lru_cache(maxsize=4_096)  # of agreements, whose products share their grants
def _combine_grants(grants: tuple[Grant, ...]) -> Entitlement:
    return combine(grants)
