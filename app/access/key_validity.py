"""Repeated checks that a key or session is valid while a request is running.

A request is authenticated when its head has arrived. Its body may arrive an hour later. An
import or export may run for an hour. A long poll or a stream mostly waits. So the key is checked
again inside every write transaction, and before more data is sent to a client that waits.
"""

from app.access import store
from app.access.caller import Caller
from app.access.entitlement import Entitlement
from app.access.errors import RightsChanged
from app.access.keys import ResolvePartner, grant_nothing, refuse_invalid
from app.access.people.sessions import refuse_ended
from app.kit.clock import Clock
from app.kit.sql.database import Database
from app.kit.sql.session import ReadSession
from app.kit.sql.unit_of_work import UnitOfWork


class KeyGuard:
    """Refuses units of work whose key or session has ended; programs have neither."""

    def __init__(self, clock: Clock) -> None:
        """Use a clock for expiry."""
        self._clock = clock

    def check(self, unit: UnitOfWork) -> None:
        """Check the key or session before the work; raise `KeyRefused`."""
        if unit.actor.session_id is not None:
            _check_session(unit.session, unit.actor.session_id, self._clock)
        if unit.actor.id is not None and unit.actor.type is None:
            state = store.load_key_state(unit.session, unit.actor.id)
            refuse_invalid(state, self._clock.now())

    def check_again(self, unit: UnitOfWork) -> None:
        """Check the key or session after the work; raise `KeyRefused`.

        On PostgreSQL it may have ended since the transaction began. The lock delays its end until
        the commit, so that no end is acknowledged before it. On SQLite no other transaction can
        have written.
        """
        if unit.session.dialect == "sqlite":
            return
        key_id, session_id = unit.actor.id, unit.actor.session_id
        if session_id is not None and not _ends(unit, "session", session_id):
            store.lock_session(unit.session, session_id, shared=True)
            _check_session(unit.session, session_id, self._clock)
        if key_id is not None and unit.actor.type is None and not _ends(unit, "key", key_id):
            store.lock_key(unit.session, key_id, shared=True)
            refuse_invalid(store.load_key_state(unit.session, key_id), self._clock.now())


def require_valid_key(
    database: Database, clock: Clock, caller: Caller, resolve: ResolvePartner = grant_nothing
) -> None:
    """Raise `KeyRefused` if a caller's key or session has ended since its verification.

    Raise `RightsChanged` if the agreement of its partner grants something else.
    """
    if caller.key_id is None and caller.session_id is None:
        return
    with database.read(snapshot=False) as session:
        if caller.session_id is not None:
            _check_session(session, caller.session_id, clock)
        state = None if caller.key_id is None else store.load_key_state(session, caller.key_id)
    now = clock.now()
    if caller.key_id is not None:
        refuse_invalid(state, now)
    if caller.partner_id is not None:
        refuse_changed(caller, resolve(caller.partner_id, now).entitlement)


def refuse_changed(caller: Caller, entitlement: Entitlement) -> None:
    """Raise `RightsChanged` unless a caller still has the entitlement."""
    if caller.entitlement != entitlement:
        raise RightsChanged("The access rights have changed. Start again without a cursor.")


def _check_session(session: ReadSession, session_id: str, clock: Clock) -> None:
    refuse_ended(store.load_session_state(session, session_id), clock.now())


def _ends(unit: UnitOfWork, type_: str, id_: str) -> bool:
    """Tell whether the unit of work revoked or rotated its own key, or ended its own session."""
    ends = {("revoked", type_, id_), ("rotated", type_, id_)}
    return any((action.verb, action.type, action.id) in ends for action in unit.actions)
