"""Revoke an API key."""

from app.access import store
from app.access.errors import KeyNotFound
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork


def revoke_key(unit: UnitOfWork, ref: str) -> str:
    """Revoke the key with an id or a prefix, immediately and permanently; return its id."""
    row = store.find_key(unit.session, ref)
    if row is None:
        raise KeyNotFound(f"There is no key with the id or prefix {quote_text(ref)}.")
    store.revoke_key(unit.session, row.id, unit.now)
    key_id: str = row.id
    unit.audit("revoked", "key", key_id, {"name": row.name}, None)
    return key_id
