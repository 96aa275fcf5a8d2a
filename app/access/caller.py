"""Who stands behind a request."""

from dataclasses import dataclass
from datetime import datetime

from app.access.access_rights import AccessRights
from app.access.errors import Forbidden, KeyRequired
from app.access.scopes import Scope
from app.kit.sql.unit_of_work import Actor


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a key, or anybody (`key_id` and `scope` are then absent).

    `use_recorded_at` is when a use of the key was last written down; `embargoed` says that it reads
    what is under embargo. `address` and `request_id` say where the request came from.
    """

    key_id: str | None = None
    name: str = "anonymous"
    prefix: str | None = None
    scopes: tuple[str, ...] = ()
    scope: Scope | None = None
    expires_at: datetime | None = None
    use_recorded_at: datetime | None = None
    embargoed: bool = False
    address: str | None = None
    request_id: str | None = None

    @property
    def actor(self) -> Actor:
        """Return the name under which this caller's changes are recorded."""
        return Actor(self.key_id, self.name, self.address, self.request_id)

    @property
    def rights(self) -> AccessRights:
        """Return what this caller may see of the stories."""
        return AccessRights(embargoed=self.embargoed)

    def has_expired(self, now: datetime) -> bool:
        """Tell whether the key's time is over."""
        return self.expires_at is not None and self.expires_at <= now

    def allows(self, scope: Scope) -> bool:
        """Tell whether this caller stands at a scope or above it."""
        return self.scope is not None and self.scope >= scope

    def require(self, scope: Scope) -> None:
        """Refuse a caller who stands below a scope."""
        if self.scope is None:
            raise KeyRequired(
                f"This needs a key with the scope {scope.name!r}, sent as "
                "'Authorization: Bearer …' or 'X-Api-Key: …'."
            )
        if self.scope < scope:
            raise Forbidden(
                f"This needs the scope {scope.name!r}; the key {self.prefix}… has "
                f"{self.scope.name!r}."
            )


ANONYMOUS = Caller()
