"""Create an API key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.access import store
from app.access.keys import PREFIX_LENGTH, generate_key, hash_key
from app.kit.errors import InvalidInput
from app.kit.ids import new_id
from app.kit.sql.unit_of_work import UnitOfWork

_SCOPES_OF_PARTNERS = frozenset({"read", "webhooks"})


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """The id of a new key, and the key itself, which is not stored."""

    id: str
    key: str

    @property
    def prefix(self) -> str:
        """Return the part of the key that is stored and shown."""
        return self.key[:PREFIX_LENGTH]


def create_key(
    unit: UnitOfWork,
    name: str,
    scopes: list[str],
    expires_at: datetime | None = None,
    *,
    embargoed: bool = False,
    partner_id: str | None = None,
    networks: Sequence[str] = (),
    origins: Sequence[str] = (),
) -> CreatedKey:
    """Create a key with a name and scopes, and return it.

    A key with `embargoed` reads stories before their embargo ends. The key of a partner reads what
    its products grant. A key with networks or origins can be used only from these.
    """
    _check_rights(scopes, partner_id, embargoed=embargoed)
    if expires_at is not None and expires_at <= unit.now:
        raise InvalidInput.at("#/expires_at", "in_the_past", "This key would have expired already.")
    created, digest = generate(partner_id, is_bound=bool(networks or origins))
    store.insert_key(
        unit.session,
        store.KeyRow(
            id=created.id,
            name=name,
            prefix=created.prefix,
            digest=digest,
            scopes=sorted(set(scopes)),
            embargoed=embargoed,
            created_at=unit.now,
            expires_at=expires_at,
            revoked_at=None,
            last_used_at=None,
            partner_id=partner_id,
            networks=list(networks) or None,
            origins=list(origins) or None,
        ),
    )
    noted: dict[str, Any] = {"name": name, "scopes": sorted(set(scopes)), "embargoed": embargoed}
    if partner_id is not None:
        noted["partner"] = partner_id
    if networks:
        noted["networks"] = list(networks)
    if origins:
        noted["origins"] = list(origins)
    unit.audit("created", "key", created.id, None, noted)
    return created


def generate(partner_id: str | None, *, is_bound: bool) -> tuple[CreatedKey, bytes]:
    """Return a new key, and its hash."""
    created = CreatedKey(new_id(), generate_key())
    return created, hash_key(created.key, partner_id, is_bound=is_bound)


def _check_rights(scopes: list[str], partner_id: str | None, *, embargoed: bool) -> None:
    """Refuse rights that the key of a partner, or any other key, cannot have."""
    if partner_id is None:
        if "webhooks" in scopes:
            raise InvalidInput.at(
                "#/scopes", "not_allowed", "Only the key of a partner has the scope 'webhooks'."
            )
        return
    others = sorted(set(scopes) - _SCOPES_OF_PARTNERS)
    if others:
        raise InvalidInput.at(
            "#/scopes",
            "not_allowed",
            f"The key of a partner has the scopes 'read' and 'webhooks' only, not {others[0]!r}.",
        )
    if embargoed:
        raise InvalidInput.at(
            "#/embargoed",
            "not_allowed",
            "The products of a partner decide whether it reads stories under embargo.",
        )
