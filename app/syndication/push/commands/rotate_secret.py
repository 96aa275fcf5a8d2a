"""Give a webhook a new secret, while the one so far goes on signing for some time."""

from datetime import timedelta

from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.changing import Expected, to_change
from app.syndication.push.signing import make_secret
from app.syndication.push.store import receivers


def rotate_secret(unit: UnitOfWork, id_: str, hours: int, expected: Expected = None) -> str:
    """Return the new secret, this once; for so many hours both sign."""
    row = to_change(unit, id_, expected)
    secret = make_secret()
    receivers.change(
        unit.session,
        "webhook",
        id_,
        secret=secret,
        old_secret=row.secret if hours else None,
        old_secret_until=unit.now + timedelta(hours=hours) if hours else None,
        version=row.version + 1,
        modified_at=unit.now,
    )
    unit.audit("rotated", "webhook", id_, None, {"hours": hours})
    return secret
