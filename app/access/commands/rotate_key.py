"""Replace an API key by a new one; the old one ends after an overlap."""

from datetime import datetime, timedelta

from app.access import store
from app.access.commands.create_key import CreatedKey, generate
from app.access.errors import KeyNotFound, WrongKeyState
from app.access.keys import is_over
from app.access.store import KeyRow
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork


def rotate_key(unit: UnitOfWork, ref: str, overlap_minutes: int) -> CreatedKey:
    """Create a key with the name and the rights of another, and return it.

    If the old key has an expiry time, the new key has the same lifetime.
    """
    row = _lock_valid_key(unit, ref)
    created, digest = generate(row.partner_id, is_bound=bool(row.networks or row.origins))
    store.insert_key(
        unit.session,
        row._replace(
            id=created.id,
            prefix=created.prefix,
            digest=digest,
            created_at=unit.now,
            expires_at=_find_end(row, unit.now),
            last_used_at=None,
            last_used_from=None,
            rotated_from=row.id,
        ),
    )
    ends_at = unit.now + timedelta(minutes=overlap_minutes)
    if row.expires_at is not None:
        ends_at = min(ends_at, row.expires_at)
    store.end_key(unit.session, row.id, ends_at)
    noted = {"name": row.name, "scopes": row.scopes, "rotated_from": row.id}
    unit.audit("created", "key", created.id, None, noted)
    unit.audit(
        "rotated",
        "key",
        row.id,
        {"expires_at": row.expires_at},
        {"expires_at": ends_at, "rotated_to": created.id},
    )
    return created


def _find_end(row: KeyRow, now: datetime) -> datetime | None:
    """Return when the new key ends."""
    if row.expires_at is None:
        return None
    try:
        return now + (row.expires_at - row.created_at)
    except OverflowError:
        # It would be after the year 9999.
        return row.expires_at


def _lock_valid_key(unit: UnitOfWork, ref: str) -> KeyRow:
    """Lock a key, and return it if it can be rotated."""
    found = store.find_key(unit.session, ref)
    if found is None:
        raise KeyNotFound(f"There is no key with the id or prefix {quote_text(ref)}.")
    store.lock_key(unit.session, found.id)
    row = store.find_key(unit.session, found.id)
    assert row is not None
    if is_over(row, unit.now):
        raise WrongKeyState(f"The key {row.prefix}… is not valid any more. Create a new one.")
    successor = store.find_successor(unit.session, row.id)
    if successor is not None:
        raise WrongKeyState(f"The key {row.prefix}… was rotated; {successor}… is the new one.")
    return row
