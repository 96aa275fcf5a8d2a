"""The caller of a request."""

from dataclasses import dataclass
from datetime import datetime

from app.access.entitlement import PUBLIC, Entitlement
from app.access.errors import Forbidden, KeyRequired
from app.access.key_binding import KeyBinding
from app.access.limits.partner_limits import NO_LIMITS, PartnerLimits
from app.access.scopes import Scope
from app.kit.sql.unit_of_work import PERSON, Actor


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a key, a session or a feed token, or an anonymous client (without any).

    A session belongs to a key or to a person. `use_noted_at` is when a use of the key or session
    was last recorded. `binding` has the networks and origins that the
    key may be used from. `entitlement` has the stories that it may read, until `entitled_until` if
    that is set.
    `partner_id` is the partner of a key or token, and `limits` are those of its agreement.
    `address` and `request_id` are those of the request.
    """

    key_id: str | None = None
    name: str = "anonymous"
    prefix: str | None = None
    scopes: tuple[str, ...] = ()
    scope: Scope | None = None
    expires_at: datetime | None = None
    use_noted_at: datetime | None = None
    binding: KeyBinding | None = None
    entitlement: Entitlement = PUBLIC
    entitled_until: datetime | None = None
    partner_id: str | None = None
    limits: PartnerLimits = NO_LIMITS
    feed_token_id: str | None = None
    person_id: str | None = None
    session_id: str | None = None
    address: str | None = None
    request_id: str | None = None

    @property
    def actor(self) -> Actor:
        """Return the actor that this caller's changes are recorded for."""
        return Actor(
            self.key_id or self.person_id,
            self.name,
            self.address,
            self.request_id,
            self.session_id,
            None if self.person_id is None else PERSON,
        )

    @property
    def holder_id(self) -> str | None:
        """Return the id of the key or person that acts."""
        return self.key_id or self.person_id

    @property
    def is_anonymous(self) -> bool:
        """Tell whether the request has neither a key, nor a session, nor a feed token."""
        return self.key_id is None and self.person_id is None and self.feed_token_id is None

    @property
    def embargoed(self) -> bool:
        """Tell whether this caller may read stories under embargo."""
        return self.entitlement.embargoed

    def has_expired(self, now: datetime) -> bool:
        """Tell whether the key has expired."""
        return self.expires_at is not None and self.expires_at <= now

    def is_outdated(self, now: datetime) -> bool:
        """Tell whether the key has expired, or the entitlement is not current any more."""
        return self.has_expired(now) or (
            self.entitled_until is not None and self.entitled_until <= now
        )

    def allows(self, scope: Scope) -> bool:
        """Tell whether this caller has a scope or a higher one."""
        return self.scope is not None and self.scope >= scope

    def require(self, scope: Scope) -> None:
        """Raise unless this caller has a scope or a higher one."""
        if self.key_id is None and self.scope is None:
            raise KeyRequired(
                f"This needs a key with the scope {scope.name!r}, sent as "
                "'Authorization: Bearer …' or 'X-Api-Key: …'."
            )
        if not self.allows(scope):
            has = " and ".join(map(repr, self.scopes))
            holder = f"key {self.prefix}…" if self.key_id is not None else "session"
            raise Forbidden(f"This needs the scope {scope.name!r}; the {holder} has {has}.")


ANONYMOUS = Caller()
