"""Exchange a key for a session."""

from app.access.caller import Caller
from app.access.commands.end_sessions import end_former_session
from app.access.errors import Forbidden
from app.access.people.sessions import StartedSession, start_session
from app.kit.sql.unit_of_work import UnitOfWork


def exchange_key(unit: UnitOfWork, caller: Caller, former: str | None) -> StartedSession:
    """Start a session with the rights of a caller's key, which ends with the key.

    `former` is the token of the session that the browser had before, which ends.
    """
    if caller.partner_id is not None:
        raise Forbidden("The key of a partner reads stories, and sessions are for the newsroom.")
    if caller.binding is not None and caller.binding.origins:
        raise Forbidden(
            f"The key {caller.prefix}… is bound to origins. Browsers send no origin when a page "
            "reads from its own, so a session of this key could read nothing."
        )
    end_former_session(unit, former)
    return start_session(unit, key_id=caller.key_id, until=caller.expires_at)
