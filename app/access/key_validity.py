"""Repeated checks that a key is valid while a request is running.

A request is authenticated when its head has arrived. Its body may arrive an hour later, an import
or export may run as long, and a long poll or a stream mostly waits. So the key is checked again
inside every write transaction, and before more data is sent to a client that waits.
"""

from app.access import store
from app.access.caller import Caller
from app.access.entitlement import Entitlement
from app.access.errors import RightsChanged
from app.access.keys import ResolvePartner, grant_nothing, refuse_invalid
from app.kit.clock import Clock
from app.kit.sql.database import Database
from app.kit.sql.unit_of_work import UnitOfWork


class KeyGuard:
    """Refuses units of work whose key was revoked or has expired; programs have no key."""

    def __init__(self, clock: Clock) -> None:
        """Use a clock for expiry."""
        self._clock = clock

    def check(self, unit: UnitOfWork) -> None:
        """Check the key before the work; raise `KeyRefused`."""
        if unit.actor.id is not None:
            state = store.load_key_state(unit.session, unit.actor.id)
            refuse_invalid(state, self._clock.now())

    def check_again(self, unit: UnitOfWork) -> None:
        """Check the key after the work; raise `KeyRefused`.

        On PostgreSQL the key may have been revoked since the transaction began. The lock makes a
        revocation wait for the commit, so that none is acknowledged before it. On SQLite no other
        transaction can have written.
        """
        key_id = unit.actor.id
        if key_id is None or unit.session.dialect == "sqlite" or _ends(unit, key_id):
            return
        store.lock_key(unit.session, key_id, shared=True)
        refuse_invalid(store.load_key_state(unit.session, key_id), self._clock.now())


def require_valid_key(
    database: Database, clock: Clock, caller: Caller, resolve: ResolvePartner = grant_nothing
) -> None:
    """Raise `KeyRefused` if a caller's key was revoked or has expired since its verification.

    Raise `RightsChanged` if the agreement of its partner grants something else.
    """
    if caller.key_id is None:
        return
    with database.read(snapshot=False) as session:
        state = store.load_key_state(session, caller.key_id)
    now = clock.now()
    refuse_invalid(state, now)
    if caller.partner_id is not None:
        refuse_changed(caller, resolve(caller.partner_id, now).entitlement)


def refuse_changed(caller: Caller, entitlement: Entitlement) -> None:
    """Raise `RightsChanged` unless a caller still has the entitlement."""
    if caller.entitlement != entitlement:
        raise RightsChanged("The access rights have changed. Start again without a cursor.")


def _ends(unit: UnitOfWork, key_id: str) -> bool:
    """Tell whether the unit of work revoked or rotated its own key."""
    ends = {("revoked", "key", key_id), ("rotated", "key", key_id)}
    return any((action.verb, action.type, action.id) in ends for action in unit.actions)
