"""Check that the rights of a caller hold while its request waits, or while it listens."""

from dataclasses import dataclass

from app.access.caller import Caller
from app.access.entitlement import Entitlement, FindEntitlement
from app.access.errors import RightsChanged
from app.access.key_validity import require_valid_key
from app.kit.clock import Clock
from app.kit.sql.database import Database


@dataclass(frozen=True, slots=True)
class CurrentRights:
    """Knows the rights that callers have now.

    Keys without a partner keep their entitlement. That of anonymous readers changes only if it
    comes from a product (`anonymous_changes`).
    """

    database: Database
    clock: Clock
    find_entitlement: FindEntitlement
    anonymous_changes: bool

    def may_change(self, caller: Caller) -> bool:
        """Tell whether a caller may get other rights, or lose them, while it is connected."""
        return caller.key_id is not None or self.anonymous_changes

    def is_derived(self, caller: Caller) -> bool:
        """Tell whether the entitlement of a caller comes from products."""
        return caller.partner_id is not None or (caller.key_id is None and self.anonymous_changes)

    def load(self, partners: set[str | None]) -> dict[str | None, Entitlement]:
        """Return the current entitlements of partners, and of anonymous readers (None)."""
        if not partners:
            return {}
        now = self.clock.now()
        with self.database.read() as session:
            return {id_: self.find_entitlement(session, id_, now) for id_ in partners}

    def require(self, caller: Caller) -> None:
        """Raise unless the key is valid and the entitlement is the current one."""
        require_valid_key(self.database, self.clock, caller)
        known = self.load({caller.partner_id}) if self.is_derived(caller) else {}
        if (
            caller.is_outdated(self.clock.now())
            or known.get(caller.partner_id, caller.entitlement) != caller.entitlement
        ):
            raise RightsChanged(
                "Your access rights have changed meanwhile. Start again without a cursor, and "
                "delete every story that is not in the new snapshot."
            )
