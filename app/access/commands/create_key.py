"""Create an API key."""

from dataclasses import dataclass
from datetime import datetime

from app.access import store
from app.access.keys import PREFIX_LENGTH, generate_key, hash_key
from app.kit.errors import InvalidInput
from app.kit.ids import new_id
from app.kit.sql.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """The id of a new key, and the key itself, which is not stored."""

    id: str
    key: str


def create_key(
    unit: UnitOfWork,
    name: str,
    scopes: list[str],
    expires_at: datetime | None = None,
    *,
    embargoed: bool = False,
) -> CreatedKey:
    """Create a key with a name and scopes, and return it.

    A key with `embargoed` reads stories before their embargo ends.
    """
    if expires_at is not None and expires_at <= unit.now:
        raise InvalidInput.at("#/expires_at", "in_the_past", "This key would have expired already.")
    made = CreatedKey(new_id(), generate_key())
    store.insert_key(
        unit.session,
        store.KeyRow(
            id=made.id,
            name=name,
            prefix=made.key[:PREFIX_LENGTH],
            digest=hash_key(made.key),
            scopes=sorted(set(scopes)),
            embargoed=embargoed,
            created_at=unit.now,
            expires_at=expires_at,
            revoked_at=None,
            last_used_at=None,
        ),
    )
    noted = {"name": name, "scopes": sorted(set(scopes)), "embargoed": embargoed}
    unit.audit("created", "key", made.id, None, noted)
    return made
