"""Revoke a feed token."""

from app.kit.sql.unit_of_work import UnitOfWork
from app.partners import queries
from app.partners.store import feed_tokens


def revoke_feed_token(unit: UnitOfWork, partner: str, id_: str) -> str:
    """Revoke a token of a partner, immediately and permanently; return the partner's id."""
    row = queries.load_partner(unit.session, partner)
    view = queries.show_feed_token(unit.session, row.id, id_)
    if view["revoked_at"] is None:
        feed_tokens.revoke_token(unit.session, view["id"], unit.now)
        noted = {"partner": row.slug, "product": view["product"]}
        unit.audit("revoked", "feed_token", view["id"], noted, None)
    return row.id
