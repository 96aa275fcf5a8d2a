"""Replace the secret of a webhook; the old one keeps signing for some time."""

from datetime import timedelta

from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.editing import Expected, load_for_change
from app.syndication.push.signing import make_secret
from app.syndication.push.store import receivers
from app.syndication.push.stored_secrets import StoredSecrets


def rotate_secret(
    unit: UnitOfWork, id_: str, hours: int, secrets: StoredSecrets, expected: Expected = None
) -> str:
    """Return the new secret, which is shown only once; for so many hours both secrets sign."""
    row = load_for_change(unit, id_, expected)
    secret = make_secret()
    receivers.change(
        unit.session,
        "webhook",
        id_,
        secret=secrets.write(secret, id_),
        old_secret=row.secret if hours else None,
        old_secret_until=unit.now + timedelta(hours=hours) if hours else None,
        version=row.version + 1,
        modified_at=unit.now,
    )
    unit.audit("rotated", "webhook", id_, None, {"hours": hours})
    return secret
